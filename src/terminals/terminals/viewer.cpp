#include "terminals/viewer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace berth::terminals {
namespace {
constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
}

Viewer::Viewer(std::shared_ptr<Terminal> terminal, ByteOffset from)
    : terminal_(std::move(terminal)), position_(from), wake_(terminal_->executor()) {
  wake_.expires_at(boost::asio::steady_timer::time_point::max());
  terminal_->watching_.push_back(this);
  ++terminal_->viewers_;
}

Viewer::~Viewer() {
  std::erase(terminal_->watching_, this);
  --terminal_->viewers_;
  terminal_->trim_recent();
}

boost::asio::awaitable<Result<Viewer::Item>> Viewer::read() {
  held_.reset();
  for (;;) {
    if (position_ < terminal_->end_) {
      if (auto chunk = from_recent()) co_return *chunk;
      CO_TRY_ASSIGN(auto chunk, from_journal());
      if (chunk) co_return *chunk;
    } else if (terminal_->told_) {
      co_return Ended{terminal_->row_.exit, terminal_->end_, terminal_->failure_};
    } else {
      cursor_.reset();
    }
    (void)co_await wake_.async_wait(no_throw);
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
      co_return fail(Code::Cancelled, "The viewer was cancelled.");
  }
}

std::optional<Viewer::Chunk> Viewer::from_recent() {
  const auto& recent = terminal_->recent_;
  if (recent.empty() || position_ < recent.front().offset) return std::nullopt;
  const auto found = std::ranges::find_if(
      recent, [this](const Terminal::Chunk& chunk) { return position_ < chunk.offset + chunk.data->size(); });
  if (found == recent.end()) return std::nullopt;
  held_ = found->data;
  const Chunk chunk{position_, std::string_view(*held_).substr(position_ - found->offset), found->error};
  advance(chunk.data.size());
  return chunk;
}

// The cursor may be behind what memory has given since: it passes over those bytes.
Result<std::optional<Viewer::Chunk>> Viewer::from_journal() {
  if (!cursor_) {
    TRY_ASSIGN(cursor_, terminal_->read_from(position_));
  }
  for (;;) {
    auto next = cursor_->next(terminal_->shared_->settings.chunk_bytes);
    if (!next && next.error().code == Code::Damaged) {  // the viewer sees the gap in the offsets; the log says why
      terminal_->shared_->report(next.error(), terminal_->row_.id);
      TRY(cursor_->skip_damage());
      continue;
    }
    if (!next) return std::unexpected(std::move(next).error());
    const auto& piece = *next;
    if (!piece) return std::nullopt;
    if (!journal::is_bytes(piece->kind) || piece->offset + piece->data.size() <= position_) continue;
    const std::uint64_t seen = position_ > piece->offset ? position_ - piece->offset : 0;
    const Chunk chunk{piece->offset + seen, piece->data.substr(seen), piece->kind == journal::Kind::Error};
    position_ = chunk.from;
    advance(chunk.data.size());
    return chunk;
  }
}

void Viewer::advance(std::size_t bytes) {
  position_ += bytes;
  terminal_->trim_recent();
}

}  // namespace berth::terminals
