#pragma once
// Private to config: the rows of settings.def as data, with the one way to set and to show each.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace berth::config {

// A value as a source gives it.
struct Raw {
  enum class Kind { Scalar, List, Nothing };
  Kind kind = Kind::Scalar;
  std::string text;                // Scalar
  std::vector<std::string> items;  // List
};

struct Row {
  Description about;
  std::function<bool(Settings&, const Raw&)> set;  // false: not of the type, or out of range; nothing changed then
  std::function<std::string(const Settings&)> show;
};

[[nodiscard]] const std::vector<Row>& rows();
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& groups();  // name, what it is about
[[nodiscard]] std::optional<std::size_t> find_row(std::string_view name);
[[nodiscard]] std::optional<std::size_t> find_environment(std::string_view variable);
[[nodiscard]] bool is_group(std::string_view name);
[[nodiscard]] std::string nearest(std::string_view name,
                                  const std::vector<std::string>& names);  // "" when none is near

}  // namespace berth::config
