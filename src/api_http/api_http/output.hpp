#pragma once
// A JSON object of an answer, told once: from one list of fields come the writer and the schema in the OpenAPI document.
// Text that programs in a sandbox choose (file names, commands) is made valid UTF-8. Private to api_http; pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_http/schema.hpp"

namespace berth::api_http {

using Written = std::optional<json::value>;  // nothing: the field is left out

enum class Presence { Always, Sometimes };

template <class T>
struct OutputField {
  std::string_view name;
  json::object schema;
  std::string_view about;
  Written (*write)(const T&);
  Presence presence = Presence::Always;
};

template <class T>
struct OutputType {
  std::string_view name;
  std::vector<OutputField<T>> fields;

  [[nodiscard]] json::object write(const T& value) const {
    json::object out;
    out.reserve(fields.size());
    for (const auto& field : fields)
      if (auto written = field.write(value)) out.emplace(field.name, *std::move(written));
    return out;
  }
  [[nodiscard]] json::object schema() const {
    json::object properties;
    json::array required;
    for (const auto& field : fields) {
      json::object property = field.schema;
      if (!field.about.empty()) property["description"] = field.about;
      properties[field.name] = std::move(property);
      if (field.presence == Presence::Always) required.emplace_back(field.name);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)},
            {"additionalProperties", false}};
  }
};

}  // namespace berth::api_http
