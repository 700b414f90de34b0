#pragma once
// One reader of one terminal: an offset. At the end it is handed what comes in; behind the end it reads the journal at
// its own pace, so that it costs one chunk of memory and delays nobody. On the sandbox's strand; destroying it detaches.
//
// A viewer that acknowledges has at most Settings::viewer_window_bytes under way. When it has taken so much no longer and
// is Settings::viewer_lag_bytes behind besides, it is moved forward to the present screen as soon as it takes something
// again (Skipped), unless it waits (`skips` false). What was there before it came is never skipped that way. Output that a
// limit removed, or that is damaged, is told as Skipped too; a viewer that does not acknowledge sees the gap in the offsets.
//
// Example (std::shared_ptr<terminals::Terminal> terminal):
//   const auto viewer = std::make_shared<terminals::Viewer>(terminal, ByteOffset{0});
//   CO_TRY_ASSIGN(const auto item, co_await viewer->read());
//   if (std::holds_alternative<terminals::Viewer::Ended>(item)) co_return Result<>{};

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "journal/cursor.hpp"
#include "terminals/seats.hpp"
#include "terminals/terminal.hpp"

namespace berth::terminals {

struct ViewerOptions {
  bool acknowledges = false;  // and is told of what is skipped, of seats and sizes
  bool skips = false;         // forward to the present screen when it does not follow
  bool answers = false;       // while it is the writer its terminal answers what programs ask
  Seats::Request seat{.may_write = false};
};

class Viewer {
 public:
  using Options = ViewerOptions;
  enum class Missed { Slow, Removed, Damaged };

  struct Chunk { ByteOffset from; std::string_view data; bool error = false; };  // valid until the next read
  struct Skipped { ByteOffset from, to; Missed why = Missed::Slow; TerminalSize size; std::string redraw; };
  struct Seated { bool writer = false; ByteOffset live; Seats::Why why = Seats::Why::Came; };
  struct Resized { TerminalSize size; };
  struct Ended { std::optional<Exit> exit; ByteOffset end; std::string reason; };
  using Item = std::variant<Chunk, Skipped, Seated, Resized, Ended>;

  Viewer(std::shared_ptr<Terminal> terminal, ByteOffset from, Options options = {});
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // The next output or news, or the end after the last byte. One at a time. Cancelled when the coroutine is.
  boost::asio::awaitable<Result<Item>> read();
  Result<> acknowledge(ByteOffset taken);  // InvalidArgument: more than it was given
  Result<> take_over();                    // PermissionDenied for one that only reads
  Result<> may_type() const;               // PermissionDenied, FailedPrecondition: another one has the seat
  void say_size(TerminalSize size) { terminal_->audience_.say_size(*this, size); }
  void turn_away(Error why);               // read() and may_type() fail with it from now on
  void leave() { leaving_ = Seats::Leaving::Gone; }  // its end is no lost connection

  [[nodiscard]] const std::shared_ptr<Terminal>& terminal() const { return terminal_; }
  [[nodiscard]] ByteOffset position() const { return position_; }
  [[nodiscard]] bool writer() const { return writer_; }
  [[nodiscard]] ByteOffset live() const { return live_; }  // from here on the writer's terminal answers
  [[nodiscard]] std::uint64_t window() const;

 private:
  friend class Audience;
  friend class Terminal;
  struct Gap { ByteOffset to; Missed why = Missed::Removed; };
  using Found = std::variant<std::monostate, Chunk, Gap>;

  void seated(bool writer, Seats::Why why);
  void resized();
  void wake() { wake_.cancel(); }
  std::optional<Item> news();
  [[nodiscard]] std::uint64_t room() const;
  bool follows();
  std::optional<Chunk> from_recent();
  Result<Found> from_journal();
  Result<std::optional<Gap>> open_cursor();
  boost::asio::awaitable<Result<Item>> move_forward(Gap gap);
  Chunk given(Chunk chunk);

  std::shared_ptr<Terminal> terminal_;
  Options options_;
  ByteOffset position_;
  ByteOffset acknowledged_;
  ByteOffset asked_for_;                     // what is before it was wanted, however slowly
  ByteOffset live_;
  Seats::Id id_ = 0;
  Seats::Leaving leaving_ = Seats::Leaving::Lost;
  bool writer_ = false, behind_ = false, size_news_ = false;
  std::optional<Seats::Why> seat_news_;
  std::optional<Error> turned_away_;
  std::shared_ptr<const std::string> held_;  // what the last chunk points into
  std::unique_ptr<journal::Cursor> cursor_;  // only while behind: a caught-up viewer holds no descriptor
  boost::asio::steady_timer wake_;
};

}  // namespace berth::terminals
