#include "terminals/answers.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "terminals/terminal.hpp"

namespace berth::terminals {

void Answers::output(ByteOffset offset, std::string_view bytes) {
  if (!active_) {
    if (reading_) return;  // still at what came before a viewer's terminal had its turn
    active_ = true;
    until_.reset();
    position_ = offset;
    scanner_ = {};
  }
  if (reading_) return;  // it comes to this
  if (offset == position_ && !asked_) {
    take(bytes);
    if (!asked_) return;
  }
  reading_ = true;
  terminal_.spawn(run_read(terminal_.shared_from_this()));
}

void Answers::rest() {
  if (!active_) return;
  active_ = false;
  until_ = terminal_.end();
  if (!reading_) screen_.reset();
}

void Answers::resize(TerminalSize size) {
  if (screen_ && !reading_) screen_->resize(size);
}

// Bytes at position_. Where a question is among them and there is no screen yet, position_ stays before them.
void Answers::take(std::string_view bytes) {
  if (!screen_) {
    asked_ = scanner_.feed(bytes);
    if (!asked_) position_ += bytes.size();
    return;
  }
  screen_->feed(bytes);
  position_ += bytes.size();
  quiet_ += bytes.size();
  if (auto replies = screen_->take_replies(); !replies.empty()) {
    quiet_ = 0;
    terminal_.answered_ = position_;
    type(std::move(replies));
  }
  if (quiet_ < quiet_bytes) return;
  screen_.reset();
  scanner_ = {};
}

// One at a time, in order. A program that asks without end and reads nothing gets no more answers than fit.
void Answers::type(std::string replies) {
  if (pending_.size() + replies.size() > most_pending_bytes) return;
  pending_ += replies;
  if (std::exchange(typing_, true)) return;
  terminal_.spawn(run_type(terminal_.shared_from_this()));
}

boost::asio::awaitable<void> Answers::run_type(std::shared_ptr<Terminal> terminal) {
  Answers& self = *terminal->answers_;
  while (!self.pending_.empty())
    if (!co_await terminal->input(std::exchange(self.pending_, {}))) break;
  self.pending_.clear();  // it ended
  self.typing_ = false;
}

boost::asio::awaitable<void> Answers::run_read(std::shared_ptr<Terminal> terminal) {
  Answers& self = *terminal->answers_;
  if (auto read = co_await self.read_on(); !read) {
    if (read.error().code != Code::Cancelled) terminal->shared_->report(read.error(), terminal->row().id);
    self.active_ = false;  // anew with the next output
    self.screen_.reset();
  }
  self.reading_ = self.asked_ = false;
  if (!self.active_) self.screen_.reset();
}

boost::asio::awaitable<Result<>> Answers::read_on() {
  for (;;) {
    if (asked_ && !screen_) {
      CO_TRY_ASSIGN(screen_, co_await terminal_.screen(position_));
      asked_ = false;
      quiet_ = 0;
    }
    CO_TRY_ASSIGN(auto cursor, terminal_.read_from(position_));
    while (!asked_) {
      if (position_ >= until_.value_or(terminal_.end())) co_return Result<>{};
      CO_TRY_ASSIGN(const auto piece, cursor.next(terminal_.shared_->settings.chunk_bytes));
      if (!piece) co_return Result<>{};  // not there yet: the next output comes back to it
      take(*piece);
      co_await boost::asio::post(terminal_.executor(), boost::asio::use_awaitable);  // others have their turn
    }
  }
}

void Answers::take(const journal::Piece& piece) {
  if (piece.kind == journal::Kind::Gap) {
    screen_.reset();
    scanner_ = {};
    position_ = piece.end;
  } else if (piece.kind == journal::Kind::Resize && screen_) {
    if (const auto size = journal::decode_resize(piece.data)) screen_->resize(*size);
  } else if (journal::is_bytes(piece.kind) && piece.end > position_) {
    take(piece.data.substr(position_ > piece.offset ? position_ - piece.offset : 0));
  }
}

}  // namespace berth::terminals
