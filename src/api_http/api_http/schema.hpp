#pragma once
// Words of JSON Schema 2020-12, as OpenAPI 3.1 uses them. Private to api_http.

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <boost/json.hpp>

namespace berth::api_http {

namespace json = boost::json;

namespace schema {

inline json::object text() { return {{"type", "string"}}; }
inline json::object time() { return {{"type", "string"}, {"format", "date-time"}}; }
inline json::object boolean() { return {{"type", "boolean"}}; }
inline json::object integer(std::uint64_t max, std::int64_t min = 0) {
  return {{"type", "integer"}, {"minimum", min}, {"maximum", max}};
}
inline json::object whole() { return {{"type", "integer"}, {"minimum", 0}}; }
inline json::object number() { return {{"type", "integer"}}; }
inline json::object one_of(std::initializer_list<std::string_view> words) {
  json::array values;
  for (const auto word : words) values.emplace_back(word);
  return {{"type", "string"}, {"enum", std::move(values)}};
}
inline json::object list_of(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }
inline json::object map_of(json::object values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}
inline json::object or_null(json::object schema) {
  json::value type = schema.at("type");
  schema["type"] = json::array{std::move(type), "null"};
  return schema;
}
inline json::object named(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

}  // namespace schema

}  // namespace berth::api_http
