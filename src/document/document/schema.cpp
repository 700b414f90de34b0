#include "document/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <optional>

#include "base/check.hpp"

namespace berth::document {

namespace json = boost::json;

struct Schema::Rule {
  std::string type;                    // "": any
  Value words;                         // null: any
  std::optional<std::int64_t> minimum;
  struct Length {
    std::size_t least = 0, most = std::numeric_limits<std::size_t>::max();
    [[nodiscard]] bool asks() const { return least > 0 || most < std::numeric_limits<std::size_t>::max(); }
  } length, items_length;
  std::vector<std::string> required, names;          // names: of the properties
  std::vector<std::unique_ptr<const Rule>> properties;
  std::unique_ptr<const Rule> others, items;

  [[nodiscard]] const Rule* of_member(std::string_view name) const {
    const auto found = std::ranges::find(names, name);
    return found != names.end() ? properties[static_cast<std::size_t>(found - names.begin())].get() : others.get();
  }
};

// The way to a value that is looked at, kept on the stack: it is written only when something is wrong.
struct Schema::Step {
  const Step* above = nullptr;
  std::string_view name;
  std::size_t index = 0;
  bool is_item = false;

  static std::string path(const Step* at) {
    if (at == nullptr) return {};
    std::string out = path(at->above);
    return (out += out.empty() ? "" : "/") += at->is_item ? std::to_string(at->index) : std::string(at->name.substr(0, 64));
  }
};

namespace {

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_type(std::string_view type, const Value& value) {
  switch (type[0]) {
    case 'o': return value.is_object();
    case 'a': return value.is_array();
    case 's': return value.is_string();
    case 'b': return value.is_bool();
    case 'i': return value.is_int64();
    default: return value.is_number();
  }
}

std::unexpected<Error> wrong(const std::string& path, std::string_view rule) {
  return fail(Code::InvalidArgument,
              path.empty() ? fmt::format("The document {}.", rule) : fmt::format("\"{}\" of the document {}.", path, rule));
}

}  // namespace

Schema::Rule Schema::read(const json::object& text) {
  static constexpr std::array<std::string_view, 6> types = {"object", "array", "string", "boolean", "integer", "number"};
  const auto size = [](const Value& value) { return static_cast<std::size_t>(value.as_int64()); };
  Rule rule;
  for (const auto& [key, value] : text) {
    if (key == "type") rule.type = value.as_string();
    else if (key == "enum") rule.words = value;
    else if (key == "minimum") rule.minimum = value.as_int64();
    else if (key == "minLength") rule.length.least = size(value);
    else if (key == "maxLength") rule.length.most = size(value);
    else if (key == "minItems") rule.items_length.least = size(value);
    else if (key == "maxItems") rule.items_length.most = size(value);
    else if (key == "required") for (const auto& name : value.as_array()) rule.required.emplace_back(name.as_string());
    else if (key == "properties")
      for (const auto& member : value.as_object()) {
        rule.names.emplace_back(member.key());
        rule.properties.push_back(std::make_unique<const Rule>(read(member.value().as_object())));
      }
    else if (key == "additionalProperties") rule.others = std::make_unique<const Rule>(read(value.as_object()));
    else if (key == "items") rule.items = std::make_unique<const Rule>(read(value.as_object()));
    else BERTH_CHECK(false && "a word of JSON Schema that is not known here");
  }
  BERTH_CHECK(rule.type.empty() || std::ranges::find(types, rule.type) != types.end());
  return rule;
}

Schema::Schema(std::string_view text)
    : rule_(std::make_unique<const Rule>(read(json::parse(json::string_view(text.data(), text.size())).as_object()))) {}
Schema::~Schema() = default;

Result<> Schema::check(const Value& value) const { return check(*rule_, value, nullptr); }

Result<> Schema::check(const Rule& rule, const Value& value, const Step* at) {
  TRY(check_itself(rule, value, at));
  if (const auto* array = value.if_array(); array && rule.items)
    for (std::size_t i = 0; i < array->size(); ++i) {
      const Step step{.above = at, .name = {}, .index = i, .is_item = true};
      TRY(check(*rule.items, (*array)[i], &step));
    }
  if (const auto* object = value.if_object(); object && (rule.others || !rule.properties.empty()))
    for (const auto& member : *object)
      if (const Rule* of = rule.of_member(member.key())) {
        const Step step{.above = at, .name = member.key()};
        TRY(check(*of, member.value(), &step));
      }
  return {};
}

// All but the values that it holds.
Result<> Schema::check_itself(const Rule& rule, const Value& value, const Step* at) {
  const auto broken = [at](const std::string& what) { return wrong(Step::path(at), what); };
  const auto check_length = [&](const Rule::Length& length, std::size_t size, std::string_view unit) -> Result<> {
    if (size < length.least) return broken(fmt::format("must have {} {} or more", length.least, unit));
    if (size > length.most) return broken(fmt::format("has {} {}; the limit is {}", size, unit, length.most));
    return {};
  };
  if (!rule.type.empty() && !is_type(rule.type, value)) return broken(fmt::format("must be of type {}", rule.type));
  if (!rule.words.is_null() && std::ranges::find(rule.words.get_array(), value) == rule.words.get_array().end())
    return broken(fmt::format("must be one of {}", json::serialize(rule.words)));
  if (rule.minimum && value.is_int64() && value.get_int64() < *rule.minimum) return broken(fmt::format("must be {} or more", *rule.minimum));
  if (const auto* text = value.if_string(); text && rule.length.asks()) TRY(check_length(rule.length, characters(*text), "characters"));
  if (const auto* array = value.if_array()) TRY(check_length(rule.items_length, array->size(), "items"));
  if (const auto* object = value.if_object())
    for (const auto& name : rule.required)
      if (!object->contains(name)) return broken(fmt::format("has no \"{}\"", name));
  return {};
}

Result<> Schema::check_along(const Value& value, const Path& path) const {
  const Rule* rule = rule_.get();
  const Value* at = &value;
  for (const auto& step : path) {
    TRY(check_itself(*rule, *at, nullptr));
    const auto* object = at->if_object();
    const auto* array = at->if_array();
    const auto index = array ? index_of(step, array->size(), Behind::No) : std::nullopt;
    rule = object ? rule->of_member(step) : rule->items.get();
    at = object ? object->if_contains(step) : index ? &(*array)[*index] : nullptr;
    if (rule == nullptr || at == nullptr) return {};
  }
  return check(*rule, *at, nullptr);
}

}  // namespace berth::document
