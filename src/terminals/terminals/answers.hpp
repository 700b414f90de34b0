#pragma once
// Answers what programs ask their terminal (where the cursor is, what it can do), while no viewer's terminal does: a shell
// that waits for an answer would hang, and each question is answered once.
//
// Cheap: output is looked through for questions (vt/queries.hpp); only one that is found makes a screen, from the nearest
// checkpoint of the journal, which then goes on with the output until `quiet_bytes` came without a question. Screens are
// drawn in the pool. Output that is too dear to draw (`most_time` for one piece) is not answered for `rest_time`.
//
// On the terminal's strand; the terminal owns it. Output is told in order; what is missing in between is read from the
// journal. What came while no server ran is not answered: whether it was, nobody knows.
// Memory: a parser; while programs ask a screen besides, and at most `most_pending_bytes` of answers that nobody reads.

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "journal/cursor.hpp"
#include "vt/queries.hpp"
#include "vt/screen.hpp"

namespace berth::terminals {

class Terminal;

class Answers {
 public:
  static constexpr std::uint64_t quiet_bytes = 1 << 20;
  static constexpr std::size_t most_pending_bytes = 64 << 10;
  static constexpr std::chrono::milliseconds most_time{500};
  static constexpr std::chrono::milliseconds rest_time{10'000};

  explicit Answers(Terminal& terminal) : terminal_(terminal) {}

  void output(ByteOffset offset, std::string_view bytes);
  void rest();  // from the present end on a viewer's terminal answers

 private:
  using Clock = std::chrono::steady_clock;
  void scan(std::string_view bytes);
  void type(std::string replies);
  static boost::asio::awaitable<void> run_type(std::shared_ptr<Terminal> terminal);
  static boost::asio::awaitable<void> run_read(std::shared_ptr<Terminal> terminal);
  boost::asio::awaitable<Result<>> read_on();
  boost::asio::awaitable<Result<>> take(const journal::Piece& piece);
  boost::asio::awaitable<Result<>> draw(const journal::Piece& piece);

  Terminal& terminal_;
  bool active_ = false, reading_ = false, typing_ = false;
  ByteOffset position_;                 // of the next byte to look at, while active
  std::optional<ByteOffset> until_;     // where the part of this server ends
  vt::QueryScanner scanner_;
  std::unique_ptr<vt::Screen> screen_;  // at position_
  bool asked_ = false;                  // behind position_ is a question: a screen is needed
  std::uint64_t quiet_ = 0;
  std::string pending_;
  Clock::time_point resting_{};         // until then nothing is looked at
};

}  // namespace berth::terminals
