#include "document/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/check.hpp"

namespace berth::document {
namespace {

namespace json = boost::json;

constexpr std::string_view schema_source = R"json({
  "type": "object",
  "properties": {
    "schema": {"type": "integer", "minimum": 1},
    "layout": {"type": "object"},
    "notes": {"type": "array", "maxItems": 10000, "items": {
      "type": "object", "required": ["id", "text"],
      "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 64}, "text": {"type": "string"}}}},
    "todos": {"type": "array", "maxItems": 10000, "items": {
      "type": "object", "required": ["id", "text"],
      "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 64}, "text": {"type": "string"},
        "done": {"type": "boolean"}}}},
    "agents": {"type": "object", "additionalProperties": {"type": "object", "properties": {
      "model": {"type": "string", "maxLength": 200}, "instructions": {"type": "string"},
      "enabled": {"type": "boolean"}, "mode": {"enum": ["ask", "plan", "act"]}}}}
  }
})json";

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_type(std::string_view type, const Value& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int64();
  if (type == "number") return value.is_number();
  BERTH_CHECK(type == "null");
  return value.is_null();
}

class Checker {
 public:
  Result<> check(const json::object& schema, const Value& value) {
    if (const auto* type = schema.if_contains("type"); type && !is_type(type->as_string(), value))
      return wrong(fmt::format("must be of type {}", std::string_view(type->as_string())));
    if (const auto* words = schema.if_contains("enum"))
      if (std::ranges::find(words->as_array(), value) == words->as_array().end())
        return wrong(fmt::format("must be one of {}", json::serialize(*words)));
    if (const auto* least = schema.if_contains("minimum"); least && value.is_int64() && value.get_int64() < least->as_int64())
      return wrong(fmt::format("must be {} or more", least->as_int64()));
    if (const auto* text = value.if_string()) TRY(length(schema, "minLength", "maxLength", characters(*text), "characters"));
    if (const auto* array = value.if_array()) TRY(items(schema, *array));
    if (const auto* object = value.if_object()) TRY(members(schema, *object));
    return {};
  }

 private:
  std::unexpected<Error> wrong(std::string_view rule) const {
    return fail(Code::InvalidArgument, path_.empty() ? fmt::format("The document {}.", rule)
                                                     : fmt::format("\"{}\" of the document {}.", path_, rule));
  }
  Result<> length(const json::object& schema, std::string_view least, std::string_view most, std::size_t size,
                  std::string_view unit) const {
    const auto* low = schema.if_contains(least);
    const auto* high = schema.if_contains(most);
    if (low != nullptr && size < static_cast<std::size_t>(low->as_int64()))
      return wrong(fmt::format("must have {} {} or more", low->as_int64(), unit));
    if (high != nullptr && size > static_cast<std::size_t>(high->as_int64()))
      return wrong(fmt::format("has {} {}; the limit is {}", size, unit, high->as_int64()));
    return {};
  }
  Result<> below(const json::object& schema, const Value& value, std::string_view step) {
    const std::size_t size = path_.size();
    (path_ += size == 0 ? "" : "/") += std::string(step.substr(0, 64));
    TRY(check(schema, value));
    path_.resize(size);
    return {};
  }
  Result<> items(const json::object& schema, const json::array& array) {
    TRY(length(schema, "minItems", "maxItems", array.size(), "items"));
    const auto* of = schema.if_contains("items");
    for (std::size_t i = 0; of != nullptr && i < array.size(); ++i) TRY(below(of->as_object(), array[i], std::to_string(i)));
    return {};
  }
  Result<> members(const json::object& schema, const json::object& object) {
    if (const auto* names = schema.if_contains("required"))
      for (const auto& name : names->as_array())
        if (!object.contains(name.as_string())) return wrong(fmt::format("has no \"{}\"", std::string_view(name.as_string())));
    const auto* known = schema.if_contains("properties");
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& member : object) {
      const auto* of = known ? known->as_object().if_contains(member.key()) : nullptr;
      if (of == nullptr && others != nullptr) of = others;
      if (of != nullptr) TRY(below(of->as_object(), member.value(), member.key()));
    }
    return {};
  }
  std::string path_;
};

}  // namespace

std::string_view schema_text() { return schema_source; }

Result<> check_schema(const Value& schema, const Value& value) { return Checker().check(schema.as_object(), value); }

Result<Value> migrate(Value document, std::span<const Migration> steps) {
  auto* object = document.if_object();
  if (object == nullptr) return fail(Code::InvalidArgument, "The document is not a JSON object.");
  const Value* version = object->if_contains("schema");
  if (version != nullptr && (!version->is_int64() || version->get_int64() < 1))
    return fail(Code::InvalidArgument, "\"schema\" of the document must be a whole number from 1 on.");
  const std::int64_t from = version == nullptr ? 1 : version->get_int64();
  const auto current = static_cast<std::int64_t>(steps.size()) + 1;
  if (from > current)
    return fail(Code::Unsupported, fmt::format("The document is of format {}; this Berth knows up to {}.", from, current),
                "Use a newer Berth.");
  for (std::int64_t at = from; at < current; ++at) {
    document = steps[static_cast<std::size_t>(at - 1)](std::move(document));
    document.as_object()["schema"] = at + 1;
  }
  return document;
}

Result<Value> accept(Value document) {
  static const Value schema = json::parse(json::string_view(schema_source.data(), schema_source.size()));
  TRY_ASSIGN(auto current, migrate(std::move(document), {}));
  TRY(check_schema(schema, current));
  return current;
}

}  // namespace berth::document
