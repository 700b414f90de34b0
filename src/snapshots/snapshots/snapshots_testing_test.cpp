#include "snapshots/snapshots_testing.hpp"

#include "store_sqlite/open.hpp"

namespace berth::snapshots::testing {

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& home, const Clock& clock) {
  return store_sqlite::open({.path = home / "berth.db", .clock = &clock, .readers = 2});
}

}  // namespace berth::snapshots::testing
