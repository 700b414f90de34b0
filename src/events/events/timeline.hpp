#pragma once
// Reading the timeline from any id on and following it live: each event once, in the order of the ids, whatever happens to
// the connection or the server in between.
//
// What committed last is held in memory for those who follow (`recent_bytes`); who is behind it reads the store, a page at
// a time. So a slow reader costs a page, and a thousand idle ones no read at all when something happens to another owner.
// A reader that asks for what was forgotten, or for ids that are not there yet, is told with a Gap and goes on where it can.
//
// Threads: a Timeline is for any thread; a Reader belongs to one executor. The store outlives the timeline, which listens
// to it until close(). Errors: what the store says; Cancelled when the waiting coroutine was, and after stop() and close();
// what turn_away() was given, from then on.
//
// Example (store::Store& store, boost::asio::any_io_executor executor):
//   const auto timeline = events::Timeline::open(store, {});
//   const auto reader = timeline->read(executor, {.filter = {.owner = "local"}, .topics = {}}, 17);
//   CO_TRY_ASSIGN(const auto news, co_await reader->next(std::chrono::seconds{15}));
//   for (const auto& event : news.events) { (void)event->id; }
//   timeline->close();

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "events/topic.hpp"
#include "store/store.hpp"

namespace berth::events {

struct Settings {
  std::uint64_t recent_bytes = 4 << 20;  // held for those who follow
  std::uint32_t page = 256;              // most events of one answer
};

using Event = std::shared_ptr<const store::EventRow>;

enum class Until { Stopped, CaughtUp };  // a reader follows on, or ends when it has seen what is there

struct Gap { std::uint64_t after = 0, first = 0, last = 0; };  // asked for, and what there is: what is kept begins at `first`

struct News {
  std::vector<Event> events;   // empty: nothing came in the time
  std::optional<Gap> gap;      // then no events
  std::uint64_t position = 0;  // everything up to this id was looked at
  bool end = false;            // Until::CaughtUp: there is no more
};

class Reader;

class Timeline : public std::enable_shared_from_this<Timeline> {
 public:
  static std::shared_ptr<Timeline> open(store::Store& store, Settings settings);
  void close();  // listens no more; readers stop
  // Behind the event `after`; absent: from now on.
  std::shared_ptr<Reader> read(boost::asio::any_io_executor executor, Interest interest, std::optional<std::uint64_t> after,
                               Until until = Until::Stopped);
  [[nodiscard]] std::size_t readers() const;

 private:
  friend class Reader;
  struct Token {};

 public:
  Timeline(Token, store::Store& store, Settings settings) : store_(store), settings_(settings) {}

 private:
  void heard(std::vector<Event> events);

  store::Store& store_;
  const Settings settings_;
  mutable std::mutex mutex_;  // guards what follows, and the positions of readers
  std::deque<Event> recent_;
  std::uint64_t recent_bytes_ = 0;
  std::uint64_t before_recent_ = 0, last_ = 0;  // recent_ holds everything in between; valid once something was heard
  bool heard_ = false, closed_ = false;
  std::unordered_set<Reader*> waiting_;         // they have seen everything
  std::size_t readers_ = 0;
};

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The next events, as soon as there are any; none after `patience`. What was given once is not given again.
  boost::asio::awaitable<Result<News>> next(std::chrono::milliseconds patience);
  void stop();  // on the executor; next() gives Cancelled
  void turn_away(Error why);  // from any thread: next() fails with it from now on
  [[nodiscard]] boost::asio::any_io_executor executor() const { return executor_; }

 private:
  friend class Timeline;
  Reader(std::shared_ptr<Timeline> timeline, boost::asio::any_io_executor executor, Interest interest,
         std::optional<std::uint64_t> after, Until until);
  struct Alarm {
    explicit Alarm(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    bool rung = false;
  };
  enum class Look { Found, Behind, WaitForMore };
  Look look_at_recent(News& news);
  boost::asio::awaitable<Result<News>> look_into_store();
  boost::asio::awaitable<Result<bool>> wait_until(std::chrono::steady_clock::time_point end);  // false: in vain
  [[nodiscard]] Result<> may_go_on() const;
  void ring();

  std::shared_ptr<Timeline> timeline_;
  boost::asio::any_io_executor executor_;
  const Interest interest_;
  const Until until_;
  store::EventFilter filter_;               // what the store can narrow down
  std::optional<std::uint64_t> position_;   // under the timeline's mutex; absent: the end, not known yet
  bool caught_up_ = false;                  // with the store, once
  bool stopped_ = false;
  std::optional<Error> turned_away_;        // on the executor
  std::shared_ptr<Alarm> alarm_;            // on the executor
};

}  // namespace berth::events
