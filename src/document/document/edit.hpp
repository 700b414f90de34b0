#pragma once
// Private to document: the ways in which a place of a document changes, with what each does to the whole.
//
// bytes() is exactly how much longer the canonical form became. whole() is set once it is not sure any more, from the changed
// places alone, that the document is of its form and not too deep: then a look at all of it says so. Looking is bounded by what
// the changes bring, but for moving: after a few moves the rest is left to the one look.

#include "document/json.hpp"
#include "document/pointer.hpp"

namespace berth::document {

class Edit {
 public:
  Edit(Value& root, std::uint32_t depth) : root_(root), depth_(depth) {}

  void replace(Value& place, const Path& path, Value value);
  void put(boost::json::object& holder, const Path& path, Value value);               // the member path.back(), new or not
  void insert(boost::json::array& holder, Path path, std::size_t index, Value value);  // path.back() may be "-"
  Value take(Value& holder, Value& place, const Path& path);
  void moved() { whole_ |= ++moves_ > most_moves; }

  [[nodiscard]] std::int64_t bytes() const { return bytes_; }  // of no meaning when whole()
  [[nodiscard]] bool whole() const { return whole_; }

 private:
  static constexpr int most_moves = 8;
  void add(std::uint64_t bytes) { bytes_ += static_cast<std::int64_t>(bytes); }
  void subtract(std::uint64_t bytes) { bytes_ -= static_cast<std::int64_t>(bytes); }
  void look(const Path& path, const Value* value);

  Value& root_;
  const std::uint32_t depth_;
  std::int64_t bytes_ = 0;
  int moves_ = 0;
  bool whole_ = false;
};

}  // namespace berth::document
