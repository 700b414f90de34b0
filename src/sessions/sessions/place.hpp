#pragma once
// Private to sessions: one session in memory, and the line of those who want to change it. Everything on its lane.

#include <list>
#include <mutex>
#include <unordered_map>

#include "aio/event.hpp"
#include "document/patch.hpp"
#include "sessions/chain.hpp"
#include "sessions/sessions.hpp"

namespace berth::sessions {

// A session whose newest document is parsed.
struct Sessions::Open {
  store::SessionRow row;
  document::Measured document;
  std::uint64_t changes = 0;         // since the last whole document
};

struct Sessions::Place {
  explicit Place(const boost::asio::any_io_executor& executor) : free(executor) {}
  bool busy = false, folding = false;
  std::uint32_t waiting = 0;
  aio::Event free;
  std::unique_ptr<Open> open;        // absent: read it again
  std::list<SessionId>::iterator used;
  std::uint64_t kept_bytes = 0;      // what the lane counts for it
};

struct Sessions::NewEntry {
  Who who;
  store::SessionLog log;
  std::string client_id;
  Vault::Box box;
  WallTime now;
  Result<Appended> result{};
};

// Entries of one session that are appended in one unit of work. take() is the writer's, all else the lane's.
struct Sessions::Batch {
  explicit Batch(const boost::asio::any_io_executor& executor) : end(executor) {}
  // False when it is full, or the unit of work began: its entries are decided.
  bool join(const std::shared_ptr<NewEntry>& item) {
    constexpr std::size_t most_entries = 1000, most_bytes = 4 << 20;
    const std::lock_guard lock(mutex);
    if (begun || items.size() >= most_entries || bytes > most_bytes) return false;
    bytes += item->box.plain().size();
    items.push_back(item);
    return true;
  }
  const std::vector<std::shared_ptr<NewEntry>>& take() {
    const std::lock_guard lock(mutex);
    begun = true;
    return items;
  }
  std::mutex mutex;
  bool begun = false;
  std::size_t bytes = 0;
  std::vector<std::shared_ptr<NewEntry>> items;
  bool ended = false;
  aio::Event end;
};

struct Sessions::Lane {
  std::shared_ptr<aio::TaskGroup> group;
  std::unordered_map<SessionId, std::shared_ptr<Place>> places;
  std::unordered_map<SessionId, std::shared_ptr<Batch>> appending;  // the newest batch of each, until it ended
  std::list<SessionId> order;        // the last used first
  std::uint64_t bytes = 0;
};

// What a change makes of a session: the next link, and the row and document that come with it.
struct Sessions::Change {
  store::RevisionKind kind = store::RevisionKind::Change;
  std::string what;
  berth::sessions::Link link;        // sealed already when the lane waits for it
  store::SessionRow row;
  std::optional<document::Measured> document;  // absent: the document stays
  std::function<Result<>(store::Unit&)> also;
  bool described = false;            // more of the row changes than its version
};

// A whole document that is to be the next version, with all of the work that does not need to know which.
struct Sessions::Whole {
  document::Measured document;
  WholeContent content;
  std::string hash;
};

class Sessions::Turn {
 public:
  explicit Turn(std::shared_ptr<Place> place) : place_(std::move(place)) { place_->busy = true; }
  Turn(const Turn&) = delete;
  ~Turn() {
    place_->busy = false;
    place_->free.notify();
  }

 private:
  std::shared_ptr<Place> place_;
};

// On the session's lane, when it is its turn; shielded: a change does not stop half way.
template <class T, class F>
Sessions::Answer<T> Sessions::in_line(SessionId id, F work) {
  CO_TRY(usable());
  Lane& lane = lane_of(id);
  const auto run = [](Sessions* self, Lane* on, SessionId session, F call) -> Answer<T> {
    auto& slot = on->places[session];
    if (!slot) {
      slot = std::make_shared<Place>(on->group->executor());
      slot->used = on->order.insert(on->order.begin(), session);
    }
    const auto place = slot;
    if (place->busy && place->waiting >= self->context_.limits.waiting)
      co_return fail(Code::ResourceExhausted, "Too many changes of this session wait already.", "Try again in a moment.");
    ++place->waiting;
    while (place->busy) (void)co_await place->free.wait();
    --place->waiting;
    std::optional<Turn> turn(std::in_place, place);
    auto result = co_await call(place.get());
    turn.reset();
    self->keep(*on, session);
    co_return result;
  };
  co_return co_await aio::shielded(lane.group->executor(), run(this, &lane, std::move(id), std::move(work)));
}

}  // namespace berth::sessions
