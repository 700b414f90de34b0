#include "terminals/screen_at.hpp"

#include <algorithm>
#include <limits>

#include "journal/checkpoints.hpp"
#include "journal/cursor.hpp"

namespace berth::terminals {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;

struct Way {
  vt::Screen screen;
  ByteOffset from;        // of what comes next
  ByteOffset checkpoint;  // of the last one
};

Result<Way> begin(const ScreenSource& source, const journal::Checkpoints& checkpoints, ByteOffset at) {
  TRY_ASSIGN(const auto range, journal::range(source.journal, source.key));
  TRY_ASSIGN(const auto nearest, checkpoints.nearest(at));
  if (nearest && nearest->offset >= range.begin)
    if (auto screen = vt::load(nearest->state)) return Way{*std::move(screen), nearest->offset, nearest->offset};
  return Way{vt::Screen({.size = source.size}), range.begin, range.begin};
}

void apply(const journal::Piece& piece, vt::Screen& screen) {
  if (piece.kind == journal::Kind::Gap) screen = vt::Screen({.size = screen.size()});
  if (piece.kind == journal::Kind::Resize)
    if (const auto size = journal::decode_resize(piece.data)) screen.resize(*size);
  if (journal::is_bytes(piece.kind)) screen.feed(piece.data);
  (void)screen.take_replies();  // whoever asked is long answered
}

// Worth only the time to make it again: a disk that is full costs a later reader that time, and nobody a screen.
void leave_checkpoint(const journal::Checkpoints& checkpoints, Way& way, ByteOffset offset, WallTime time) {
  if (checkpoints.append({.offset = offset, .time = time, .state = vt::save(way.screen)})) way.checkpoint = offset;
}

}  // namespace

Result<ScreenAt> screen_at(const ScreenSource& source, std::optional<ByteOffset> at) {
  TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(source.journal, source.key));
  const ByteOffset until = at.value_or(ByteOffset{std::numeric_limits<std::uint64_t>::max()});
  TRY_ASSIGN(auto way, begin(source, checkpoints, until));
  ScreenAt out{.screen = vt::Screen({.size = source.size}), .offset = way.from};
  TRY_ASSIGN(auto cursor, journal::Cursor::open(source.journal, way.from, source.key));
  while (out.offset < until) {
    if (source.stop.stop_requested()) return fail(Code::Cancelled, "The screen is not wanted any more.");
    auto next = cursor.next(std::min<std::uint64_t>(chunk_bytes, until.value - out.offset.value));
    if (!next && next.error().code == Code::Damaged) {
      TRY(cursor.skip_damage());
      way.screen = vt::Screen({.size = way.screen.size()});
      continue;
    }
    if (!next) return pass(std::move(next).error());
    if (!*next) break;
    const journal::Piece& piece = **next;
    apply(piece, way.screen);
    if (journal::is_bytes(piece.kind)) out.computed_bytes += piece.data.size();
    out.offset = std::max(out.offset, piece.end);
    if (source.checkpoint_bytes > 0 && out.offset.value - way.checkpoint.value >= source.checkpoint_bytes)
      leave_checkpoint(checkpoints, way, out.offset, piece.time);
  }
  if (at && out.offset < *at)
    return fail(Code::InvalidArgument, "The offset is after the end of the output, which is " + std::to_string(out.offset.value) + ".");
  out.screen = std::move(way.screen);
  return out;
}

}  // namespace berth::terminals
