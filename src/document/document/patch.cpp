#include "document/patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "document/edit.hpp"
#include "document/format.hpp"
#include "document/pointer.hpp"

namespace berth::document {
namespace {

namespace json = boost::json;

// Stops once it is over `most`.
std::uint64_t weight(const Value& value, std::uint64_t most) {
  std::uint64_t sum = 8;
  if (const auto* text = value.if_string()) return sum + text->size();
  if (const auto* array = value.if_array())
    for (const auto& item : *array)
      if (sum += weight(item, most); sum > most) return sum;
  if (const auto* object = value.if_object())
    for (const auto& member : *object)
      if (sum += member.key().size() + weight(member.value(), most); sum > most) return sum;
  return sum;
}

class Patcher {
 public:
  Patcher(Value& root, const Limits& limits) : root_(root), limits_(limits), edit_(root, limits.depth) {}

  Result<> apply_all(const Value& patch) {
    const auto* operations = patch.if_array();
    if (operations == nullptr) return fail(Code::InvalidArgument, "The patch is not an array of operations.");
    if (operations->size() > max_operations)
      return fail(Code::TooLarge, fmt::format("The patch has {} operations; the limit is {}.", operations->size(), max_operations));
    for (const auto& operation : *operations) {
      const auto* object = operation.if_object();
      if (object == nullptr) return fail(Code::InvalidArgument, "An operation of the patch is not an object.");
      TRY(apply(*object));
      ++number_;
    }
    return {};
  }
  [[nodiscard]] const Edit& edit() const { return edit_; }

 private:
  Result<> apply(const json::object& operation) {
    const Value* name = operation.if_contains("op");
    if (name == nullptr || !name->is_string()) return wrong("has no \"op\"");
    const std::string_view op = name->get_string();
    TRY_ASSIGN(const Path path, path_of(operation, "path"));
    if (op == "remove") {
      TRY(remove(path));
      return {};
    }
    if (op == "move" || op == "copy") {
      TRY_ASSIGN(const Path from, path_of(operation, "from"));
      return op == "move" ? move(from, path) : copy(from, path);
    }
    const Value* value = operation.if_contains("value");
    if (op != "add" && op != "replace" && op != "test") return wrong("is no operation of JSON Patch");
    if (value == nullptr) return wrong("has no \"value\"");
    if (op == "add") return add(path, *value);
    Value* place = find(root_, path, path.size());
    if (place == nullptr) return misfit("names a place that is not there");
    if (op == "replace") edit_.replace(*place, path, *value);
    else if (*place != *value) return misfit("tests a value that is another here");
    return {};
  }
  std::unexpected<Error> wrong(std::string_view rule) const {
    return fail(Code::InvalidArgument, fmt::format("Operation {} of the patch {}.", number_, rule));
  }
  std::unexpected<Error> misfit(std::string_view rule) const {
    return fail(Code::FailedPrecondition, fmt::format("Operation {} of the patch {}.", number_, rule),
                "Get the document again and make the patch from it.");
  }
  Result<Path> path_of(const json::object& operation, std::string_view name) const {
    const Value* text = operation.if_contains(name);
    if (text == nullptr || !text->is_string()) return wrong(fmt::format("has no \"{}\"", name));
    TRY_ASSIGN(auto path, parse_pointer(text->get_string()));
    if (path.size() > limits_.depth) return wrong("names a place that is too deep");
    return path;
  }
  Result<> add(const Path& path, Value value) {
    if (path.empty()) {
      edit_.replace(root_, path, std::move(value));
      return {};
    }
    Value* parent = find(root_, path, path.size() - 1);
    if (parent == nullptr) return misfit("names a place that is not there");
    if (auto* object = parent->if_object()) {
      edit_.put(*object, path, std::move(value));
      return {};
    }
    auto* array = parent->if_array();
    const auto index = array == nullptr ? std::nullopt : index_of(path.back(), array->size(), Behind::Yes);
    if (!index) return misfit("names a place that is not there");
    edit_.insert(*array, path, *index, std::move(value));
    return {};
  }
  Result<Value> remove(const Path& path) {
    if (path.empty()) return misfit("removes the whole document");
    Value* parent = find(root_, path, path.size() - 1);
    Value* place = find(root_, path, path.size());
    if (place == nullptr) return misfit("names a place that is not there");
    return edit_.take(*parent, *place, path);
  }
  Result<> move(const Path& from, const Path& path) {
    if (from == path) return find(root_, from, from.size()) ? Result<>() : Result<>(misfit("names a place that is not there"));
    if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin()))
      return misfit("moves a value into itself");
    edit_.moved();
    TRY_ASSIGN(auto value, remove(from));
    return add(path, std::move(value));
  }
  Result<> copy(const Path& from, const Path& path) {
    const Value* place = find(root_, from, from.size());
    if (place == nullptr) return misfit("names a place that is not there");
    copied_ += weight(*place, limits_.bytes);
    if (copied_ > limits_.bytes)
      return fail(Code::TooLarge, fmt::format("The patch copies more than {} bytes.", limits_.bytes));
    return add(path, *place);
  }

  Value& root_;
  const Limits& limits_;
  Edit edit_;
  std::uint64_t copied_ = 0;
  std::size_t number_ = 0;
};

// As apply_merge_patch() of values, with its effect on the whole.
void merge(Edit& edit, Value& place, const Value& patch, Path& path) {
  const auto* changes = patch.if_object();
  if (changes == nullptr || !place.is_object()) return edit.replace(place, path, apply_merge_patch(nullptr, patch));
  for (const auto& change : *changes) {
    auto& object = place.get_object();
    path.emplace_back(change.key());
    if (Value* old = object.if_contains(change.key()); change.value().is_null()) {
      if (old != nullptr) (void)edit.take(place, *old, path);
    } else if (old != nullptr) {
      merge(edit, *old, change.value(), path);
    } else {
      edit.put(object, path, apply_merge_patch(nullptr, change.value()));
    }
    path.pop_back();
  }
}

Result<> check_size(std::uint64_t bytes, const Limits& limits) {
  if (bytes <= limits.bytes) return {};
  return fail(Code::TooLarge, fmt::format("The document has {} bytes; the limit is {}.", bytes, limits.bytes));
}

Result<Measured> settle(Measured changed, const Edit& edit, const Limits& limits) {
  if (!changed.accepted || edit.whole()) return measure(std::move(changed.value), limits);
  changed.bytes += static_cast<std::uint64_t>(edit.bytes());
  TRY(check_size(changed.bytes, limits));
  return changed;
}

class Difference {
 public:
  json::array operations;

  void compare(const Value& a, const Value& b, const std::string& at) {
    if (a == b) return;
    if (a.is_object() && b.is_object()) return objects(a.get_object(), b.get_object(), at);
    if (a.is_array() && b.is_array()) return arrays(a.get_array(), b.get_array(), at);
    operations.push_back(json::object{{"op", "replace"}, {"path", at}, {"value", b}});
  }

 private:
  static std::string step(const std::string& at, std::string_view name) {
    std::string out = at;
    append_step(out, name);
    return out;
  }
  void objects(const json::object& a, const json::object& b, const std::string& at) {
    for (const auto& member : a)
      if (!b.contains(member.key())) operations.push_back(json::object{{"op", "remove"}, {"path", step(at, member.key())}});
    for (const auto& member : b) {
      const Value* old = a.if_contains(member.key());
      if (old != nullptr) compare(*old, member.value(), step(at, member.key()));
      else operations.push_back(json::object{{"op", "add"}, {"path", step(at, member.key())}, {"value", member.value()}});
    }
  }
  // What is the same at both ends stays; between, items are changed in place, then removed or added.
  void arrays(const json::array& a, const json::array& b, const std::string& at) {
    std::size_t head = 0, tail = 0;
    const std::size_t shorter = std::min(a.size(), b.size());
    while (head < shorter && a[head] == b[head]) ++head;
    while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
    const std::size_t old_end = a.size() - tail, new_end = b.size() - tail;
    const std::size_t both = std::min(old_end, new_end);
    for (std::size_t i = head; i < both; ++i) compare(a[i], b[i], step(at, std::to_string(i)));
    for (std::size_t i = old_end; i > both; --i)
      operations.push_back(json::object{{"op", "remove"}, {"path", step(at, std::to_string(i - 1))}});
    for (std::size_t i = both; i < new_end; ++i)
      operations.push_back(json::object{{"op", "add"}, {"path", step(at, std::to_string(i))}, {"value", b[i]}});
  }
};

}  // namespace

Result<Value> apply_patch(Value document, const Value& patch, const Limits& limits) {
  Patcher patcher(document, limits);
  TRY(patcher.apply_all(patch));
  return document;
}

Result<Measured> measure(Value document, const Limits& limits) {
  TRY(check_depth(document, limits));
  TRY_ASSIGN(document, accept(std::move(document)));
  const std::uint64_t bytes = canonical_size(document);
  TRY(check_size(bytes, limits));
  return Measured{std::move(document), bytes, true};
}

Measured measure_stored(Value document, const Limits& limits) {
  const bool accepted = depth_of(document) <= limits.depth && check_accepted(document).has_value();
  const std::uint64_t bytes = canonical_size(document);
  return {std::move(document), bytes, accepted};
}

Result<Measured> apply_patch(Measured document, const Value& patch, const Limits& limits) {
  Patcher patcher(document.value, limits);
  TRY(patcher.apply_all(patch));
  return settle(std::move(document), patcher.edit(), limits);
}

Result<Measured> apply_merge_patch(Measured document, const Value& patch, const Limits& limits) {
  Edit edit(document.value, limits.depth);
  Path path;
  merge(edit, document.value, patch, path);
  return settle(std::move(document), edit, limits);
}

Value apply_merge_patch(Value document, const Value& patch) {
  const auto* changes = patch.if_object();
  if (changes == nullptr) return patch;
  if (!document.is_object()) document = json::object{};
  auto& object = document.get_object();
  for (const auto& change : *changes) {
    if (change.value().is_null()) {
      object.erase(change.key());
    } else {
      Value& place = object[change.key()];
      place = apply_merge_patch(std::move(place), change.value());
    }
  }
  return document;
}

Value difference(const Value& before, const Value& after) {
  Difference found;
  found.compare(before, after, "");
  return std::move(found.operations);
}

}  // namespace berth::document
