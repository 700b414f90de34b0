#include "templates/recipe.hpp"

#include <fcntl.h>

#include <array>

#include "os/file.hpp"

namespace berth::templates {
namespace {

constexpr uid_t user_id = 1000;

constexpr std::array<Recipe, 2> all{{
    {"busybox", "busybox alone: small, there at once", &fill_busybox},
    {"debian", "Debian 12 with bash, git, python3, curl, ca-certificates and procps", &fill_debian},
}};

// Adds a line to a file of accounts, made when absent.
Result<> add_line(const std::filesystem::path& path, const std::string& line, mode_t mode) {
  TRY_ASSIGN(auto file, os::open_append(path, mode));
  return os::write_all(file.get(), line + "\n");
}

Result<> make_place(const std::filesystem::path& path, mode_t mode, uid_t owner) {
  TRY(os::make_directory(path, mode));
  TRY(os::set_owner(path, owner, owner));
  return os::set_mode(path, mode);
}

}  // namespace

std::span<const Recipe> recipes() { return all; }

const Recipe* find_recipe(const std::string& name) {
  for (const auto& recipe : all) {
    if (name == recipe.name) return &recipe;
  }
  return nullptr;
}

Result<> add_user_and_places(const std::filesystem::path& root, const std::string& shell) {
  TRY(add_line(root / "etc/passwd", "user:x:1000:1000:user:/home/user:" + shell, 0644));
  TRY(add_line(root / "etc/group", "user:x:1000:", 0644));
  TRY(add_line(root / "etc/shadow", "user:*:19700:0:99999:7:::", 0640));
  TRY(os::remove_tree(root / "dev"));
  for (const auto* name : {"dev", "home", "proc", "run", "sys", ".berth"}) TRY(make_place(root / name, 0755, 0));
  TRY(make_place(root / "tmp", 01777, 0));
  TRY(make_place(root / "workspace", 0755, user_id));
  return make_place(root / "home/user", 0755, user_id);
}

}  // namespace berth::templates
