#pragma once
// Test only: a directory of its own for each database, removed afterwards.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "os/file.hpp"
#include "store/contract.hpp"
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
  [[nodiscard]] Options options() const { return {.path = directory_.path() / "berth.db", .clock = &clock_, .readers = 2}; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  SystemClock clock_;
};

}  // namespace berth::store_sqlite
