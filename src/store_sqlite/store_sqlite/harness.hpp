#pragma once
// Test only: a directory of its own for each database, and calls that wait for the store.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "os/file.hpp"
#include "store/contract_fixture.hpp"
#include "store_sqlite/store.hpp"

namespace berth::store_sqlite {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-store-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { (void)os::remove_tree(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SqliteHarness final : public store::contract::Harness {
 public:
  Result<std::unique_ptr<store::Store>> open() override { return store_sqlite::open(options()); }
  [[nodiscard]] Options options() const {
    return {.path = directory_.path() / "berth.db", .clock = &clock_, .readers = 2};
  }

 private:
  TemporaryDirectory directory_;
  SystemClock clock_;
};

// A test with a database of its own.
class StoreFiles : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "berth.db"; }
  [[nodiscard]] Options options() const { return {.path = path(), .clock = &clock_, .readers = 1}; }
  [[nodiscard]] Result<std::unique_ptr<store::Store>> open() const { return store_sqlite::open(options()); }

  template <class T>
  static T run(boost::asio::awaitable<T> work) {
    boost::asio::io_context io;
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr, T value) { result = std::move(value); });
    io.run();
    return *std::move(result);
  }
  static Result<> insert(store::Store& store, std::uint64_t number, std::string reason = {}) {
    auto row = store::contract::sandbox_row(number);
    row.reason = std::move(reason);
    return run(store.write([row](store::Unit& unit) { return unit.insert_sandbox(row); }));
  }
  // Inserts rows 0 to count - 1 into a store that it opens and closes.
  void fill(std::uint64_t count) const {
    auto store = open();
    ASSERT_TRUE(store) << store.error().describe();
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(insert(**store, i));
  }
  static bool has(store::Store& store, std::uint64_t number) {
    return run(store.read([number](store::Reader& r) { return r.sandbox(store::contract::id<SandboxId>(number)); }))
        .has_value();
  }
  static std::size_t rows(store::Store& store) {
    const auto live = run(store.read([](store::Reader& r) { return r.live_sandboxes(); }));
    EXPECT_TRUE(live) << live.error().describe();
    return live ? live->size() : 0;
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
};

}  // namespace berth::store_sqlite
