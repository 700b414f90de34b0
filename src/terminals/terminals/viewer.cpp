#include "terminals/viewer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <limits>

namespace berth::terminals {
namespace {
constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
}

Viewer::Viewer(std::shared_ptr<Terminal> terminal, ByteOffset from, Options options)
    : terminal_(std::move(terminal)), options_(std::move(options)), position_(from), acknowledged_(from),
      asked_for_(options_.seat.wrote ? from : terminal_->end_), wake_(terminal_->executor()) {
  wake_.expires_at(boost::asio::steady_timer::time_point::max());
  live_ = options_.seat.wrote ? from : terminal_->end_;
  behind_ = options_.seat.wrote.has_value();  // it was away
  terminal_->audience_.enter(*this);
}

Viewer::~Viewer() {
  terminal_->audience_.leave(*this, leaving_);
  terminal_->trim_recent();
}

boost::asio::awaitable<Result<Viewer::Item>> Viewer::read() {
  held_.reset();
  for (;;) {
    if (turned_away_) co_return std::unexpected(*turned_away_);
    if (auto told = news()) co_return *std::move(told);
    if (!follows()) co_return co_await move_forward({.to = {}, .why = Missed::Slow});
    if (position_ < terminal_->end_ && room() > 0) {
      if (auto chunk = from_recent()) co_return *chunk;
      CO_TRY_ASSIGN(const auto found, from_journal());
      if (const auto* chunk = std::get_if<Chunk>(&found)) co_return *chunk;
      if (const auto* gap = std::get_if<Gap>(&found)) co_return co_await move_forward(*gap);
    } else if (position_ >= terminal_->end_ && terminal_->told_) {
      co_return Ended{terminal_->row_.exit, terminal_->end_, terminal_->failure_};
    } else if (position_ >= terminal_->end_) {
      cursor_.reset();
    }
    (void)co_await wake_.async_wait(no_throw);
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
      co_return fail(Code::Cancelled, "The viewer was cancelled.");
  }
}

// ---- news ----

void Viewer::seated(bool writer, Seats::Why why) {
  writer_ = writer;
  if (writer && why != Seats::Why::Resumed) live_ = terminal_->end_;
  if (writer && why == Seats::Why::Resumed) live_ = std::max(position_, terminal_->answered_);
  if (options_.acknowledges) seat_news_ = why;
  wake();
}

void Viewer::resized() {
  if (options_.acknowledges) size_news_ = true;
  wake();
}

std::optional<Viewer::Item> Viewer::news() {
  if (seat_news_) {
    const auto why = *seat_news_;
    seat_news_.reset();
    return Seated{writer_, live_, why};
  }
  if (!size_news_) return std::nullopt;
  size_news_ = false;
  return Resized{terminal_->row_.size};
}

// ---- what it says ----

Result<> Viewer::acknowledge(ByteOffset taken) {
  if (taken > position_)
    return fail(Code::InvalidArgument, "Output was acknowledged that was not sent: up to " + std::to_string(taken.value) +
                                           ", sent to " + std::to_string(position_.value) + ".");
  acknowledged_ = std::max(acknowledged_, taken);
  wake();
  return {};
}

void Viewer::turn_away(Error why) {
  turned_away_ = std::move(why);
  wake();
}

Result<> Viewer::take_over() {
  if (turned_away_) return std::unexpected(*turned_away_);
  if (!options_.seat.may_write) return fail(Code::PermissionDenied, "This viewer may only read.");
  terminal_->audience_.take_over(*this);
  return {};
}

Result<> Viewer::may_type() const {
  if (turned_away_) return std::unexpected(*turned_away_);
  if (writer_) return {};
  if (!options_.seat.may_write) return fail(Code::PermissionDenied, "This viewer may only read.");
  return fail(Code::FailedPrecondition, "Another viewer types in this terminal.", "Take over first: {\"type\":\"take_over\"}.");
}

// ---- how far it may go ----

std::uint64_t Viewer::window() const { return options_.acknowledges ? terminal_->shared_->settings.viewer_window_bytes : 0; }

std::uint64_t Viewer::room() const {
  if (!options_.acknowledges) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t under_way = position_ - acknowledged_;
  return under_way < window() ? window() - under_way : 0;
}

// False: it goes forward to the present screen now. Not while it has much of the old to take still.
bool Viewer::follows() {
  if (!options_.skips || !options_.acknowledges || position_ < asked_for_ || position_ >= terminal_->end_) return true;
  if (terminal_->end_ - position_ <= terminal_->shared_->settings.viewer_lag_bytes) return true;
  if (room() == 0) behind_ = true;
  return !behind_ || room() < window() / 2;
}

boost::asio::awaitable<Result<Viewer::Item>> Viewer::move_forward(Gap gap) {
  cursor_.reset();
  behind_ = false;
  Skipped skipped{.from = position_, .to = gap.to, .why = gap.why, .size = terminal_->row_.size, .redraw = {}};
  if (options_.skips) {
    CO_TRY_ASSIGN(auto drawn, co_await terminal_->draw());
    skipped.to = std::max(position_, drawn.offset);
    skipped.size = drawn.size;
    skipped.redraw = std::move(drawn.stream);
  }
  position_ = skipped.to;
  terminal_->trim_recent();
  co_return skipped;
}

// ---- output ----

Viewer::Chunk Viewer::given(Chunk chunk) {
  chunk.data = chunk.data.substr(0, room());
  position_ = chunk.from + chunk.data.size();
  terminal_->trim_recent();
  return chunk;
}

std::optional<Viewer::Chunk> Viewer::from_recent() {
  const auto& recent = terminal_->recent_;
  if (recent.empty() || position_ < recent.front().offset) return std::nullopt;
  const auto found = std::ranges::find_if(
      recent, [this](const Terminal::Chunk& chunk) { return position_ < chunk.offset + chunk.data->size(); });
  if (found == recent.end()) return std::nullopt;
  held_ = found->data;
  return given({position_, std::string_view(*held_).substr(position_ - found->offset), found->error});
}

// A limit may have removed what this viewer is at: a gap then, before there is a cursor.
Result<std::optional<Viewer::Gap>> Viewer::open_cursor() {
  auto opened = terminal_->read_from(position_);
  if (opened) {
    cursor_ = std::make_unique<journal::Cursor>(*std::move(opened));
    return std::nullopt;
  }
  if (opened.error().code != Code::InvalidArgument) return pass(std::move(opened).error());
  TRY_ASSIGN(const auto kept, terminal_->journal_range());
  if (position_ >= kept.begin) return pass(std::move(opened).error());
  return Gap{kept.begin, Missed::Removed};
}

// The cursor may be behind what memory has given since: it passes over those bytes.
Result<Viewer::Found> Viewer::from_journal() {
  if (!cursor_) {
    TRY_ASSIGN(const auto gap, open_cursor());
    if (gap && options_.acknowledges) return *gap;
    if (gap) {
      position_ = gap->to;
      TRY(open_cursor());
    }
    if (!cursor_) return Found{};  // removed once more: with the next wake-up
  }
  for (;;) {
    auto next = cursor_->next(std::min<std::uint64_t>(terminal_->shared_->settings.chunk_bytes, room()));
    std::optional<Gap> gap;
    if (!next && next.error().code == Code::Damaged) {  // the log says why
      terminal_->shared_->report(next.error(), terminal_->row_.id);
      TRY_ASSIGN(const ByteOffset good, cursor_->skip_damage());
      gap = Gap{good, Missed::Damaged};
    } else if (!next) {
      return pass(std::move(next).error());
    } else if (!*next) {
      return Found{};
    } else if ((*next)->kind == journal::Kind::Gap) {
      gap = Gap{(*next)->end, Missed::Removed};
    }
    if (gap && gap->to > position_ && options_.acknowledges) return *gap;
    if (gap) continue;
    const journal::Piece& piece = **next;
    if (!journal::is_bytes(piece.kind) || piece.offset + piece.data.size() <= position_) continue;
    const std::uint64_t seen = position_ > piece.offset ? position_ - piece.offset : 0;
    return given({piece.offset + seen, piece.data.substr(seen), piece.kind == journal::Kind::Error});
  }
}

}  // namespace berth::terminals
