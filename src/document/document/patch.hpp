#pragma once
// Changes of a document as documents: JSON Patch and merge patch applied, and the difference of two as a JSON Patch.
//
// Problem: an autosave sends what changed, not everything; a history shows it; a conflict is told by a `test` that fails.
// Pure; any thread. A patch applies whole or not at all. Work is bounded: at most `max_operations`, and what "copy" adds is
// no more than the document's limit in all (copying doubles, so a short patch could make terabytes).
// Errors: InvalidArgument (no patch), FailedPrecondition (it does not fit this document; names the operation), TooLarge.
//
// A document that is edited is Measured: its size and that its form was checked go with it, and a change of it costs what it
// changes, not what the document holds. What comes out is what measure() makes of the changed document, also in its errors.
//
// Sources: JSON Patch RFC 6902, JSON Merge Patch RFC 7396.
//
// Example (const document::Value& before, const document::Value& after):
//   const document::Value change = document::difference(before, after);
//   TRY_ASSIGN(const auto again, document::apply_patch(before, change, {}));  // == after
//   TRY_ASSIGN(auto open, document::measure(before, {}));
//   TRY_ASSIGN(open, document::apply_patch(std::move(open), change, {}));     // open.bytes == canonical(after).size()

#include "document/json.hpp"

namespace berth::document {

inline constexpr std::size_t max_operations = 10'000;

[[nodiscard]] Result<Value> apply_patch(Value document, const Value& patch, const Limits& limits);
[[nodiscard]] Value apply_merge_patch(Value document, const Value& patch);
[[nodiscard]] Value difference(const Value& before, const Value& after);  // a JSON Patch, [] when they are equal

struct Measured {
  Value value;
  std::uint64_t bytes = 0;  // of the canonical form
  bool accepted = false;    // as accept() leaves it, and not nested too deep
};

[[nodiscard]] Result<Measured> measure(Value document, const Limits& limits);         // accepted, or why not
[[nodiscard]] Measured measure_stored(Value document, const Limits& limits);          // whatever it is
[[nodiscard]] Result<Measured> apply_patch(Measured document, const Value& patch, const Limits& limits);
[[nodiscard]] Result<Measured> apply_merge_patch(Measured document, const Value& patch, const Limits& limits);

}  // namespace berth::document
