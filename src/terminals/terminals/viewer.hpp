#pragma once
// One reader of one terminal: an offset. At the end it is handed what comes in; behind the end it reads the journal at
// its own pace, so that it costs one chunk of memory and delays nobody. On the sandbox's strand; destroying it detaches.
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
#include "terminals/terminal.hpp"

namespace berth::terminals {

class Viewer {
 public:
  struct Chunk { ByteOffset from; std::string_view data; bool error = false; };  // valid until the next read
  struct Ended { std::optional<Exit> exit; ByteOffset end; std::string reason; };
  using Item = std::variant<Chunk, Ended>;

  Viewer(std::shared_ptr<Terminal> terminal, ByteOffset from);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // The next output, or the end after the last byte. One at a time. Cancelled when the coroutine is.
  boost::asio::awaitable<Result<Item>> read();
  [[nodiscard]] const std::shared_ptr<Terminal>& terminal() const { return terminal_; }
  [[nodiscard]] ByteOffset position() const { return position_; }

 private:
  friend class Terminal;
  std::optional<Chunk> from_recent();
  Result<std::optional<Chunk>> from_journal();
  void advance(std::size_t bytes);

  std::shared_ptr<Terminal> terminal_;
  ByteOffset position_;
  std::shared_ptr<const std::string> held_;  // what the last chunk points into
  std::optional<journal::Cursor> cursor_;    // only while behind: a caught-up viewer holds no descriptor
  boost::asio::steady_timer wake_;
};

}  // namespace berth::terminals
