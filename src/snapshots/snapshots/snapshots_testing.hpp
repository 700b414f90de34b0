#pragma once
// For tests of this room: snapshots and sessions over a real SQLite in a directory of its own; calls block. restart() is what a
// kill leaves.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <filesystem>
#include <future>

#include "aio/lanes.hpp"
#include "aio/runtime.hpp"
#include "os/scratch_dir.hpp"
#include "snapshots/snapshots.hpp"

namespace berth::snapshots::testing {

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& home, const Clock& clock);

class Room {
 public:
  explicit Room(std::filesystem::path home, Limits limits = {}, std::function<void(std::string_view)> before = {})
      : home_(std::move(home)), limits_(limits), before_(std::move(before)) {
    start();
  }
  Room(const Room&) = delete;
  ~Room() { end(); }
  void restart() {
    end();
    start();
  }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto future = begin(std::move(work));
    EXPECT_EQ(future.wait_for(std::chrono::seconds{60}), std::future_status::ready) << "a call does not come back";
    return future.get();
  }
  template <class T>
  std::future<T> begin(boost::asio::awaitable<T> work) {
    return boost::asio::co_spawn(runtime_->at(next_++ % runtime_->size()).get_executor(), std::move(work), boost::asio::use_future);
  }
  Snapshots& operator*() { return *snapshots_; }
  Snapshots* operator->() { return snapshots_.get(); }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] sessions::Sessions& sessions() { return *sessions_; }
  [[nodiscard]] std::filesystem::path dir() const { return home_ / "snapshots"; }

  FakeClock clock;
  std::vector<std::string> recorded;  // "created by ada"; on the store's thread
  std::vector<std::string> refused;   // ids
  std::map<std::string, std::string> casts;  // of terminals

 private:
  Context context() {
    return {.store = store_.get(), .clock = &clock, .pool = pool_.get(), .transfers = transfers_.get(), .sessions = sessions_.get(), .log = {},
            .dir = home_ / "snapshots", .keys = home_ / "keys", .known_signers = home_ / "known_signers", .signer = "test",
            .recording = [this](const store::TerminalRow& row) { return recording(row); },
            .workspace = [this](const std::string& sandbox) { return home_ / "sandboxes" / sandbox; },
            .record = [this](store::Unit&, const store::SnapshotRow&, const std::string& what, const Who& who) -> Result<> {
              recorded.push_back(what + " by " + who.owner);
              return {};
            },
            .refused = [this](store::Unit&, const SnapshotId& id, const Who&) -> Result<> {
              refused.push_back(id.str());
              return {};
            },
            .before = before_, .limits = limits_};
  }
  Result<Pieces> recording(const store::TerminalRow& row) {
    const auto found = casts.find(row.id.str());
    if (found == casts.end()) return fail(Code::NotFound, "There is no journal.");
    return [text = found->second, at = std::size_t{0}]() mutable -> Result<std::optional<std::string>> {
      if (at == text.size()) return std::nullopt;
      std::string out = text.substr(at, 1000);
      at += out.size();
      return out;
    };
  }
  void start() {
    ASSERT_TRUE(os::make_private_directory(home_));
    auto opened = open_store(home_, clock);
    ASSERT_TRUE(opened) << opened.error().describe();
    store_ = *std::move(opened);
    runtime_ = std::make_unique<aio::Runtime>(2);
    lanes_ = std::make_unique<aio::Lanes>(*runtime_);
    pool_ = std::make_unique<aio::Pool>("test", 2, 1000);
    transfers_ = std::make_unique<aio::Pool>("transfers", 2, 0);
    sessions_ = std::make_unique<sessions::Sessions>(sessions::Context{
        .store = store_.get(), .clock = &clock, .pool = pool_.get(), .lanes = lanes_.get(), .log = {}, .keys = home_ / "keys",
        .workspace = [](const std::string&) { return store::WorkspaceMark{}; }, .record = {}, .limits = {.active = 1000, .stored = 1000}});
    snapshots_ = std::make_unique<Snapshots>(context());
    runtime_->start();
    const auto ready = run(sessions_->open());
    ASSERT_TRUE(ready) << ready.error().describe();
    const auto both = run(snapshots_->open());
    ASSERT_TRUE(both) << both.error().describe();
  }
  void end() {
    if (snapshots_) snapshots_->close();
    if (lanes_) (void)run(lanes_->stop(std::chrono::seconds{30}));
    if (store_) store_->close();
    if (runtime_) runtime_->stop();
    if (pool_) pool_->join();
    if (transfers_) transfers_->join();
    snapshots_.reset();
    sessions_.reset();
    transfers_.reset();
    pool_.reset();
    lanes_.reset();
    runtime_.reset();
    store_.reset();
  }

  std::filesystem::path home_;
  Limits limits_;
  std::function<void(std::string_view)> before_;
  std::size_t next_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<aio::Runtime> runtime_;
  std::unique_ptr<aio::Lanes> lanes_;
  std::unique_ptr<aio::Pool> pool_, transfers_;
  std::unique_ptr<sessions::Sessions> sessions_;
  std::unique_ptr<Snapshots> snapshots_;
};

}  // namespace berth::snapshots::testing
