#include "templates/templates.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "templates/metadata.hpp"
#include "templates/recipe.hpp"

namespace berth::templates {
namespace {

constexpr const char* unfinished_prefix = "building-";
constexpr std::size_t metadata_limit = 64 << 10;

std::unexpected<Error> unknown(const std::string& name) {
  return pass(Error{.code = Code::NotFound,
                    .message = "There is no such template.",
                    .hint = "berth template ls shows those that can be built.",
                    .operation = "find template",
                    .subject = name});
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Disk space as files use it; names of one file count once.
Result<std::uint64_t> size_of(const std::filesystem::path& root) {
  std::uint64_t total = 0;
  std::set<ino_t> seen;
  std::error_code error;
  for (auto at = std::filesystem::recursive_directory_iterator(root, error); !error && at != std::filesystem::end(at);
       at.increment(error)) {
    TRY_ASSIGN(const auto state, os::stat_no_follow(at->path()));
    if (state.st_nlink > 1 && !S_ISDIR(state.st_mode) && !seen.insert(state.st_ino).second) continue;
    total += static_cast<std::uint64_t>(state.st_blocks) * 512;
  }
  if (error) return fail_errno(error.value(), "list", root.string());
  return total;
}

// The template that a name means; nothing when it is absent, or so damaged that it must be built again.
Result<std::optional<Template>> load(const std::filesystem::path& images, const std::string& name) {
  auto digest = os::read_file(images / "names" / name, 128);
  if (!digest) {
    if (digest.error().sys_errno == ENOENT) return std::nullopt;
    return pass(std::move(digest).error());
  }
  while (digest->ends_with('\n')) digest->pop_back();
  if (!is_digest(*digest)) return std::nullopt;
  const auto text = os::read_file(images / *digest / "template.json", metadata_limit);
  auto item = text ? read_metadata(*text) : std::nullopt;
  const auto root = images / *digest / "rootfs";
  const auto state = os::stat_no_follow(root);
  if (!item || item->digest != *digest || !state || !S_ISDIR(state->st_mode)) return std::nullopt;
  item->name = name;
  item->root = root;
  return item;
}

// Makes what was built visible under its digest, whole or not at all.
Result<> publish(const std::filesystem::path& images, const std::filesystem::path& unfinished, const Template& item) {
  TRY(os::durable_write(unfinished / "template.json", write_metadata(item), 0644));
  TRY(os::sync_file_system(images));
  const auto target = images / item.digest;
  const auto there = os::read_file(target / "template.json", metadata_limit);
  if (there && read_metadata(*there)) {
    TRY(os::remove_tree(unfinished));  // the same content: sandboxes may run on what is there
  } else {
    TRY(os::remove_tree(target));
    TRY(os::rename_path(unfinished, target));
  }
  TRY(os::durable_write(images / "names" / item.name, item.digest + "\n", 0644));
  return os::sync_directory(images);
}

Result<std::vector<std::string>> names_in(const std::filesystem::path& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(dir, error); !error && at != std::filesystem::end(at);
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return fail_errno(error.value(), "list", dir.string());
  return names;
}

Result<> remove_root(const std::filesystem::path& images, const std::string& digest) {
  const auto doomed = images / (std::string(unfinished_prefix) + "removed-" + digest);
  if (!os::stat_no_follow(images / digest)) return {};
  TRY(os::rename_path(images / digest, doomed));  // gone at once, even when the rest is cut short
  return os::remove_tree(doomed);
}

}  // namespace

Result<Templates> Templates::open(Options options) {
  for (const auto& path : {options.images, options.images / "names"}) {
    if (auto made = os::make_private_directory(path); !made) {
      auto error = std::move(made).error();
      error.message = "The directory of templates cannot be used: " + error.message;
      error.hint = "It must be a directory of the server's own user.";
      return pass(std::move(error));
    }
  }
  return Templates(std::move(options));
}

Result<std::vector<Template>> Templates::list() const {
  std::vector<Template> out;
  for (const auto& recipe : recipes()) {
    TRY_ASSIGN(auto item, load(options_.images, recipe.name));
    out.push_back(item ? *std::move(item) : Template{.name = recipe.name, .description = recipe.description});
  }
  return out;
}

Result<Template> Templates::find(const std::string& name) const {
  if (find_recipe(name) == nullptr) return unknown(name);
  TRY_ASSIGN(auto item, load(options_.images, name));
  if (item) return *std::move(item);
  return pass(Error{.code = Code::NotFound,
                    .message = "The template was not built yet.",
                    .hint = "berth template build " + name + " builds it.",
                    .operation = "find template",
                    .subject = name});
}

Result<Template> Templates::build(const std::string& name, const Progress& progress, Rebuild rebuild) const {
  const auto* recipe = find_recipe(name);
  if (recipe == nullptr) return unknown(name);
  TRY_ASSIGN(auto lock, os::lock_file(options_.images / (".lock-" + name)));
  if (rebuild == Rebuild::No) {
    TRY_ASSIGN(auto there, load(options_.images, name));
    if (there) return *std::move(there);
  }
  const auto unfinished = options_.images / (unfinished_prefix + name);
  TRY(os::remove_tree(unfinished));
  TRY(os::make_directory(unfinished, 0755));
  const auto root = unfinished / "rootfs";
  TRY(os::make_directory(root, 0755));

  auto filled = [&]() -> Result<Template> {
    TRY_ASSIGN(auto digest, recipe->fill(options_, root, progress, rebuild));
    TRY_ASSIGN(const auto size, size_of(root));
    const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    Template item{.name = name,
                  .digest = std::move(digest),
                  .description = recipe->description,
                  .size_bytes = size,
                  .built = now};
    TRY(publish(options_.images, unfinished, item));
    item.root = options_.images / item.digest / "rootfs";
    return item;
  }();
  if (!filled) (void)os::remove_tree(unfinished);  // the build's own error is the one that counts
  return filled;
}

Result<> Templates::remove(const std::string& name, const std::set<std::string>& in_use) const {
  if (find_recipe(name) == nullptr) return unknown(name);
  TRY_ASSIGN(auto lock, os::lock_file(options_.images / (".lock-" + name)));
  TRY_ASSIGN(const auto item, load(options_.images, name));
  if (item && in_use.contains(item->digest)) {
    return fail(Code::FailedPrecondition, "The template is in use by a sandbox.",
                "Remove its sandboxes first: berth ls.");
  }
  const auto file = options_.images / "names" / name;
  if (!os::stat_no_follow(file)) {
    return fail(Code::NotFound, "The template was not built.", "berth template ls shows what is there.");
  }
  TRY(os::remove_file(file));
  TRY(os::sync_directory(file.parent_path()));
  return item ? remove_root(options_.images, item->digest) : Result<>{};
}

Result<> Templates::collect(const std::set<std::string>& in_use) const {
  std::set<std::string> keep = in_use;
  for (const auto& recipe : recipes()) {
    TRY_ASSIGN(const auto item, load(options_.images, recipe.name));
    if (item) keep.insert(item->digest);
  }
  TRY_ASSIGN(const auto names, names_in(options_.images));
  for (const auto& name : names) {
    if (is_digest(name) && !keep.contains(name)) TRY(remove_root(options_.images, name));
  }
  for (const auto& recipe : recipes()) {  // only where nobody builds just now
    TRY_ASSIGN(auto lock, os::try_lock_file(options_.images / (std::string(".lock-") + recipe.name)));
    if (lock) TRY(os::remove_tree(options_.images / (std::string(unfinished_prefix) + recipe.name)));
  }
  return {};
}

}  // namespace berth::templates
