#include "document/format.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "document/schema.hpp"

namespace berth::document {
namespace {

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

const Schema& schema() {
  static const Schema read(schema_source);
  return read;
}

}  // namespace

std::string_view schema_text() { return schema_source; }

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
  TRY(schema().check(current));
  return current;
}

Result<> check_accepted(const Value& document) {
  TRY(schema().check(document));
  const Value* version = document.as_object().if_contains("schema");
  if (version == nullptr ? format_version == 1 : *version == format_version) return {};
  return fail(Code::InvalidArgument, fmt::format("The document is not of format {}.", format_version));
}

bool still_accepted(const Value& document, const Path& path) {
  return !path.empty() && path.front() != "schema" && schema().check_along(document, path).has_value();
}

}  // namespace berth::document
