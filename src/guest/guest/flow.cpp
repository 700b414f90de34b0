#include "guest/flow.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "wire/frame.hpp"

namespace berth::guest {
namespace {

constexpr std::uint64_t window = wire::window_bytes;
constexpr std::size_t piece_bytes = 64 << 10;

std::unexpected<Error> broken(std::string what) { return fail(Code::Damaged, std::move(what)); }

}  // namespace

void OutputFlow::grant(std::uint64_t limit) {
  limit_ = std::max(limit_, limit);
  forget();
}

std::uint64_t OutputFlow::record(Source source, std::string_view data) {
  BERTH_CHECK(data.size() <= room());
  std::uint64_t& position = positions_[index(source)];
  const std::uint64_t offset = position;
  if (!kept_.empty() && kept_.back().source == source && kept_.back().data.size() + data.size() <= piece_bytes)
    kept_.back().data += data;  // small writes share a piece
  else
    kept_.push_back({.source = source, .offset = offset, .data = std::string(data)});
  position += data.size();
  sent_ += data.size();
  forget();
  return offset;
}

void OutputFlow::forget() {
  const std::uint64_t safe = std::min(sent_, limit_ > window ? limit_ - window : 0);
  while (!kept_.empty() && forgotten_ + kept_.front().data.size() <= safe) {
    const Piece& piece = kept_.front();
    forgotten_ += piece.data.size();
    forgotten_positions_[index(piece.source)] = piece.offset + piece.data.size();
    kept_.pop_front();
  }
}

Result<std::deque<OutputFlow::Piece>> OutputFlow::resend(std::uint64_t output, std::uint64_t error) const {
  const std::array<std::uint64_t, 2> has{output, error};
  for (std::size_t i = 0; i < has.size(); ++i)
    if (has[i] < forgotten_positions_[i] || has[i] > positions_[i])
      return broken("Resume names a position that cannot be sent again.");
  std::deque<Piece> out;
  for (const Piece& piece : kept_) {
    const std::uint64_t from = has[index(piece.source)], end = piece.offset + piece.data.size();
    if (end <= from) continue;
    const std::uint64_t skip = from > piece.offset ? from - piece.offset : 0;
    out.push_back({.source = piece.source, .offset = piece.offset + skip, .data = piece.data.substr(skip)});
  }
  return out;
}

Result<> InputFlow::accept(std::uint64_t offset, std::string_view data) {
  if (offset > received_) return broken("Input has a gap.");
  const std::uint64_t known = received_ - offset;
  if (known >= data.size()) return {};
  data.remove_prefix(known);
  if (data.size() > granted_ - received_) return broken("Input goes beyond its window.");
  if (closing_) return broken("Input comes after its end.");
  received_ += data.size();
  if (!discarding_) pending_ += data;
  return {};
}

void InputFlow::consumed(std::size_t bytes) {
  taken_ += bytes;
  BERTH_CHECK(taken_ <= pending_.size());
  if (taken_ == pending_.size()) {
    pending_.clear();
    taken_ = 0;
  } else if (taken_ > window / 2) {
    pending_.erase(0, taken_);
    taken_ = 0;
  }
}

void InputFlow::discard() {
  discarding_ = true;
  std::string().swap(pending_);
  taken_ = 0;
}

std::optional<std::uint64_t> InputFlow::grant() {
  const std::uint64_t limit = received_ - pending().size() + window;
  if (closing_ || limit - granted_ < window / 4) return std::nullopt;
  granted_ = limit;
  return granted_;
}

}  // namespace berth::guest
