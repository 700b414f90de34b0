#pragma once
// For tests of this room: sessions over a real SQLite in a directory of its own; calls block. restart() is what a kill leaves.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "aio/runtime.hpp"
#include "os/file.hpp"
#include "sessions/sessions.hpp"

namespace berth::sessions::testing {

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& home, const Clock& clock);
// What somebody does who can write the database, statement by statement.
void tamper(const std::filesystem::path& home, const std::string& sql);

class Room {
 public:
  enum class Broken { No, May };
  explicit Room(Limits limits = {}, std::filesystem::path home = {}, Broken broken = Broken::No)
      : limits_(limits), home_(std::move(home)), owns_(home_.empty()), broken_(broken) {
    if (owns_) {
      std::string pattern = (std::filesystem::temp_directory_path() / "berth-sessions-XXXXXX").string();
      EXPECT_NE(mkdtemp(pattern.data()), nullptr);
      home_ = pattern;
    }
    start();
  }
  Room(const Room&) = delete;
  ~Room() {
    end();
    if (owns_) (void)os::remove_tree(home_);
  }
  void restart() {
    end();
    start();
  }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto future = boost::asio::co_spawn(runtime_->at(next_++ % runtime_->size()).get_executor(), std::move(work), boost::asio::use_future);
    EXPECT_EQ(future.wait_for(std::chrono::seconds{60}), std::future_status::ready) << "a call does not come back";
    return future.get();
  }
  template <class T>
  std::future<T> begin(boost::asio::awaitable<T> work) {
    return boost::asio::co_spawn(runtime_->at(next_++ % runtime_->size()).get_executor(), std::move(work), boost::asio::use_future);
  }
  Sessions& operator*() { return *sessions_; }
  Sessions* operator->() { return sessions_.get(); }
  [[nodiscard]] bool usable() const { return usable_; }  // Broken::May: whether it could be opened
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const std::filesystem::path& home() const { return home_; }
  FakeClock clock;
  std::function<Result<store::WorkspaceMark>(const std::string&)> workspace = [](const std::string&) {
    return store::WorkspaceMark{.device = 1, .inode = 2, .owner = 3, .mode = 0700};
  };
  std::vector<std::string> recorded;  // on the store's thread

 private:
  void start() {
    auto opened = open_store(home_, clock);
    if (!opened && broken_ == Broken::May) return;
    ASSERT_TRUE(opened) << opened.error().describe();
    store_ = *std::move(opened);
    runtime_ = std::make_unique<aio::Runtime>(2);
    lanes_ = std::make_unique<aio::Lanes>(*runtime_);
    pool_ = std::make_unique<aio::Pool>("test", 2, 1000);
    sessions_ = std::make_unique<Sessions>(Context{
        .store = store_.get(), .clock = &clock, .pool = pool_.get(), .lanes = lanes_.get(), .log = {}, .keys = home_ / "keys",
        .workspace = [this](const std::string& sandbox) { return workspace(sandbox); },
        .record = [this](store::Unit&, const store::SessionRow&, const std::string& what, const Who&) -> Result<> {
          recorded.push_back(what);
          return {};
        },
        .limits = limits_});
    runtime_->start();
    const auto ready = run(sessions_->open());
    usable_ = ready.has_value();
    if (broken_ == Broken::No) ASSERT_TRUE(ready) << ready.error().describe();
  }
  void end() {
    if (lanes_) (void)run(lanes_->stop(std::chrono::seconds{30}));
    if (store_) store_->close();
    if (runtime_) runtime_->stop();
    if (pool_) pool_->join();
    sessions_.reset();
    pool_.reset();
    lanes_.reset();
    runtime_.reset();
    store_.reset();
  }

  Limits limits_;
  std::filesystem::path home_;
  bool owns_, usable_ = false;
  Broken broken_;
  std::size_t next_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<aio::Runtime> runtime_;
  std::unique_ptr<aio::Lanes> lanes_;
  std::unique_ptr<aio::Pool> pool_;
  std::unique_ptr<Sessions> sessions_;
};

}  // namespace berth::sessions::testing
