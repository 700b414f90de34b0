#pragma once
// A recording that is being played: its events one after the other, the screen that they leave, and the way back.
//
// Reads an asciicast of any length from a file, which may still grow. Going back begins at the nearest of some places that it
// kept on the way (`most_marks` of them, each a saved screen). One thread. Errors: those of vt/cast.hpp and of the file.
//
// Example (int fd):
//   cli::CastPlayback playback(fd);
//   playback.complete();                       // nothing more is written
//   TRY_ASSIGN(const auto event, playback.next());
//   TRY_ASSIGN(const bool went, playback.back());
//   std::string now = vt::redraw(playback.screen());

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "vt/cast.hpp"
#include "vt/screen.hpp"

namespace berth::cli {

class CastPlayback {
 public:
  static constexpr std::size_t most_marks = 128;
  explicit CastPlayback(int fd, std::uint64_t mark_bytes = 1 << 20) : fd_(fd), mark_bytes_(mark_bytes) {}

  void complete() { complete_ = true; }
  // The next event, which is on the screen then; empty when there is none now, or no more.
  Result<std::optional<vt::CastEvent>> next();
  // Looks at the next one and leaves it.
  Result<std::optional<vt::CastTime>> next_time();
  // To where the screen was before the last event; false at the beginning.
  Result<bool> back();

  [[nodiscard]] const std::optional<vt::CastHeader>& header() const { return reader_.header(); }
  [[nodiscard]] const vt::Screen& screen() const { return screen_; }
  [[nodiscard]] vt::CastTime time() const { return time_; }  // of the last event

 private:
  struct Mark {  // a place where no event was pending
    std::uint64_t position, events;
    vt::CastTime time;
    vt::CastReader reader;
    std::string screen;
  };
  Result<> fill();
  void mark();
  void apply(const vt::CastEvent& event);
  Result<> begin_at(const Mark* mark);

  int fd_;
  std::uint64_t mark_bytes_;
  vt::CastReader reader_;
  vt::Screen screen_{{}};
  std::deque<vt::CastEvent> pending_;
  std::vector<Mark> marks_;
  std::uint64_t position_ = 0, events_ = 0;  // read, given
  vt::CastTime time_{};
  bool complete_ = false, finished_ = false, sized_ = false;
};

}  // namespace berth::cli
