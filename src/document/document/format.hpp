#pragma once
// What a session's document is: an object with a format version in `schema`, the parts that Berth itself reads (layout,
// notes, todos, agents) in a checked form, and whatever else its owner keeps beside them, untouched.
//
// Problem: the workbench, agents and older servers all read these parts; a part of the wrong form must be refused when it
// is written, with the place that is wrong, not when somebody opens it.
// Versions: absent is 1. An older document goes through every step up to the current version; a newer one is refused.
// Pure; any thread. Errors: InvalidArgument with the place ("todos/3/done"), Unsupported for a newer version.
//
// Example (document::Value given):
//   TRY_ASSIGN(const document::Value current, document::accept(std::move(given)));

#include <functional>
#include <span>

#include "document/json.hpp"
#include "document/pointer.hpp"

namespace berth::document {

inline constexpr std::int64_t format_version = 1;

[[nodiscard]] std::string_view schema_text();  // JSON Schema 2020-12, the words that schema.hpp knows

using Migration = std::function<Value(Value)>;  // step n (from 0) makes version n + 2 of version n + 1
[[nodiscard]] Result<Value> migrate(Value document, std::span<const Migration> steps);

[[nodiscard]] Result<Value> accept(Value document);  // migrated and checked
[[nodiscard]] Result<> check_accepted(const Value& document);  // as accept() leaves it

// Whether an accepted document surely still is after the value at `path` came, changed or went: looks at that value, and at
// those that hold it without their other parts. False is no verdict.
[[nodiscard]] bool still_accepted(const Value& document, const Path& path);

}  // namespace berth::document
