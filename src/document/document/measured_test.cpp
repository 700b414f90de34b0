// A change of a measured document, beside looking at all of it: the same value, size and verdict, whatever the patch does.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <random>

#include "document/edit.hpp"
#include "document/format.hpp"
#include "document/patch.hpp"

namespace berth::document {
namespace {

namespace json = boost::json;

std::uint64_t seed() {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t used = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(used));
  return used;
}

// Documents with the parts that Berth owns, mostly right, and patches of them, mostly fitting.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t pick(std::size_t n) { return engine_() % n; }

  json::string text() {
    static constexpr std::array<std::string_view, 8> pieces = {"a", "\"", "\\", "\n", "\x01", "é", "😀", "/"};
    json::string out;
    for (auto n = pick(6); n > 0; --n) out.append(pieces[pick(pieces.size())]);
    return out;
  }
  Value scalar() {
    switch (pick(6)) {
      case 0: return nullptr;
      case 1: return pick(2) == 0;
      case 2: return static_cast<std::int64_t>(engine_()) >> (pick(53) + 11);
      case 3: return std::ldexp(static_cast<double>(pick(1000)), static_cast<int>(pick(200)) - 100);
      default: return text();
    }
  }
  Value any(int depth) {
    if (depth == 0 || pick(2) == 0) return scalar();
    if (pick(2) == 0) {
      json::array out;
      for (auto n = pick(4); n > 0; --n) out.push_back(any(depth - 1));
      return out;
    }
    json::object out;
    for (auto n = pick(4); n > 0; --n) out[name()] = any(depth - 1);
    return out;
  }
  Value item() {
    if (pick(12) == 0) return any(2);
    json::object out{{"id", pick(15) == 0 ? text() : json::string("i")}, {"text", text()}};
    if (pick(3) == 0) out["done"] = pick(8) == 0 ? any(1) : Value(true);
    return out;
  }
  Value items() {
    json::array out;
    for (auto n = pick(5); n > 0; --n) out.push_back(item());
    return out;
  }
  Value agent() { return json::object{{"model", text()}, {"mode", pick(8) == 0 ? "fly" : "plan"}}; }
  json::object document() {
    json::object out;
    if (pick(2) == 0) out["todos"] = items();
    if (pick(2) == 0) out["notes"] = items();
    if (pick(3) == 0) out["agents"] = json::object{{"x", agent()}};
    if (pick(3) == 0) out["layout"] = any(2);
    if (pick(3) == 0) out["schema"] = pick(9) == 0 ? 2 : 1;
    for (auto n = pick(4); n > 0; --n) out[name()] = any(4);
    return out;
  }
  // A place of the document, or one beside it.
  std::string place(const Value& from, std::string at = "") {
    const auto* object = from.if_object();
    const auto* array = from.if_array();
    if (pick(12) == 0) return at + "/" + std::string(name());
    if (object && !object->empty() && pick(5) != 0) {
      const auto& member = *std::next(object->begin(), static_cast<std::ptrdiff_t>(pick(object->size())));
      append_step(at, member.key());
      return place(member.value(), at);
    }
    if (array && pick(5) != 0) {
      const auto index = pick(array->size() + 1);
      if (index == array->size()) return at + (pick(2) == 0 ? "/-" : "/" + std::to_string(index));
      return place((*array)[index], at + "/" + std::to_string(index));
    }
    return at;
  }
  Value patch(const Value& of) {
    static constexpr std::array<const char*, 8> names = {"add", "add", "replace", "replace", "remove", "move", "copy", "test"};
    json::array out;
    for (auto n = 1 + (pick(9) == 0 ? pick(30) : pick(4)); n > 0; --n) {
      const char* name_of = names[pick(names.size())];
      json::object one{{"op", name_of}, {"path", place(of)}, {"from", place(of)}};
      one["value"] = pick(3) == 0 ? any(4) : pick(2) == 0 ? item() : agent();
      out.push_back(std::move(one));
    }
    return out;
  }
  Value merge_patch(const Value& of, int depth) {
    const auto* object = of.if_object();
    if (!object || depth == 0) return pick(3) == 0 ? Value(nullptr) : any(3);
    json::object out;
    for (const auto& member : *object)
      if (pick(3) == 0) out[member.key()] = merge_patch(member.value(), depth - 1);
    if (pick(3) == 0) out[name()] = pick(2) == 0 ? any(3) : items();
    return out;
  }
  json::string name() {
    static constexpr std::array<const char*, 10> names = {"a", "b", "", "a/b", "~", "é\n", "todos", "notes", "0", "text"};
    return names[pick(names.size())];
  }

 private:
  std::mt19937_64 engine_;
};

std::string told(const Result<Measured>& result) {
  if (!result) return std::string(to_string(result.error().code)) + ": " + result.error().message;
  return canonical(result->value) + " of " + std::to_string(result->bytes) + (result->accepted ? "" : ", not accepted");
}

// What a change must be: the patch on the value alone, then a look at all of it.
Result<Measured> whole(const Value& document, const Value& patch, bool merges, const Limits& limits) {
  if (merges) return measure(apply_merge_patch(document, patch), limits);
  TRY_ASSIGN(auto value, apply_patch(document, patch, limits));
  return measure(std::move(value), limits);
}

TEST(Measured, SizeIsThatOfTheCanonicalForm) {
  Random random(seed());
  for (int i = 0; i < 5'000; ++i) {
    const Value value = random.any(5);
    ASSERT_EQ(canonical_size(value), canonical(value).size()) << canonical(value);
  }
}

TEST(Measured, AChangeGivesWhatALookAtTheWholeGives) {
  Random random(seed());
  int changed = 0, refused = 0, looked = 0;
  for (int i = 0; i < 8'000; ++i) {
    const Value document = random.document();
    const Limits limits{.bytes = random.pick(3) == 0 ? 40 + random.pick(400) : 4000, .depth = static_cast<std::uint32_t>(3 + random.pick(5))};
    const bool merges = random.pick(3) == 0;
    const Value patch = merges ? random.merge_patch(document, 3) : random.patch(document);
    const auto before = measure_stored(document, limits);
    ASSERT_EQ(before.accepted && before.bytes <= limits.bytes, measure(document, limits).has_value());
    const auto got = merges ? apply_merge_patch(before, patch, limits) : apply_patch(before, patch, limits);
    ASSERT_EQ(told(got), told(whole(document, patch, merges, limits)))
        << "step " << i << "\n" << canonical(document) << "\n" << canonical(patch);
    ++(got ? changed : refused);
    if (got && !before.accepted) ++looked;
  }
  EXPECT_TRUE(changed > 500 && refused > 500 && looked > 5) << changed << ' ' << refused << ' ' << looked;
}

// What a page does while a person writes never needs the look at the whole.
TEST(Measured, UsualChangesNeedNoLookAtTheWhole) {
  Value document = parse(R"({"todos":[{"id":"a","text":"x"},{"id":"b","text":"y"}],"mine":{"x":[1,2]},"notes":[]})", {}).value();
  Edit edit(document, 64);
  const auto at = [](const char* path) { return parse_pointer(path).value(); };
  auto& todos = document.as_object()["todos"];
  edit.replace(todos.as_array()[1].as_object()["text"], at("/todos/1/text"), "longer");
  edit.put(todos.as_array()[1].as_object(), at("/todos/1/done"), true);
  edit.insert(document.as_object()["notes"].as_array(), at("/notes/-"), 0, json::object{{"id", "n"}, {"text", ""}});
  edit.moved();
  auto first = edit.take(todos, todos.as_array()[0], at("/todos/0"));
  edit.insert(todos.as_array(), at("/todos/1"), 1, std::move(first));
  (void)edit.take(document.as_object()["mine"], document.as_object()["mine"].as_object()["x"], at("/mine/x"));
  EXPECT_FALSE(edit.whole());
  (void)edit.take(todos.as_array()[0], todos.as_array()[0].as_object()["id"], at("/todos/0/id"));
  EXPECT_TRUE(edit.whole()) << "an item without its id";
}

}  // namespace
}  // namespace berth::document
