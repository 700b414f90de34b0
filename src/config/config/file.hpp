#pragma once
// Private to config: a YAML file as a flat list of keys and values, in the file's order. Everything is bounded while
// the parser's events come in; no tree is ever built.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"

namespace berth::config {

struct Entry {
  std::string key;  // "http.port"
  int line = 0;     // from 1
  Raw value;        // Nothing: null or an empty mapping
};

// `name` is how problems call the file.
[[nodiscard]] std::expected<std::vector<Entry>, Problem> read_yaml(const std::string& text, const std::string& name);

}  // namespace berth::config
