#pragma once
// A terminal's journal as the shim writes it: appended first, told then. When the disk is full, what could not be written
// is held in order, and the source of it must give no more until retry() succeeded: nothing is lost, memory is bounded by
// what the source had in hand. Thread: the loop's.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "journal/writer.hpp"

namespace berth::shim {

class TerminalLog {
 public:
  using Appended = std::function<void(journal::Kind kind, ByteOffset offset, std::string_view bytes, WallTime time)>;

  TerminalLog(journal::Writer writer, const Clock& clock, Appended appended)
      : writer_(std::move(writer)), clock_(clock), appended_(std::move(appended)) {}

  // Any size. Call it while blocked too: it is held.
  void append(journal::Kind kind, std::string_view bytes);
  // True when nothing is held any more.
  bool retry();
  [[nodiscard]] bool blocked() const { return !held_.empty(); }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }  // while blocked
  [[nodiscard]] std::size_t held_bytes() const;
  [[nodiscard]] ByteOffset end() const { return writer_.end(); }
  [[nodiscard]] journal::Writer& writer() { return writer_; }

 private:
  struct Held { journal::Kind kind; std::string bytes; WallTime time; };
  bool write(journal::Kind kind, std::string_view bytes, WallTime time);
  void hold(journal::Kind kind, std::string_view bytes, WallTime time);

  journal::Writer writer_;
  const Clock& clock_;
  Appended appended_;
  std::deque<Held> held_;
  std::optional<Error> failure_;
};

}  // namespace berth::shim
