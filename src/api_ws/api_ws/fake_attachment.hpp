#pragma once
// For tests: a terminal that says what it is told to, and records what is done to it. On its executor; say() and end()
// come from any thread.

#include <atomic>
#include <mutex>

#include <boost/asio/post.hpp>

#include "aio/event.hpp"
#include "control/control.hpp"

namespace berth::api_ws {

class FakeTerminal : public std::enable_shared_from_this<FakeTerminal> {
 public:
  explicit FakeTerminal(boost::asio::any_io_executor e) : executor(e), changed(e) {}
  void say(std::string bytes) {
    boost::asio::post(executor, [self = shared_from_this(), bytes = std::move(bytes)] {
      self->output += bytes;
      self->changed.notify();
    });
  }
  void end(Exit how) {
    boost::asio::post(executor, [self = shared_from_this(), how] {
      self->exit = how;
      self->changed.notify();
    });
  }
  std::string input_so_far() {
    const std::lock_guard lock(mutex);
    return input;
  }

  boost::asio::any_io_executor executor;
  aio::Event changed;
  std::string output;
  std::optional<Exit> exit;
  std::optional<Error> turned_away;
  std::mutex mutex;  // guards what tests read
  std::string input;
  std::atomic<bool> full = false;  // its program does not read
  std::atomic<int> viewers = 0, resized = 0, signalled = 0, typed = 0;
  std::atomic<int> taken_over = 0, left = 0;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::uint64_t window = 0;
  std::optional<control::Attachment::Item> news;  // told before any output; set before anybody attaches
  std::atomic<bool> input_closed = false;
};

class FakeAttachment final : public control::Attachment {
 public:
  FakeAttachment(std::shared_ptr<FakeTerminal> terminal, ByteOffset from, std::size_t chunk)
      : terminal_(std::move(terminal)), position_(from), chunk_(chunk) {
    ++terminal_->viewers;
  }
  ~FakeAttachment() override { --terminal_->viewers; }
  boost::asio::any_io_executor executor() const override { return terminal_->executor; }
  control::TerminalInfo info() const override { return {}; }
  ByteOffset position() const override { return position_; }
  Greeting greeting() const override { return {.seat = control::Seat::Writer, .live = {}, .window_bytes = terminal_->window}; }

  boost::asio::awaitable<Result<Item>> read() override {
    if (terminal_->news) co_return *std::exchange(terminal_->news, std::nullopt);
    while (position_.value >= terminal_->output.size()) {
      if (terminal_->turned_away) co_return std::unexpected(*terminal_->turned_away);
      if (terminal_->exit) co_return Ended{terminal_->exit, position_, "as told"};
      CO_TRY(co_await terminal_->changed.wait());
    }
    held_ = terminal_->output.substr(position_.value, chunk_);
    const Chunk chunk{position_, held_, false};
    position_ += held_.size();
    co_return chunk;
  }
  boost::asio::awaitable<Result<>> input(std::string_view data) override {
    ++terminal_->typed;
    while (terminal_->full) CO_TRY(co_await terminal_->changed.wait());
    if (terminal_->input_closed) co_return fail(Code::FailedPrecondition, "Its input is closed.");
    const std::lock_guard lock(terminal_->mutex);
    terminal_->input += data;
    co_return Result<>{};
  }
  Result<> acknowledge(ByteOffset taken) override {
    if (taken > position_) return fail(Code::InvalidArgument, "Output was acknowledged that was not sent.");
    terminal_->acknowledged = taken.value;
    return {};
  }
  Result<> take_over() override {
    ++terminal_->taken_over;
    return {};
  }
  void leave() override { ++terminal_->left; }
  Result<> close_input() override {
    terminal_->input_closed = true;
    return {};
  }
  Result<> resize(TerminalSize size) override {
    terminal_->resized = size.cols * 1000 + size.rows;
    return {};
  }
  Result<> signal(int signal) override {
    terminal_->signalled = signal;
    return {};
  }
  void turn_away(Error why) override {
    boost::asio::post(terminal_->executor, [terminal = terminal_, why = std::move(why)] {
      terminal->turned_away = why;
      terminal->changed.notify();
    });
  }

 private:
  std::shared_ptr<FakeTerminal> terminal_;
  ByteOffset position_;
  std::size_t chunk_;
  std::string held_;
};

}  // namespace berth::api_ws
