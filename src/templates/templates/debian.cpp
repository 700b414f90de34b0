// The debian template: mmdebstrap's smallest Debian 12 with the tools that an agent expects. The unpacked root is kept
// as a compressed archive in the cache, named by the recipe, so that another home or a test costs seconds and no
// network.

#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "crypto/crypto.hpp"
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "templates/command.hpp"
#include "templates/recipe.hpp"

namespace berth::templates {
namespace {

constexpr const char* suite = "bookworm";
constexpr const char* packages = "bash,git,python3,curl,ca-certificates,procps";
constexpr const char* recipe_text = "debian 1";  // raise it with every change below
constexpr std::size_t status_limit = 64 << 20;

std::vector<std::string> bootstrap_command(const Options& options, const std::filesystem::path& root) {
  std::vector<std::string> argv{
      "mmdebstrap",         "--mode=root", "--variant=minbase", std::string("--include=") + packages,
      "--format=directory", suite,         root.string()};
  if (!options.mirror.empty()) argv.push_back(options.mirror);
  return argv;
}

// "bash 5.2.15-2+b2 amd64", sorted: what the root is made of.
Result<std::string> package_list(const std::filesystem::path& root) {
  TRY_ASSIGN(auto status, os::read_file(root / "var/lib/dpkg/status", status_limit));
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0, end = 0; (end = status.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto field = std::string_view(status).substr(at, end - at);
    for (const std::string_view name : {"Package: ", "Version: ", "Architecture: "}) {
      if (field.starts_with(name)) line += " " + std::string(field.substr(name.size()));
    }
    if (field.empty() && !line.empty()) lines.push_back(std::exchange(line, {}));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& one : lines) out += one + "\n";
  if (out.empty()) return fail(Code::Damaged, "The Debian root has no packages.");
  return out;
}

Result<> copy_skeleton(const std::filesystem::path& root) {
  const auto home = root / "home/user";
  std::error_code error;
  std::filesystem::copy(root / "etc/skel", home, std::filesystem::copy_options::recursive, error);
  if (error) return fail_errno(error.value(), "copy", home.string());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home, error)) {
    TRY(os::set_owner(entry.path(), 1000, 1000));
  }
  if (error) return fail_errno(error.value(), "list", home.string());
  return {};
}

// Nobody but us may write there: an archive is unpacked as root.
bool usable(const std::filesystem::path& cache) {
  if (cache.empty()) return false;
  if (const auto made = os::make_private_directory(cache); !made) return false;
  return true;
}

std::filesystem::path archive_in(const Options& options) {
  const auto key =
      crypto::sha256_hex(std::string(recipe_text) + "\n" + suite + "\n" + packages + "\n" + options.mirror);
  return options.cache / ("debian-" + key.substr(0, 16) + ".tar.zst");
}

Result<> unpack(const std::filesystem::path& archive, const std::filesystem::path& root, const Progress& progress,
                std::chrono::milliseconds limit) {
  progress("unpacking " + archive.filename().string());
  return run_tool({"tar", "--extract", "--zstd", "--numeric-owner", "--preserve-permissions", "--xattrs",
                   "--xattrs-include=*", "--directory", root.string(), "--file", archive.string()},
                  progress, limit);
}

Result<> pack(const std::filesystem::path& root, const std::filesystem::path& archive, const Progress& progress,
              std::chrono::milliseconds limit) {
  progress("keeping " + archive.filename().string());
  const std::filesystem::path unfinished = archive.string() + ".part";
  TRY(run_tool({"tar", "--create", "--zstd", "--numeric-owner", "--xattrs", "--one-file-system", "--directory",
                root.string(), "--file", unfinished.string(), "."},
               progress, limit));
  TRY(os::sync_file_system(unfinished));
  return os::rename_path(unfinished, archive);
}

Result<> empty(const std::filesystem::path& root) {
  TRY(os::remove_tree(root));
  return os::make_directory(root, 0755);
}

Result<> fill_root(const Options& options, const std::filesystem::path& root, const Progress& progress,
                   Rebuild rebuild) {
  if (!usable(options.cache)) return run_tool(bootstrap_command(options, root), progress, options.build_timeout);
  const auto archive = archive_in(options);
  TRY_ASSIGN(auto lock, os::lock_file(archive.string() + ".lock"));  // another home may be building the same
  if (rebuild == Rebuild::No && os::stat_path(archive)) {
    if (unpack(archive, root, progress, options.build_timeout)) return {};
    progress("the archive is damaged: building again");
    TRY(empty(root));
  }
  TRY(run_tool(bootstrap_command(options, root), progress, options.build_timeout));
  if (auto packed = pack(root, archive, progress, options.build_timeout); !packed) progress("not kept: " + packed.error().message);
  return {};
}

}  // namespace

Result<std::string> fill_debian(const Options& options, const std::filesystem::path& root, const Progress& progress,
                                Rebuild rebuild) {
  TRY(fill_root(options, root, progress, rebuild));
  TRY_ASSIGN(const auto list, package_list(root));
  TRY(add_user_and_places(root, "/bin/bash"));
  TRY(copy_skeleton(root));
  TRY(os::durable_write(root / "etc/default/locale", "LANG=C.UTF-8\n", 0644));
  return crypto::sha256_hex(std::string(recipe_text) + "\n" + list);
}

}  // namespace berth::templates
