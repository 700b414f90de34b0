#pragma once
// What a bundle says of itself: its parts with size, kind and hash, when and by which installation it was made.
//
// Canonical JSON (document/json.hpp), so that its signature is of one form only; another form is refused. A part's name is
// lower-case letters, digits, `-`, `_` and `.`, in pieces between `/`; no piece begins with a dot: it is no path that leads
// anywhere. `about` is the caller's affair (a title, a source), an object.
//
//   {"about":{…},"form":"berth bundle","made":"2026-01-02T03:04:05Z","parts":[{"bytes":12,"kind":"document",
//    "name":"document.json","sha256":"…"}],"signer":{"key":"64 hexadecimal digits","name":"ada's laptop"},"version":1}
//
// Pure. Errors: InvalidArgument (no manifest; a name or a part twice), Unsupported (a newer version), TooLarge.
//
// Example (std::string_view bytes):
//   TRY_ASSIGN(const bundle::Manifest manifest, bundle::parse_manifest(bytes, {}));
//   const std::string same = bundle::encode(manifest);

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::bundle {

inline constexpr std::int64_t format_version = 1;

struct Limits {
  std::uint64_t manifest_bytes = 4 << 20;
  std::uint32_t parts = 10'000;
  std::uint64_t bytes = 16ull << 30;      // of all parts, unpacked
  std::uint32_t ratio = 1'000;            // unpacked to packed, once more than `ratio_from` bytes came out
  std::uint64_t ratio_from = 16 << 20;
};

struct Part {
  std::string name, kind;
  std::uint64_t bytes = 0;
  std::string sha256;                     // 64 lower-case hexadecimal digits
  bool operator==(const Part&) const = default;
};

struct Signer {
  std::string key;                        // the public key: 64 lower-case hexadecimal digits
  std::string name;                       // as it calls itself; anybody may take any name
};

struct Manifest {
  WallTime made{};                        // whole seconds
  Signer signer;
  std::vector<Part> parts;                // in the order in which they follow
  boost::json::object about;
};

[[nodiscard]] bool is_part_name(std::string_view name);
[[nodiscard]] Result<> check_manifest(const Manifest& manifest, const Limits& limits);
[[nodiscard]] std::string encode(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view bytes, const Limits& limits);

}  // namespace berth::bundle
