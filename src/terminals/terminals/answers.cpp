#include "terminals/answers.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "terminals/terminal.hpp"

namespace berth::terminals {

namespace {

struct Drawn {
  std::unique_ptr<vt::Screen> screen;
  std::string replies;
};

// What a pool does with a piece of output, in slices: a few bytes can take long.
Result<Drawn> drawn(std::unique_ptr<vt::Screen> screen, journal::Kind kind, const std::string& data,
                    std::chrono::steady_clock::time_point deadline) {
  constexpr std::size_t slice_bytes = 512;
  if (kind == journal::Kind::Resize) {
    if (const auto size = journal::decode_resize(data)) screen->resize(*size);
    return Drawn{std::move(screen), {}};
  }
  std::string replies;
  for (std::size_t at = 0; at < data.size(); at += slice_bytes) {
    if (std::chrono::steady_clock::now() >= deadline) return fail(Code::Timeout, "The output takes too long to draw.");
    screen->feed(std::string_view(data).substr(at, slice_bytes));
    replies += screen->take_replies();
  }
  return Drawn{std::move(screen), std::move(replies)};
}

}  // namespace

void Answers::output(ByteOffset offset, std::string_view bytes) {
  if (!active_) {
    if (reading_ || Clock::now() < resting_) return;  // still at what came before a viewer's terminal had its turn
    active_ = true;
    until_.reset();
    position_ = offset;
    scanner_ = {};
  }
  if (reading_) return;  // it comes to this
  if (offset == position_ && !asked_ && !screen_) {
    scan(bytes);
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

// Bytes at position_. Where a question is among them position_ stays before them: a screen is needed.
void Answers::scan(std::string_view bytes) {
  asked_ = scanner_.feed(bytes);
  if (!asked_) position_ += bytes.size();
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
    const bool dear = read.error().code == Code::Timeout;
    if (dear) self.resting_ = Clock::now() + rest_time;
    else if (read.error().code != Code::Cancelled) terminal->shared_->report(read.error(), terminal->row().id);
    self.active_ = false;  // anew with the next output
  }
  self.reading_ = self.asked_ = false;
  if (!self.active_) self.screen_.reset();
}

boost::asio::awaitable<Result<>> Answers::read_on() {
  for (;;) {
    if (asked_ && !screen_) {
      CO_TRY_ASSIGN(screen_, co_await terminal_.screen(position_, most_time));
      asked_ = false;
      quiet_ = 0;
    }
    CO_TRY_ASSIGN(auto cursor, terminal_.read_from(position_));
    while (!asked_) {
      if (position_ >= until_.value_or(terminal_.end())) co_return Result<>{};
      CO_TRY_ASSIGN(const auto piece, cursor.next(terminal_.shared_->settings.chunk_bytes));
      if (!piece) co_return Result<>{};  // not there yet: the next output comes back to it
      CO_TRY(co_await take(*piece));
      co_await boost::asio::post(terminal_.executor(), boost::asio::use_awaitable);  // others have their turn
    }
  }
}

boost::asio::awaitable<Result<>> Answers::take(const journal::Piece& piece) {
  if (piece.kind == journal::Kind::Gap) {
    screen_.reset();
    scanner_ = {};
    position_ = piece.end;
  } else if (screen_) {
    co_return co_await draw(piece);
  } else if (journal::is_bytes(piece.kind) && piece.end > position_) {
    scan(piece.data.substr(position_ > piece.offset ? position_ - piece.offset : 0));
  }
  co_return Result<>{};
}

boost::asio::awaitable<Result<>> Answers::draw(const journal::Piece& piece) {
  const bool bytes = journal::is_bytes(piece.kind);
  if (bytes ? piece.end <= position_ : piece.kind != journal::Kind::Resize) co_return Result<>{};
  const std::string_view data = bytes && position_ > piece.offset ? piece.data.substr(position_ - piece.offset) : piece.data;
  auto work = [screen = std::move(screen_), kind = piece.kind, data = std::string(data), deadline = Clock::now() + most_time]() mutable {
    return drawn(std::move(screen), kind, data, deadline);
  };
  Result<Drawn> done = fail(Code::Cancelled, "");
  if (aio::Pool* pool = terminal_.shared_->pool; pool != nullptr) done = co_await pool->run(std::move(work));
  else done = work();
  if (!done) co_return std::unexpected(std::move(done).error());
  screen_ = std::move(done->screen);
  if (!bytes) co_return Result<>{};
  position_ += data.size();
  quiet_ += data.size();
  if (!done->replies.empty()) {
    quiet_ = 0;
    terminal_.answered_ = position_;
    type(std::move(done->replies));
  }
  if (quiet_ >= quiet_bytes) {
    screen_.reset();
    scanner_ = {};
  }
  co_return Result<>{};
}

}  // namespace berth::terminals
