#pragma once
// The timeline: what happened, a row each, added in the unit of work of what it tells. Ids only grow, in the order of the commits,
// and are never used twice. Of each owner's events the oldest are forgotten: what is kept is behind `EventRange::forgotten`.
// Example (store::EventReader& reader, store::EventWriter& writer, store::EventRow row, store::EventFilter filter):
//   TRY_ASSIGN(const auto id, writer.append_event(row)); TRY(reader.events(filter, id - 1, 10));
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store {

struct EventRow {
  std::uint64_t id = 0;           // given by the store, from 1 on
  std::string owner;
  std::string type;               // noun and verb: "command.ended"
  std::optional<SandboxId> sandbox;  // what it is about: one of them, or several
  std::optional<TerminalId> terminal;
  std::optional<SessionId> session;
  WallTime time{};
  std::string data;               // a JSON object
};

struct EventFilter {              // all that are given hold
  std::string owner;
  std::optional<SandboxId> sandbox;
  std::optional<TerminalId> terminal;
  std::optional<SessionId> session;
};

// Of one owner: events with ids up to `forgotten` are gone, `last` is the newest id of all owners.
struct EventRange { std::uint64_t forgotten = 0, last = 0; };

struct EventCut { std::string owner; std::uint64_t through = 0; };  // what is to be forgotten of an owner, by id

// What committed, in order; on a thread of the store, which must not wait. Before the writers' coroutines go on.
using EventsCommitted = std::function<void(std::vector<std::shared_ptr<const EventRow>>)>;

class EventReader {
 public:
  // With ids behind `after`, ascending; limit 1 to 1,000.
  virtual Result<std::vector<EventRow>> events(const EventFilter&, std::uint64_t after, std::uint32_t limit) = 0;
  virtual Result<EventRange> event_range(const std::string& owner) = 0;
  // What is older than `before`, and what is more than `most` of an owner, as far as there is anything to forget.
  virtual Result<std::vector<EventCut>> events_to_forget(WallTime before, std::uint64_t most) = 0;

 protected:
  ~EventReader() = default;
};

class EventWriter {
 public:
  virtual Result<std::uint64_t> append_event(const EventRow&) = 0;  // gives its id; that of the row is not looked at
  // The oldest of `cut`, at most `limit`; readers are told the new range. Returns how many.
  virtual Result<std::uint64_t> forget_events(const EventCut& cut, std::uint32_t limit) = 0;

 protected:
  ~EventWriter() = default;
};

}  // namespace berth::store
