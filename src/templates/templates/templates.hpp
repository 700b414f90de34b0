#pragma once
// What sandboxes start from: unpacked root filesystems, built once, shared read-only under every overlay.
//
//   <images>/<digest>/rootfs/         never written after it was published by a rename
//   <images>/<digest>/template.json   {version 1, name, digest, description, size_bytes, built_ns}; durable, 0644
//   <images>/names/<name>             the digest that the name means now; replaced durably
//   <images>/.lock-<name>             held while that template is built or removed
//
// A digest is SHA-256 over the recipe and what went into it: busybox's bytes, or the list of packages and versions.
// `cache` may be shared by several homes: a debian root is built once, put there as a .tar.zst, and unpacked by the
// others. It is used only when its directory is ours and nobody else can write to it.
//
// Blocking; call from a pool. Any number of threads and processes: one builds a template, others wait for it. A build
// that was killed leaves a directory building-* that the next one removes. Errors: NotFound (no such recipe or
// template), FailedPrecondition (in use; a tool is missing), PermissionDenied and Damaged (images directory), NoSpace,
// Internal.
//
// Example (const std::filesystem::path& home, const templates::Progress& progress):
//   TRY_ASSIGN(const auto all, templates::Templates::open({.images = home / "images"}));
//   TRY_ASSIGN(const auto debian, all.build("debian", progress));
//   if (!debian.ready()) return fail(Code::Internal, "A template that was built is ready.");

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::templates {

struct Template {
  std::string name;
  std::string digest;  // empty while absent
  std::string description;
  std::filesystem::path root;  // empty while absent
  std::uint64_t size_bytes = 0;
  WallTime built{};
  [[nodiscard]] bool ready() const { return !digest.empty(); }
};

struct Options {
  std::filesystem::path images;                               // $BERTH_HOME/images
  std::filesystem::path cache{"/var/cache/berth/templates"};  // "" is none
  std::filesystem::path busybox{"/bin/busybox"};
  std::chrono::milliseconds build_timeout{1'800'000};
  std::string mirror;  // of the debian template; "" is mmdebstrap's choice
};

enum class Rebuild { No, Yes };
using Progress = std::function<void(std::string_view line)>;  // called on the building thread

class Templates {
 public:
  static Result<Templates> open(Options options);

  Result<std::vector<Template>> list() const;            // every recipe, built or not, by name
  Result<Template> find(const std::string& name) const;  // NotFound when it is absent or unknown
  // Returns at once when it is there and Rebuild::No.
  Result<Template> build(const std::string& name, const Progress& progress, Rebuild rebuild = Rebuild::No) const;
  // `in_use`: digests of sandboxes that live or are being made. The cache keeps its copy.
  Result<> remove(const std::string& name, const std::set<std::string>& in_use) const;
  // Removes roots that no name means any more (a rebuild leaves one) and what killed builds left. For the server's
  // start.
  Result<> collect(const std::set<std::string>& in_use) const;

 private:
  explicit Templates(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace berth::templates
