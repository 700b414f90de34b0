#pragma once
// template.json, version 1: {"version":1,"name":…,"digest":…,"description":…,"size_bytes":…,"built_ns":…}. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "templates/templates.hpp"

namespace berth::templates {

[[nodiscard]] std::string write_metadata(const Template& item);
[[nodiscard]] std::optional<Template> read_metadata(std::string_view text);  // without root; nothing when damaged

}  // namespace berth::templates
