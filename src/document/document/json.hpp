#pragma once
// JSON as documents are kept: read strictly, written in one form only.
//
// Problem: the same document must be the same bytes for everybody (hashes, tags and "nothing changed" are decided on them),
// and what a person wrote must come back as it was. So what cannot come back is refused when it is read: two members of
// one name, a number that a double does not hold (2^53 + 1, 1e400), text that is no UTF-8.
// Form: RFC 8785: members sorted by UTF-16 code units, the shortest number that reads back the same, the fewest escapes.
// Every number is a double; whole ones below 2^53 are kept as std::int64_t, so that equal documents are equal Values.
// Pure; any thread. Errors: InvalidArgument with the byte where it ends to make sense, TooLarge with size and limit.
//
// Source: JSON RFC 8259, canonical form RFC 8785.
//
// Example:
//   TRY_ASSIGN(const auto value, document::parse(R"({"b": 1.0, "a": "x"})", {}));
//   const std::string bytes = document::canonical(value);  // {"a":"x","b":1}

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::document {

using Value = boost::json::value;

struct Limits {
  std::uint64_t bytes = 1536 << 10;
  std::uint32_t depth = 64;
};

// `what` names it in errors: "document", "patch".
[[nodiscard]] Result<Value> parse(std::string_view text, const Limits& limits, std::string_view what = "document");
[[nodiscard]] std::string canonical(const Value& value);
void append_canonical(std::string& out, const Value& value);
[[nodiscard]] std::uint64_t canonical_size(const Value& value);      // canonical(value).size(), without writing it
[[nodiscard]] std::uint64_t canonical_text_size(std::string_view text);  // of text as a value or as a member's name
[[nodiscard]] std::string canonical_number(double number);  // finite
[[nodiscard]] std::uint32_t depth_of(const Value& value);            // levels of objects and arrays
[[nodiscard]] Result<> check_depth(const Value& value, const Limits& limits);

// The order of members: UTF-16 code units, of valid UTF-8.
[[nodiscard]] bool member_before(std::string_view a, std::string_view b);

}  // namespace berth::document
