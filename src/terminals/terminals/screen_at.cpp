#include "terminals/screen_at.hpp"

#include <algorithm>
#include <chrono>

#include "journal/checkpoints.hpp"
#include "journal/cursor.hpp"

namespace berth::terminals {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;
constexpr std::size_t slice_bytes = 512;  // between two looks at the time: bytes can be dear

// From a checkpoint to an offset. What was computed is left as checkpoints: worth only the time to make it again, so a disk
// that is full costs a later reader that time, and nobody a screen.
class Walk {
 public:
  Walk(const ScreenSource& source, const journal::Checkpoints& checkpoints, vt::Screen screen, ByteOffset from)
      : source_(source), checkpoints_(checkpoints), screen_(std::move(screen)), offset_(from), left_(from) {
    if (source.budget.count() > 0) deadline_ = Clock::now() + source.budget;
  }

  Result<> apply(const journal::Piece& piece) {
    if (piece.kind == journal::Kind::Gap) begin_anew();
    if (piece.kind == journal::Kind::Resize)
      if (const auto size = journal::decode_resize(piece.data)) screen_.resize(*size);
    if (journal::is_bytes(piece.kind)) TRY(feed(piece));
    offset_ = std::max(offset_, piece.end);
    if (source_.checkpoint_bytes > 0 && offset_.value - left_.value >= source_.checkpoint_bytes) leave(piece.time);
    return may_go_on(piece.time);
  }

  void begin_anew() { screen_ = vt::Screen({.size = screen_.size()}); }
  [[nodiscard]] ByteOffset offset() const { return offset_; }
  [[nodiscard]] std::uint64_t computed() const { return computed_; }
  [[nodiscard]] vt::Screen take() { return std::move(screen_); }

 private:
  using Clock = std::chrono::steady_clock;

  Result<> feed(const journal::Piece& piece) {
    for (std::size_t at = 0; at < piece.data.size(); at += slice_bytes) {
      const auto slice = piece.data.substr(at, slice_bytes);
      screen_.feed(slice);
      (void)screen_.take_replies();  // whoever asked is long answered
      computed_ += slice.size();
      offset_ = std::max(offset_, piece.offset + (at + slice.size()));
      TRY(may_go_on(piece.time));
    }
    return {};
  }

  Result<> may_go_on(WallTime time) {
    if (source_.stop.stop_requested()) return fail(Code::Cancelled, "The screen is not wanted any more.");
    if (!deadline_ || Clock::now() < *deadline_) return {};
    leave(time);
    return fail(Code::Timeout, "The screen takes longer to compute than it may.", "Ask again: it goes on where this ended.");
  }

  void leave(WallTime time) {
    left_ = offset_;
    if (source_.checkpoint_bytes > 0) (void)checkpoints_.append({.offset = offset_, .time = time, .state = vt::save(screen_)});
  }

  const ScreenSource& source_;
  const journal::Checkpoints& checkpoints_;
  vt::Screen screen_;
  ByteOffset offset_;  // of what comes next
  ByteOffset left_;    // of the last checkpoint
  std::uint64_t computed_ = 0;
  std::optional<Clock::time_point> deadline_;
};

Result<Walk> begin(const ScreenSource& source, const journal::Checkpoints& checkpoints, ByteOffset oldest, ByteOffset at) {
  TRY_ASSIGN(const auto nearest, checkpoints.nearest(at));
  if (nearest && nearest->offset >= oldest)
    if (auto screen = vt::load(nearest->state)) return Walk(source, checkpoints, *std::move(screen), nearest->offset);
  return Walk(source, checkpoints, vt::Screen({.size = source.size}), oldest);
}

}  // namespace

Result<ScreenAt> screen_at(const ScreenSource& source, std::optional<ByteOffset> at) {
  TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(source.journal, source.key));
  TRY_ASSIGN(const auto range, journal::range(source.journal, source.key));
  const ByteOffset until = at.value_or(range.end);
  TRY_ASSIGN(auto walk, begin(source, checkpoints, range.begin, until));
  TRY_ASSIGN(auto cursor, journal::Cursor::open(source.journal, walk.offset(), source.key));
  while (at ? walk.offset() < until : walk.offset() <= until) {
    const std::uint64_t room = at ? until.value - walk.offset().value : chunk_bytes;
    auto next = cursor.next(std::min<std::uint64_t>(chunk_bytes, room));
    if (!next && next.error().code == Code::Damaged) {
      TRY(cursor.skip_damage());
      walk.begin_anew();
      continue;
    }
    if (!next) return pass(std::move(next).error());
    if (!*next) break;
    TRY(walk.apply(**next));
  }
  if (at && walk.offset() < *at)
    return fail(Code::InvalidArgument, "The offset is after the end of the output, which is " + std::to_string(walk.offset().value) + ".");
  const ByteOffset offset = walk.offset();
  const std::uint64_t computed = walk.computed();
  return ScreenAt{.screen = walk.take(), .offset = offset, .computed_bytes = computed};
}

}  // namespace berth::terminals
