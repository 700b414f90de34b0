#pragma once
// What a JSON document must look like, read once and then asked for each document: JSON Schema 2020-12, of it the words type
// (one), enum, minimum, minLength, maxLength, minItems, maxItems, required, properties, additionalProperties (a schema), items.
// Immutable; any thread. Errors: InvalidArgument with the place ("todos/3/done") and the rule.
//
// Example (const document::Value& value):
//   static const document::Schema schema(R"({"type": "object", "required": ["id"]})");
//   TRY(schema.check(value));

#include <memory>

#include "document/json.hpp"
#include "document/pointer.hpp"

namespace berth::document {

class Schema {
 public:
  explicit Schema(std::string_view text);  // ours: what is no schema is a mistake of the program
  Schema(const Schema&) = delete;
  ~Schema();

  [[nodiscard]] Result<> check(const Value& value) const;
  // The value at `path`, and those that hold it without their other parts. Nothing at its end: something went from there.
  [[nodiscard]] Result<> check_along(const Value& value, const Path& path) const;

 private:
  struct Rule;
  struct Step;
  static Rule read(const boost::json::object& text);
  static Result<> check(const Rule& rule, const Value& value, const Step* at);
  static Result<> check_itself(const Rule& rule, const Value& value, const Step* at);
  std::unique_ptr<const Rule> rule_;
};

}  // namespace berth::document
