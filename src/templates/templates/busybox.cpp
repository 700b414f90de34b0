// The busybox template: the static binary, a link per applet, and the few files that programs expect.

#include <sys/stat.h>

#include <system_error>

#include "crypto/crypto.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "templates/recipe.hpp"

namespace berth::templates {
namespace {

constexpr const char* recipe_text = "busybox 1";  // raise it with every change below
constexpr std::size_t busybox_limit = 32 << 20;

struct File {
  const char* path;
  const char* text;
  mode_t mode;
};
constexpr File files[] = {
    {"etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0644},
    {"etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n", 0644},
    {"etc/shadow", "root:*:19700:0:99999:7:::\n", 0640},
    {"etc/hosts", "127.0.0.1 localhost\n::1 localhost\n", 0644},
    {"etc/nsswitch.conf", "hosts: files dns\n", 0644},
    {"etc/resolv.conf", "", 0644},
    {"etc/shells", "/bin/sh\n", 0644},
    {"etc/os-release", "ID=busybox\nNAME=BusyBox\nPRETTY_NAME=\"BusyBox\"\n", 0644},
    {"etc/profile", "export PS1='\\u@\\h:\\w\\$ '\n", 0644},
};

Result<> write_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode) {
  TRY_ASSIGN(auto file, os::create_new(path, mode));
  TRY(os::write_all(file.get(), bytes));
  return os::set_mode(path, mode);
}

Result<> link_applets(const std::filesystem::path& busybox, const std::filesystem::path& root,
                      const Progress& progress) {
  TRY_ASSIGN(auto list, os::run({busybox.string(), "--list-full"}));
  if (list.exit != Exit{Exited{0}} || list.out.empty()) {
    return pass(Error{.code = Code::FailedPrecondition,
                      .message = "busybox does not list its applets.",
                      .hint = "Install busybox-static.",
                      .operation = "busybox --list-full",
                      .subject = list.err});
  }
  std::size_t count = 0;
  for (std::size_t at = 0, end = 0; (end = list.out.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto target = root / list.out.substr(at, end - at);
    std::error_code error;
    std::filesystem::create_directories(target.parent_path(), error);
    if (!error && !std::filesystem::exists(target)) std::filesystem::create_symlink("/bin/busybox", target, error);
    if (error) return fail_errno(error.value(), "symlink", target.string());
    ++count;
  }
  progress("linked " + std::to_string(count) + " applets");
  return {};
}

}  // namespace

Result<std::string> fill_busybox(const Options& options, const std::filesystem::path& root, const Progress& progress,
                                 Rebuild) {
  auto bytes = os::read_file(options.busybox, busybox_limit);
  if (!bytes) {
    return pass(Error{.code = Code::FailedPrecondition,
                      .message = "There is no static busybox on this machine.",
                      .hint = "Install it: apt install busybox-static.",
                      .operation = "read busybox",
                      .subject = options.busybox.string()});
  }
  for (const auto* dir : {"bin", "etc", "root", "sbin", "usr", "usr/bin", "usr/sbin", "var", "var/log"}) {
    TRY(os::make_directory(root / dir, 0755));
  }
  TRY(os::make_directory(root / "var/tmp", 0755));
  TRY(os::set_mode(root / "var/tmp", 01777));
  TRY(write_file(root / "bin/busybox", *bytes, 0755));
  for (const auto& file : files) TRY(write_file(root / file.path, file.text, file.mode));
  TRY(link_applets(options.busybox, root, progress));
  TRY(add_user_and_places(root, "/bin/sh"));
  return crypto::sha256_hex(std::string(recipe_text) + "\n" + crypto::sha256_hex(*bytes));
}

}  // namespace berth::templates
