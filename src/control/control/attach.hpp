#pragma once
// How a viewer comes to a terminal, and what it is told from then on. Part of control/actions.hpp.
// A viewer that acknowledges is told of its seat, of the size and of what it did not get; another gets output and the end.
// Seats: one viewer types, the others read (docs/decisions/0010-seats-and-answers.md).
//
// Example (std::shared_ptr<control::Attachment> attachment):
//   CO_TRY(attachment->acknowledge(attachment->position()));
//   CO_TRY(attachment->take_over());

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/exit.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "control/target.hpp"
#include "store/rows.hpp"

namespace berth::control {

struct TerminalInfo { store::TerminalRow row; ByteOffset end; std::uint32_t viewers = 0; };

enum class Slow { AsConfigured, Skip, Wait };        // what becomes of a viewer that does not follow
enum class Seat { Reader, Writer };
enum class SeatWish { WhenFree, Never, TakeOver };

struct ViewerWish {
  bool acknowledges = false;
  Slow slow = Slow::AsConfigured;
  SeatWish seat = SeatWish::WhenFree;
  bool answers = false;                // its terminal answers what programs ask terminals; else the server does
  std::string name;                    // its own, the same over its connections; "": it has none and keeps no seat
  std::optional<Seat> had;             // it comes back after a lost connection, on which it had this
};

// Where it begins: at most one of from and at; none: only what comes from now on. `at` is a place as in
// control/recording_actions.hpp: a viewer that acknowledges is shown the screen that was there first.
struct AttachTerminal {
  TerminalTarget terminal;
  std::optional<ByteOffset> from;
  std::string at{};
  ViewerWish wish{};
};

// A viewer of one terminal. Used on the terminal's own executor (`executor()`): a transport moves its connection there
// first, so that a key and its echo never change threads. Bytes come once and in order, from the journal when the viewer
// is behind; memory is bounded by one chunk. Destroying it detaches: the connection was lost, and a viewer with a name may
// come back to its seat; leave() before says that it does not.
class Attachment {
 public:
  struct Chunk { ByteOffset from; std::string_view data; bool error = false; };  // valid until the next read; error: stderr
  enum class Missed { Slow, Removed, Damaged };  // it did not follow; a limit took it; it cannot be read any more
  struct Skipped {                               // output that this viewer does not get; it goes on at `to`
    ByteOffset from, to;
    Missed why = Missed::Slow;
    TerminalSize size;
    std::string redraw;                          // the screen at `to`, from a reset; empty for one that waits, and for pipes
  };
  struct Drawn {                                 // the screen at the place where it wished to begin; told first
    ByteOffset at;
    TerminalSize size;
    std::string redraw;                          // from a reset
  };
  struct SeatChange { Seat seat = Seat::Reader; ByteOffset live; std::string_view why; };
  struct SizeChange { TerminalSize size; };
  struct Ended { std::optional<Exit> exit; ByteOffset end; std::string reason; };
  using Item = std::variant<Chunk, Skipped, Drawn, SeatChange, SizeChange, Ended>;
  struct Greeting {
    Seat seat = Seat::Reader;
    ByteOffset live;                             // from here on the writer's terminal answers; before it everything is old
    std::uint64_t window_bytes = 0;              // most bytes that are not acknowledged; 0: it does not acknowledge
    bool drawn = false;                          // Drawn comes first
  };

  virtual ~Attachment() = default;
  [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;
  [[nodiscard]] virtual TerminalInfo info() const = 0;
  [[nodiscard]] virtual Greeting greeting() const = 0;    // now
  [[nodiscard]] virtual ByteOffset position() const = 0;  // of the next byte that read() gives
  // Waits for output after the last chunk, for news, or for the end (only after the last byte was given).
  virtual boost::asio::awaitable<Result<Item>> read() = 0;
  virtual Result<> acknowledge(ByteOffset taken) = 0;
  virtual Result<> take_over() = 0;                       // the seat; whoever has it is told
  virtual void leave() = 0;                               // does not come back
  virtual boost::asio::awaitable<Result<>> input(std::string_view data) = 0;  // waits while the process does not read
  virtual Result<> close_input() = 0;
  virtual Result<> resize(TerminalSize size) = 0;         // of the viewer's window
  virtual Result<> signal(int signal) = 0;
  virtual void turn_away(Error why) = 0;                  // from any thread: read() and input() fail with it from now on
};

}  // namespace berth::control
