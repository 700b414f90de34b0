#include "document/json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace berth::document {
namespace {

std::string form(std::string_view text) {
  const auto value = parse(text, {});
  return value ? canonical(*value) : "refused: " + value.error().message;
}
std::string refusal(std::string_view text, Limits limits = {}) {
  const auto value = parse(text, limits);
  return value ? "read as " + canonical(*value) : value.error().message;
}

TEST(CanonicalJson, HasOneFormForEachValue) {
  EXPECT_EQ(form(R"( { "b" : [ 1.0 , 2 ] , "a" : { } } )"), R"({"a":{},"b":[1,2]})");
  EXPECT_EQ(form(R"("\u0041\/\u00e9\n\u001f\ud83d\ude00\"")"), "\"A/é\\n\\u001f😀\\\"\"");
  EXPECT_EQ(form("{\"\xef\xbf\xbd\":1,\"\xf0\x9f\x98\x80\":2,\"\xee\x80\x80\":3,\"z\":4}"),
            "{\"z\":4,\"\xf0\x9f\x98\x80\":2,\"\xee\x80\x80\":3,\"\xef\xbf\xbd\":1}")
      << "sorted by UTF-16 code units";
}

TEST(CanonicalJson, NumbersAreTheShortestThatReadBack) {
  for (const auto& [given, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"0", "0"},           {"-0", "0"},
           {"-0.0", "0"},        {"0e99", "0"},
           {"1.50", "1.5"},      {"100", "100"},
           {"1E2", "100"},       {"0.000001", "0.000001"},
           {"0.0000001", "1e-7"}, {"1e21", "1e+21"},
           {"1e20", "100000000000000000000"},
           {"5e-324", "5e-324"}, {"1.7976931348623157e308", "1.7976931348623157e+308"},
           {"9007199254740991", "9007199254740991"},
           {"-123.456e-9", "-1.23456e-7"}})
    EXPECT_EQ(form(given), expected) << given;
}

TEST(CanonicalJson, ANumberThatWouldChangeIsRefused) {
  for (const char* text : {"9007199254740993", "1e400", "-1e400", "1e-400", "0.1000000000000000055511151231257827",
                           "12345678901234567890", "1152921504606846976"})
    EXPECT_NE(refusal(text).find("would come back changed"), std::string::npos) << text << ": " << refusal(text);
}

TEST(CanonicalJson, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", " ", "{", "[1,]", "NaN", "Infinity", "{\"a\":1}x", "// c\n1", "\"\xff\"", "\"\xed\xa0\x80\"",
                           R"("\ud800")", "\"\x01\"", "01", "+1", "'a'", "{\"a\" 1}"})
    EXPECT_NE(refusal(text).find("not valid JSON"), std::string::npos) << text << ": " << refusal(text);
  EXPECT_EQ(refusal(R"({"a":1,"b":{"x":1,"x":1}})"), "A member of the document comes twice.");
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"), "A member of the document comes twice.");
}

TEST(CanonicalJson, LimitsNameBothSizes) {
  EXPECT_EQ(refusal("[1,2,3]", {.bytes = 6}), "The document has 7 bytes; the limit is 6.");
  EXPECT_EQ(form(std::string(64, '[') + std::string(64, ']')).substr(0, 2), "[[");
  EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')), "The document is nested deeper than 64 levels.");
}

TEST(CanonicalJson, EveryDoubleComesBack) {
  const auto given = std::getenv("BERTH_SEED");
  std::uint64_t state = given ? std::strtoull(given, nullptr, 10) : 20260301;
  RecordProperty("seed", static_cast<std::int64_t>(state));
  SCOPED_TRACE("seed " + std::to_string(state));
  for (int i = 0; i < 100'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double number = std::bit_cast<double>(state ^ state >> 29);
    if (number != number || std::abs(number) > std::numeric_limits<double>::max()) continue;
    const std::string text = canonical_number(number);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), number) << text;
    ASSERT_EQ(form(text), text);
  }
}

}  // namespace
}  // namespace berth::document
