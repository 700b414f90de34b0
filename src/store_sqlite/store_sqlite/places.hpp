#pragma once
// Private to store_sqlite: where a page of a list begins and ends that is ordered by a title's key or a time, then by seq.

#include <limits>
#include <optional>

#include "store/session.hpp"
#include "store_sqlite/queries.hpp"

namespace berth::store_sqlite {

enum class Key { Title, Time };

// Binds ?2 and ?3, the place behind which the page begins; call it after the other values.
inline void bind_place(Statement& statement, Key key, store::Direction direction, const std::optional<store::SessionPosition>& after) {
  const bool up = direction == store::Direction::Up;
  const std::int64_t begin = up ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  statement.bind_at(3, after ? after->number : begin);
  if (key == Key::Time) statement.bind_at(2, after ? after->time_ns : begin);
  else if (after) statement.bind_at(2, std::string_view(after->title_key));
  else if (up) statement.bind_at(2, std::string_view());
  else statement.bind_at(2, Blob{"\xff"});  // a blob comes after every text
}

// The statement asked for one row more than the page holds. `time_of` gives the time that the list is ordered by.
template <class Page, class Read, class TimeOf>
Result<Page> read_places(Statement& statement, Read read, int seq_column, std::uint32_t limit, TimeOf time_of) {
  Page page;
  std::int64_t last = 0;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) return page;
    if (page.rows.size() == limit) {
      const auto& row = page.rows.back();
      page.next = store::SessionPosition{.title_key = row.title_key, .time_ns = time_of(row).time_since_epoch().count(), .number = last};
      return page;
    }
    last = statement.integer(seq_column);
    TRY_ASSIGN(auto row, read(statement));
    page.rows.push_back(std::move(row));
  }
}

}  // namespace berth::store_sqlite
