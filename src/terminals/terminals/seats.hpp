#pragma once
// Who types in a terminal: one writer, any number of readers; and whose window gives the terminal its size. Pure: events
// and moments in, who is to be told what out. seats_test.cpp prints the state table.
//
//   free  nobody types. The first viewer that may write gets the seat, and so does the first in line when it falls free.
//   held  a viewer has it. Another one gets it by taking over, which is an act of a person, never of a reconnect.
//   kept  its writer was lost, not gone: for the grace time the seat is his who comes back by the same name.
//
// After a restart of the server nobody knows who wrote. For the grace time, then, a viewer that says that it was the writer
// gets the seat from one that just came, and viewers that say that they read wait in line.
//
// Not thread-safe; one terminal, one strand. Memory: a row for each viewer.
//
// Example (SteadyTime now):
//   terminals::Seats seats({.grace = std::chrono::seconds{30}});
//   for (const auto& told : seats.enter(1, {.name = "laptop"}, now)) bool types = told.writer;
//   seats.leave(1, terminals::Seats::Leaving::Lost, now);
//   if (const auto when = seats.deadline()) seats.expire(*when);

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"

namespace berth::terminals {

class Seats {
 public:
  using Id = std::uint64_t;  // of a connection; they grow in the order of arrival
  enum class State { Free, Held, Kept };
  enum class Why { Came, Resumed, TakenOver, Freed };
  enum class Leaving { Gone, Lost };  // Lost: it may come back
  enum class SizeBy { Writer, Smallest };

  struct Settings {
    std::chrono::milliseconds grace{30'000};
    SizeBy size_by = SizeBy::Writer;
    std::optional<SteadyTime> restarted;  // when this server found the terminal again
  };
  struct Request {
    bool may_write = true;
    bool takes_over = false;
    std::string name;          // the same over the connections of one viewer; "": it keeps no seat
    std::optional<bool> wrote;  // it comes back, and was the writer or not
  };
  struct Told { Id viewer = 0; bool writer = false; Why why = Why::Came; };
  using News = std::vector<Told>;  // what changed for whom; a reader that stays one is not told

  explicit Seats(Settings settings);

  News enter(Id viewer, Request request, SteadyTime now);
  News leave(Id viewer, Leaving how, SteadyTime now);
  News take_over(Id viewer);  // nothing when it may not write, or has it
  News expire(SteadyTime now);  // at deadline()
  void say_size(Id viewer, TerminalSize size);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::optional<Id> writer() const;
  [[nodiscard]] std::optional<SteadyTime> deadline() const;
  // The writer's window, or the least of all that may write: who only reads never changes it. Nothing said: nothing.
  [[nodiscard]] std::optional<TerminalSize> size() const;

 private:
  struct Place { Request request; std::optional<TerminalSize> size; };
  void give(Id viewer, Why why, bool firm, News& news);
  void give_to_first(News& news);
  [[nodiscard]] bool claims(const Request& request, SteadyTime now) const;
  [[nodiscard]] bool settling(SteadyTime now) const { return restart_over_ && now < *restart_over_; }

  Settings settings_;
  State state_ = State::Free;
  std::map<Id, Place> places_;
  Id writer_ = 0;             // while held
  bool firm_ = true;          // held by one that was the writer, or took over, or came when all was known
  std::string name_;          // of the writer, while held or kept
  SteadyTime kept_until_{};   // while kept
  std::optional<SteadyTime> restart_over_;
};

[[nodiscard]] std::string_view to_string(Seats::State state);
[[nodiscard]] std::string_view to_string(Seats::Why why);

}  // namespace berth::terminals
