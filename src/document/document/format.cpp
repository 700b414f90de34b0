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
    TRY(itself(schema, value));
    if (const auto* array = value.if_array()) TRY(items(schema, *array));
    if (const auto* object = value.if_object()) TRY(members(schema, *object));
    return {};
  }
  // The value at the end of `path`, from its step `at` on, and what is on the way there.
  Result<> along(const json::object& schema, const Value& value, const Path& path, std::size_t at) {
    if (at == path.size()) return check(schema, value);
    TRY(itself(schema, value));
    if (const auto* object = value.if_object()) {
      const Value* member = object->if_contains(path[at]);
      const Value* of = of_member(schema, path[at]);
      return member && of ? along(of->as_object(), *member, path, at + 1) : Result<>();
    }
    const auto* array = value.if_array();
    const auto index = array ? index_of(path[at], array->size(), Behind::No) : std::nullopt;
    const auto* of = schema.if_contains("items");
    return index && of ? along(of->as_object(), (*array)[*index], path, at + 1) : Result<>();
  }

 private:
  std::unexpected<Error> wrong(std::string_view rule) const {
    return fail(Code::InvalidArgument, path_.empty() ? fmt::format("The document {}.", rule)
                                                     : fmt::format("\"{}\" of the document {}.", path_, rule));
  }
  // All but the values that it holds.
  Result<> itself(const json::object& schema, const Value& value) const {
    if (const auto* type = schema.if_contains("type"); type && !is_type(type->as_string(), value))
      return wrong(fmt::format("must be of type {}", std::string_view(type->as_string())));
    if (const auto* words = schema.if_contains("enum"))
      if (std::ranges::find(words->as_array(), value) == words->as_array().end())
        return wrong(fmt::format("must be one of {}", json::serialize(*words)));
    if (const auto* least = schema.if_contains("minimum"); least && value.is_int64() && value.get_int64() < least->as_int64())
      return wrong(fmt::format("must be {} or more", least->as_int64()));
    if (const auto* text = value.if_string(); text && (schema.contains("minLength") || schema.contains("maxLength")))
      TRY(length(schema, "minLength", "maxLength", characters(*text), "characters"));
    if (const auto* array = value.if_array()) TRY(length(schema, "minItems", "maxItems", array->size(), "items"));
    const auto* object = value.if_object();
    const auto* names = object ? schema.if_contains("required") : nullptr;
    for (std::size_t i = 0; names && i < names->as_array().size(); ++i)
      if (const auto& name = names->as_array()[i].as_string(); !object->contains(name))
        return wrong(fmt::format("has no \"{}\"", std::string_view(name)));
    return {};
  }
  static const Value* of_member(const json::object& schema, std::string_view name) {
    const auto* known = schema.if_contains("properties");
    const Value* of = known ? known->as_object().if_contains(name) : nullptr;
    return of ? of : schema.if_contains("additionalProperties");
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
    const auto* of = schema.if_contains("items");
    for (std::size_t i = 0; of != nullptr && i < array.size(); ++i) TRY(below(of->as_object(), array[i], std::to_string(i)));
    return {};
  }
  Result<> members(const json::object& schema, const json::object& object) {
    for (const auto& member : object)
      if (const auto* of = of_member(schema, member.key())) TRY(below(of->as_object(), member.value(), member.key()));
    return {};
  }
  std::string path_;
};

const Value& schema() {
  static const Value parsed = json::parse(json::string_view(schema_source.data(), schema_source.size()));
  return parsed;
}

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
  TRY_ASSIGN(auto current, migrate(std::move(document), {}));
  TRY(check_schema(schema(), current));
  return current;
}

Result<> check_accepted(const Value& document) {
  TRY(check_schema(schema(), document));
  const Value* version = document.as_object().if_contains("schema");
  if (version == nullptr ? format_version == 1 : *version == format_version) return {};
  return fail(Code::InvalidArgument, fmt::format("The document is not of format {}.", format_version));
}

bool still_accepted(const Value& document, const Path& path) {
  return !path.empty() && path.front() != "schema" && Checker().along(schema().as_object(), document, path, 0).has_value();
}

}  // namespace berth::document
