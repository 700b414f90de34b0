#include "document/patch.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <random>

#include "document/format.hpp"

namespace berth::document {
namespace {

namespace json = boost::json;

Value value(std::string_view text) {
  auto parsed = parse(text, {});
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? *parsed : Value{};
}
std::string patched(std::string_view document, std::string_view patch, Limits limits = {}) {
  const auto result = apply_patch(value(document), value(patch), limits);
  return result ? canonical(*result) : std::string(to_string(result.error().code)) + ": " + result.error().message;
}

TEST(Patch, Applies) {
  EXPECT_EQ(patched(R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}])"),
            R"({"a":[1,2,3,4]})");
  EXPECT_EQ(patched(R"({"a/b":1,"c~d":2,"":3})", R"([{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/c~0d","value":5},
            {"op":"replace","path":"/","value":6}])"), R"({"":6,"c~d":5})");
  EXPECT_EQ(patched(R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"},{"op":"copy","from":"/a","path":"/b"}])"),
            R"({"a":[2,3,1],"b":[2,3,1]})");
  EXPECT_EQ(patched("{}", R"([{"op":"add","path":"","value":{"x":1}},{"op":"test","path":"/x","value":1.0}])"), R"({"x":1})");
  EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"move","from":"/a","path":"/a"}])"), R"({"a":1})");
}

TEST(Patch, SaysWhichOperationDoesNotFit) {
  const std::string_view absent = "failed_precondition: Operation 0 of the patch names a place that is not there.";
  for (const char* patch : {R"([{"op":"remove","path":"/b"}])", R"([{"op":"add","path":"/a/5","value":1}])",
                            R"([{"op":"replace","path":"/a/-","value":1}])", R"([{"op":"add","path":"/b/c","value":1}])",
                            R"([{"op":"replace","path":"/a/01","value":1}])", R"([{"op":"copy","from":"/x","path":"/y"}])",
                            R"([{"op":"remove","path":"/a/-1"}])", R"([{"op":"add","path":"/a/0/0","value":1}])"})
    EXPECT_EQ(patched(R"({"a":[1,2]})", patch), absent) << patch;
  EXPECT_EQ(patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}])"),
            "failed_precondition: Operation 1 of the patch tests a value that is another here.");
  EXPECT_EQ(patched(R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])"),
            "failed_precondition: Operation 0 of the patch moves a value into itself.");
  EXPECT_EQ(patched("{}", R"([{"op":"remove","path":""}])"), "failed_precondition: Operation 0 of the patch removes the whole document.");
}

TEST(Patch, WhatIsNoPatchIsRefused) {
  for (const char* patch : {"{}", "[1]", R"([{"path":"/a"}])", R"([{"op":"jump","path":"/a"}])", R"([{"op":"add","path":"/a"}])",
                            R"([{"op":"add","path":"a","value":1}])", R"([{"op":"add","path":"/~2","value":1}])",
                            R"([{"op":"add","path":"/~","value":1}])", R"([{"op":"move","path":"/a"}])"})
    EXPECT_TRUE(patched("{}", patch).starts_with("invalid_argument: ")) << patch << ": " << patched("{}", patch);
}

TEST(Patch, CopiesAreBounded) {
  std::string patch = "[";
  for (int i = 0; i < 40; ++i)
    patch += std::string(i ? "," : "") + R"({"op":"copy","from":"","path":"/c)" + std::to_string(i) + "\"}";
  EXPECT_EQ(patched(R"({"a":"0123456789"})", patch + "]"), "too_large: The patch copies more than 1572864 bytes.");
}

TEST(MergePatch, Applies) {
  const auto merged = [](std::string_view a, std::string_view b) { return canonical(apply_merge_patch(value(a), value(b))); };
  EXPECT_EQ(merged(R"({"a":"b","c":{"d":"e","f":"g"}})", R"({"a":"z","c":{"f":null}})"), R"({"a":"z","c":{"d":"e"}})");
  EXPECT_EQ(merged(R"({"a":[1]})", R"({"a":{"b":null,"c":1}})"), R"({"a":{"c":1}})");
  EXPECT_EQ(merged(R"({"a":1})", R"([2])"), "[2]");
}

// ---- any two documents ----

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  Value any(int depth) {
    switch (pick(depth > 0 ? 8 : 5)) {
      case 0: return nullptr;
      case 1: return pick(2) == 0;
      case 2: return static_cast<std::int64_t>(pick(5));
      case 3: return 0.5 + static_cast<double>(pick(3));
      case 4: return json::string(word());
      case 5: return array(depth);
      default: return object(depth);
    }
  }
  json::object object(int depth) {
    json::object out;
    for (auto n = pick(6); n > 0; --n) out[word()] = any(depth - 1);
    return out;
  }
  json::array array(int depth) {
    json::array out;
    for (auto n = pick(6); n > 0; --n) out.push_back(any(depth - 1));
    return out;
  }
  // A document near another: what an edit makes.
  Value edited(const Value& from, int depth) {
    if (pick(6) == 0) return any(depth);
    if (const auto* o = from.if_object()) {
      json::object out;
      for (const auto& member : *o)
        if (pick(6) != 0) out[member.key()] = edited(member.value(), depth - 1);
      if (pick(3) == 0) out[word()] = any(depth - 1);
      return out;
    }
    if (const auto* a = from.if_array()) {
      json::array out;
      for (const auto& item : *a) {
        if (pick(6) == 0) out.push_back(any(depth - 1));
        if (pick(6) != 0) out.push_back(edited(item, depth - 1));
      }
      return out;
    }
    return from;
  }

 private:
  std::size_t pick(std::size_t n) { return engine_() % n; }
  std::string word() {
    static constexpr std::array<const char*, 9> words = {"a", "b", "", "a/b", "~", "~1", "é", "0", "-"};
    return words[pick(words.size())];
  }
  std::mt19937_64 engine_;
};

TEST(Difference, AppliedToOneGivesTheOther) {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);
  for (int i = 0; i < 5000; ++i) {
    const Value a = random.object(4);
    const Value b = i % 3 == 0 ? Value(random.object(4)) : random.edited(a, 4);
    const Value change = difference(a, b);
    const auto back = apply_patch(a, change, {});
    ASSERT_TRUE(back) << back.error().message << "\n" << canonical(a) << "\n" << canonical(b) << "\n" << canonical(change);
    ASSERT_EQ(canonical(*back), canonical(b)) << canonical(a) << "\n" << canonical(change);
    ASSERT_EQ(change.as_array().empty(), a == b);
    const auto read = parse(canonical(b), {});
    ASSERT_TRUE(read);
    ASSERT_EQ(canonical(*read), canonical(b)) << "canonical is idempotent";
  }
}

TEST(Format, ChecksThePartsThatBerthOwns) {
  const auto verdict = [](std::string_view text) {
    const auto accepted = accept(value(text));
    return accepted ? canonical(*accepted) : accepted.error().message;
  };
  EXPECT_EQ(verdict(R"({"mine":{"todos":1}})"), R"({"mine":{"todos":1}})") << "other keys are kept as they are";
  EXPECT_EQ(verdict(R"({"schema":1,"todos":[{"id":"a","text":"t","done":true,"colour":1}]})"),
            R"({"schema":1,"todos":[{"colour":1,"done":true,"id":"a","text":"t"}]})");
  EXPECT_EQ(verdict("[]"), "The document is not a JSON object.");
  EXPECT_EQ(verdict(R"({"todos":[{"id":"a","text":"t","done":1}]})"), "\"todos/0/done\" of the document must be of type boolean.");
  EXPECT_EQ(verdict(R"({"notes":[{"id":"a"}]})"), "\"notes/0\" of the document has no \"text\".");
  EXPECT_EQ(verdict(R"({"notes":[{"id":"","text":""}]})"), "\"notes/0/id\" of the document must have 1 characters or more.");
  EXPECT_EQ(verdict(R"({"agents":{"x":{"mode":"fly"}}})"), R"("agents/x/mode" of the document must be one of ["ask","plan","act"].)");
  EXPECT_EQ(verdict(R"({"schema":"1"})"), "\"schema\" of the document must be a whole number from 1 on.");
  EXPECT_EQ(verdict(R"({"schema":2})"), "The document is of format 2; this Berth knows up to 1.");
}

TEST(Format, AnOlderDocumentGoesForwardStepByStep) {
  const std::array<Migration, 2> steps = {[](Value v) { v.as_object()["one"] = true; return v; },
                                          [](Value v) { v.as_object()["two"] = v.as_object().contains("one"); return v; }};
  const auto forward = [&](std::string_view text) {
    const auto made = migrate(value(text), steps);
    return made ? canonical(*made) : made.error().message;
  };
  EXPECT_EQ(forward("{}"), R"({"one":true,"schema":3,"two":true})");
  EXPECT_EQ(forward(R"({"schema":2})"), R"({"schema":3,"two":false})");
  EXPECT_EQ(forward(R"({"schema":3})"), R"({"schema":3})");
  EXPECT_EQ(forward(R"({"schema":4})"), "The document is of format 4; this Berth knows up to 3.");
}

}  // namespace
}  // namespace berth::document
