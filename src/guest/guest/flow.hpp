#pragma once
// Windows and positions of one stream (wire/init.proto), as pure bookkeeping: what may be sent, what must be kept for a
// Resume, what is a duplicate. No descriptor, no clock. Positions are bytes from 0.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::guest {

enum class Source : std::uint8_t { Output, Error };

// What a process wrote, on its way out. Both sources count against one window.
class OutputFlow {
 public:
  struct Piece { Source source; std::uint64_t offset; std::string data; };

  [[nodiscard]] std::uint64_t room() const { return limit_ > sent_ ? limit_ - sent_ : 0; }
  [[nodiscard]] std::uint64_t position(Source source) const { return positions_[index(source)]; }
  void grant(std::uint64_t limit);  // a smaller one than before is old news
  // Counts and keeps bytes that are sent now; gives the position of their first byte. At most room() of them.
  std::uint64_t record(Source source, std::string_view data);
  // What to send again, so that the receiver, who has `output` and `error` bytes, has all. Fails when that was forgotten
  // or never sent.
  Result<std::deque<Piece>> resend(std::uint64_t output, std::uint64_t error) const;

 private:
  static std::size_t index(Source source) { return static_cast<std::size_t>(source); }
  void forget();

  std::uint64_t limit_ = 0;
  std::uint64_t sent_ = 0;       // of both sources
  std::uint64_t forgotten_ = 0;  // of both sources
  std::array<std::uint64_t, 2> positions_{};
  std::array<std::uint64_t, 2> forgotten_positions_{};
  std::deque<Piece> kept_;       // in the order of sending; at most one window
};

// What a process is to read, on its way in.
class InputFlow {
 public:
  // Drops what came before; fails at a gap, beyond the window, or after the end.
  Result<> accept(std::uint64_t offset, std::string_view data);
  [[nodiscard]] std::string_view pending() const { return std::string_view(pending_).substr(taken_); }
  void consumed(std::size_t bytes);
  void discard();                // the process reads no more: what comes is taken and dropped
  void close() { closing_ = true; }
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // The limit to grant now, when it is worth a frame.
  std::optional<std::uint64_t> grant();

 private:
  std::uint64_t received_ = 0;
  std::uint64_t granted_ = 0;
  std::string pending_;
  std::size_t taken_ = 0;
  bool closing_ = false;
  bool discarding_ = false;
};

}  // namespace berth::guest
