#pragma once
// How each template is made. A recipe fills an empty directory and says what the result's digest is; the text of the
// recipe is part of the digest, so a change here is a new template.

#include <filesystem>
#include <span>
#include <string>

#include "base/result.hpp"
#include "templates/templates.hpp"

namespace berth::templates {

struct Recipe {
  const char* name;
  const char* description;
  // Blocks; `root` exists, is empty and on the file system of the images. Gives the digest.
  Result<std::string> (*fill)(const Options& options, const std::filesystem::path& root, const Progress& progress,
                              Rebuild rebuild);
};

[[nodiscard]] std::span<const Recipe> recipes();                   // by name
[[nodiscard]] const Recipe* find_recipe(const std::string& name);  // null: none

Result<std::string> fill_busybox(const Options&, const std::filesystem::path& root, const Progress&, Rebuild);
Result<std::string> fill_debian(const Options&, const std::filesystem::path& root, const Progress&, Rebuild);

// What every root has, whatever it is made of: user 1000 with a home, the mount points, empty /dev, /tmp of 1777.
Result<> add_user_and_places(const std::filesystem::path& root, const std::string& shell);

}  // namespace berth::templates
