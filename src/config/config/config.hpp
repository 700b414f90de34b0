#pragma once
// Where the settings come from. Defaults < file (YAML, $BERTH_HOME/config.yaml) < environment (BERTH_HTTP_PORT) < flags.
//
// Example (const std::filesystem::path& home, const std::vector<std::string>& environment):
//   TRY_ASSIGN(const config::Config config, config::load({.file = home / "config.yaml", .environment = environment,
//                                                         .flags = {{"http.port", "8080"}}}));
//   const std::uint16_t port = config.settings.http.port;
//   const bool search = !config.is_set("http.port");  // by anybody
//
// Limits, checked before any tree is built: file 1 MiB (its size before it is read), nesting 10, 1,000 keys or items a
// level; anchors and aliases are refused. Errors (InvalidArgument, TooLarge): unknown key, wrong type, out of range,
// key twice; each names file, line, key, what was expected and the range. A variable of the environment that begins
// like a setting and is none is a warning, since it may be another program's.
//
// Functions keep no state and may be called from any thread. An absent file is an empty one.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace berth::config {

inline constexpr std::size_t max_file_bytes = 1 << 20;
inline constexpr std::size_t max_depth = 10;
inline constexpr std::size_t max_keys = 1000;  // of one mapping, or items of one list

struct Problem {
  std::string where;     // "config.yaml:12", "BERTH_HTTP_PORT", "flag"; safe to show to the user of this machine
  std::string key;       // "http.port"; empty when it is not about one
  std::string expected;  // "a number from 0 to 65535, not \"x\""
  Code code = Code::InvalidArgument;
  [[nodiscard]] std::string text() const;  // "config.yaml:12: http.port: expected …"
};

struct Sources {
  std::filesystem::path file;                              // empty: none
  std::vector<std::string> environment;                    // "NAME=value"; others than BERTH_… are ignored
  std::vector<std::pair<std::string, std::string>> flags;  // {"http.port", "8080"}
};

struct Shown {
  std::string name, value, source, environment;  // source: "default", "config.yaml:12", "BERTH_HTTP_PORT", "flag"
};

struct Config {
  Settings settings;
  std::vector<Problem> warnings;
  std::vector<std::string> sources;                        // as the rows of the schema; empty: default
  [[nodiscard]] bool is_set(std::string_view name) const;  // `name` must be a setting's
  [[nodiscard]] std::vector<Shown> show() const;           // every setting, in the schema's order
};

// All problems at once, for `berth config check`; empty when load() would succeed.
[[nodiscard]] std::vector<Problem> check(const Sources& sources);
// The first problem as the error; the hint says when there are more.
[[nodiscard]] Result<Config> load(const Sources& sources);

struct Description {
  std::string name, environment, type, initial, range, help;
};
[[nodiscard]] const std::vector<Description>& schema();
[[nodiscard]] std::string reference_markdown();  // docs/configuration.md

// The directory of everything: the flag, else BERTH_HOME, else $XDG_DATA_HOME/berth, else ~/.local/share/berth.
[[nodiscard]] Result<std::filesystem::path> home_directory(std::string_view flag,
                                                           const std::vector<std::string>& environment);

}  // namespace berth::config
