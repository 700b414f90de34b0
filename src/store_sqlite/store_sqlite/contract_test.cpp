#include "store/contract.hpp"
#include "store/contract_events.hpp"
#include "store/contract_verbs.hpp"
#include "store/contract_jobs.hpp"
#include "store/contract_sessions.hpp"
#include "store/contract_snapshots.hpp"

#include "store_sqlite/harness.hpp"

namespace berth::store::contract {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(MakeHarness([] { return std::make_unique<store_sqlite::SqliteHarness>(); })),
                         [](const auto&) { return "Sqlite"; });
INSTANTIATE_TEST_SUITE_P(Sqlite, JobContract,
                         testing::Values(MakeHarness([] { return std::make_unique<store_sqlite::SqliteHarness>(); })),
                         [](const auto&) { return "Sqlite"; });

INSTANTIATE_TEST_SUITE_P(Sqlite, EventContract,
                         testing::Values(MakeHarness([] { return std::make_unique<store_sqlite::SqliteHarness>(); })),
                         [](const auto&) { return "Sqlite"; });
INSTANTIATE_TEST_SUITE_P(Sqlite, SessionContract,
                         testing::Values(MakeHarness([] { return std::make_unique<store_sqlite::SqliteHarness>(); })),
                         [](const auto&) { return "Sqlite"; });

INSTANTIATE_TEST_SUITE_P(Sqlite, SnapshotContract,
                         testing::Values(MakeHarness([] { return std::make_unique<store_sqlite::SqliteHarness>(); })),
                         [](const auto&) { return "Sqlite"; });

}  // namespace berth::store::contract
