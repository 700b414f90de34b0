#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "config/file.hpp"
#include "config/schema.hpp"
#include "os/file.hpp"
#include "os/process.hpp"

namespace berth::config {
namespace {

struct Loaded {
  Config config;
  std::vector<Problem> problems;
};

std::string in_quotes(std::string_view value) {
  constexpr std::size_t longest = 40;
  std::string out = "\"";
  for (const char c : value.substr(0, longest))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' ? '?' : c;
  return out + (value.size() > longest ? "…\"" : "\"");
}

std::string expectation(const Description& about, const Raw& raw) {
  const std::string what =
      about.range.starts_with("one of") ? about.range : about.type + (about.range.empty() ? "" : " " + about.range);
  switch (raw.kind) {
    case Raw::Kind::Scalar: return fmt::format("{}, not {}", what, in_quotes(raw.text));
    case Raw::Kind::List: return fmt::format("{}, not this list", what);
    case Raw::Kind::Nothing: break;
  }
  return fmt::format("{}, not nothing", what);
}

Problem unknown(std::string where, std::string key) {
  std::vector<std::string> names;
  for (const Row& row : rows()) names.push_back(row.about.name);
  const std::string near = nearest(key, names);
  std::string expected = near.empty() ? "a known setting" : fmt::format("a known setting; {} perhaps", near);
  return {.where = std::move(where),
          .key = key.size() > 128 ? key.substr(0, 128) + "…" : std::move(key),
          .expected = std::move(expected)};
}

void apply(Loaded& loaded, std::size_t index, const Raw& raw, const std::string& where) {
  const Row& row = rows()[index];
  if (row.set(loaded.config.settings, raw))
    loaded.config.sources[index] = where;
  else
    loaded.problems.push_back({.where = where, .key = row.about.name, .expected = expectation(row.about, raw)});
}

void apply_file(Loaded& loaded, const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const auto text = os::read_file(file, max_file_bytes);
  if (!text) {
    if (text.error().sys_errno == ENOENT) return;
    const bool large = text.error().code == Code::TooLarge;
    loaded.problems.push_back({.where = name,
                               .expected = large ? fmt::format("a file of at most {}", bytes_text(max_file_bytes))
                                                 : "a file that can be read: " + text.error().message,
                               .code = text.error().code});
    return;
  }
  auto entries = read_yaml(*text, name);
  if (!entries) return loaded.problems.push_back(std::move(entries).error());
  for (const Entry& entry : *entries) {
    const std::string where = fmt::format("{}:{}", name, entry.line);
    if (const auto index = find_row(entry.key))
      apply(loaded, *index, entry.value, where);
    else if (!is_group(entry.key))
      loaded.problems.push_back(unknown(where, entry.key));
    else if (entry.value.kind != Raw::Kind::Nothing)
      loaded.problems.push_back({.where = where, .key = entry.key, .expected = "settings below it, not a value"});
  }
}

bool looks_like_setting(std::string_view variable) {
  return std::ranges::any_of(groups(), [&](const auto& group) {
    std::string prefix = "BERTH_" + group.first + "_";
    std::ranges::transform(prefix, prefix.begin(),
                           [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
    return variable.starts_with(prefix);
  });
}

void apply_environment(Loaded& loaded, const std::vector<std::string>& environment) {
  for (const std::string& line : environment) {
    const std::size_t split = line.find('=');
    if (!line.starts_with("BERTH_") || split == std::string::npos) continue;
    const std::string variable = line.substr(0, split);
    if (const auto index = find_environment(variable))
      apply(loaded, *index, {.text = line.substr(split + 1)}, variable);
    else if (looks_like_setting(variable)) {
      std::vector<std::string> names;
      for (const Row& row : rows()) names.push_back(row.about.environment);
      const std::string near = nearest(variable, names);
      loaded.config.warnings.push_back(
          {.where = variable,
           .expected = near.empty() ? "a known setting" : fmt::format("a known setting; {} perhaps", near)});
    }
  }
}

void apply_flags(Loaded& loaded, const Sources& sources) {
  for (const auto& [name, text] : sources.flags) {
    if (const auto index = find_row(name))
      apply(loaded, *index, {.text = text}, "flag");
    else
      loaded.problems.push_back(unknown("flag", name));
  }
}

// What no single row can say.
void check_together(Loaded& loaded) {
  const Settings& s = loaded.config.settings;
  const auto demand = [&](bool holds, std::string key, std::string expected) {
    if (!holds)
      loaded.problems.push_back({.where = "settings", .key = std::move(key), .expected = std::move(expected)});
  };
  demand(s.http.tls_certificate.empty() == s.http.tls_key.empty(), "http.tls_key",
         "a certificate and its key, or neither");
  demand(s.http.websocket_idle_ms > s.http.websocket_ping_ms, "http.websocket_idle_ms",
         "more than http.websocket_ping_ms");
  demand(s.log.total_bytes >= s.log.file_bytes, "log.total_bytes", "at least log.file_bytes");
}

Loaded read(const Sources& sources) {
  Loaded loaded;
  loaded.config.sources.resize(rows().size());
  if (!sources.file.empty()) apply_file(loaded, sources.file);
  apply_environment(loaded, sources.environment);
  apply_flags(loaded, sources);
  check_together(loaded);
  return loaded;
}

}  // namespace

std::string Problem::text() const {
  return fmt::format("{}: {}{}expected {}", where, key, key.empty() ? "" : ": ", expected);
}

bool Config::is_set(std::string_view name) const {
  const auto index = find_row(name);
  BERTH_CHECK(index.has_value());
  return !sources[*index].empty();
}

std::vector<Shown> Config::show() const {
  std::vector<Shown> out;
  for (std::size_t i = 0; i < rows().size(); ++i)
    out.push_back({.name = rows()[i].about.name,
                   .value = rows()[i].show(settings),
                   .source = sources[i].empty() ? "default" : sources[i],
                   .environment = rows()[i].about.environment});
  return out;
}

std::vector<Problem> check(const Sources& sources) { return read(sources).problems; }

Result<Config> load(const Sources& sources) {
  Loaded loaded = read(sources);
  if (loaded.problems.empty()) return std::move(loaded.config);
  const Problem& first = loaded.problems.front();
  const std::size_t more = loaded.problems.size() - 1;
  return fail(first.code, first.text(), more == 0 ? "" : fmt::format("{} more: berth config check", more));
}

Result<std::filesystem::path> home_directory(std::string_view flag, const std::vector<std::string>& environment) {
  namespace fs = std::filesystem;
  const auto value = [&](std::string_view name) { return fs::path(os::env_value(environment, name)); };
  fs::path home(flag);
  if (home.empty()) home = value("BERTH_HOME");
  if (home.empty() && !value("XDG_DATA_HOME").empty()) home = value("XDG_DATA_HOME") / "berth";
  if (home.empty() && !value("HOME").empty()) home = value("HOME") / ".local/share/berth";
  if (home.empty()) return fail(Code::InvalidArgument, "There is no home directory.", "Set BERTH_HOME.");
  std::error_code error;
  home = fs::absolute(home, error).lexically_normal();
  if (error) return fail_errno(error.value(), "absolute", home.string());
  return home.has_filename() ? home : home.parent_path();
}

}  // namespace berth::config
