#pragma once
// Pages of a list: keyset pages, stable while rows come and go.

#include <cstdint>
#include <string>
#include <vector>

namespace berth::store {

// `after` is a cursor from the page before, "" for the first. Limit 1 to 100 (1,000 for commands).
struct PageRequest { std::string after; std::uint32_t limit = 20; };
template <class Row>
struct Page { std::vector<Row> rows; std::string next; };  // next is "" at the end

}  // namespace berth::store
