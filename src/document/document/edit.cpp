#include "document/edit.hpp"

#include <boost/json.hpp>

#include "document/format.hpp"

namespace berth::document {

// `value`: what is at `path` now; nothing when it went.
void Edit::look(const Path& path, const Value* value) {
  if (whole_) return;
  const bool deep = value && path.size() + depth_of(*value) > depth_;
  whole_ = deep || !still_accepted(root_, path);
}

void Edit::replace(Value& place, const Path& path, Value value) {
  if (!whole_) subtract(canonical_size(place)), add(canonical_size(value));
  place = std::move(value);
  look(path, &place);
}

void Edit::put(boost::json::object& holder, const Path& path, Value value) {
  const std::string& name = path.back();
  if (Value* old = holder.if_contains(name)) return replace(*old, path, std::move(value));
  if (!whole_) add(canonical_text_size(name) + 1 + canonical_size(value) + (holder.empty() ? 0 : 1));
  look(path, &holder.emplace(name, std::move(value)).first->value());
}

void Edit::insert(boost::json::array& holder, Path path, std::size_t index, Value value) {
  if (!whole_) add(canonical_size(value) + (holder.empty() ? 0 : 1));
  const auto* at = holder.insert(holder.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
  path.back() = std::to_string(index);
  look(path, at);
}

Value Edit::take(Value& holder, Value& place, const Path& path) {
  Value taken = std::move(place);
  Path gone = path;
  if (auto* object = holder.if_object()) {
    if (!whole_) subtract(canonical_text_size(path.back()) + 1 + canonical_size(taken) + (object->size() > 1 ? 1 : 0));
    object->erase(path.back());
  } else {
    auto& array = holder.get_array();
    if (!whole_) subtract(canonical_size(taken) + (array.size() > 1 ? 1 : 0));
    array.erase(array.begin() + (&place - array.data()));
    gone.back() = "-";  // the next item has its index
  }
  look(gone, nullptr);
  return taken;
}

}  // namespace berth::document
