#include "terminals/recording.hpp"

#include <algorithm>

#include "journal/cursor.hpp"
#include "terminals/recording_forms.hpp"

namespace berth::terminals {
namespace {

constexpr std::size_t chunk_bytes = 64 << 10;

class JournalRecording final : public Recording {
 public:
  JournalRecording(journal::Cursor cursor, ByteOffset from, ByteOffset to, std::unique_ptr<RecordingWriter> writer)
      : cursor_(std::move(cursor)), at_(from), to_(to), writer_(std::move(writer)) {}

  Result<std::optional<std::string>> next() override {
    std::string out;
    while (out.size() < piece_bytes && !read_all_) TRY(read(out));
    while (out.size() < piece_bytes && read_all_ && !ended_) ended_ = !writer_->end(out);
    if (out.empty()) return std::nullopt;
    return out;
  }

 private:
  // What stands exactly at the end belongs to it: the last resize, and how the program ended.
  Result<> read(std::string& out) {
    const std::uint64_t left = to_.value - std::min(at_, to_).value;
    auto next = cursor_.next(std::clamp<std::uint64_t>(left, 1, chunk_bytes));
    if (!next && next.error().code == Code::Damaged) {
      const ByteOffset before = at_;
      TRY_ASSIGN(at_, cursor_.skip_damage());
      writer_->lost("What was printed from " + std::to_string(before.value) + " to " + std::to_string(at_.value) + " is damaged.", out);
      return {};
    }
    if (!next) return pass(std::move(next).error());
    if (!*next || (**next).offset > to_ || (left == 0 && (**next).end > to_)) {
      read_all_ = true;
      return {};
    }
    const journal::Piece& piece = **next;
    at_ = std::max(at_, piece.end);
    if (piece.kind == journal::Kind::Gap)
      writer_->lost("What was printed from " + std::to_string(piece.offset.value) + " to " + std::to_string(piece.end.value) +
                        " is not kept any more.", out);
    else
      writer_->piece(piece, out);
    return {};
  }

  journal::Cursor cursor_;
  ByteOffset at_, to_;
  std::unique_ptr<RecordingWriter> writer_;
  bool read_all_ = false, ended_ = false;
};

// A page shows no more than so many lines, so it is computed from no more than so many bytes.
ByteOffset page_begin(ByteOffset from, ByteOffset to) {
  return to.value > Recording::html_bytes ? std::max(from, ByteOffset{to.value - Recording::html_bytes}) : from;
}

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(RecordingSource source) {
  TRY_ASSIGN(const auto kept, journal::range(source.screen.journal, source.screen.key));
  ByteOffset from = source.from.value_or(kept.begin);
  const ByteOffset to = source.to.value_or(kept.end);
  if (from < kept.begin || to > kept.end || from > to)
    return fail(Code::InvalidArgument, "This is no part of the output of which " + std::to_string(kept.begin.value) + " to " +
                                           std::to_string(kept.end.value) + " is kept.");
  if (source.form == RecordingForm::Html) from = page_begin(from, to);
  std::optional<vt::Screen> before;
  if (from.value > 0 && !source.pipes && source.form != RecordingForm::Text) {
    TRY_ASSIGN(auto there, screen_at(source.screen, from));
    before = std::move(there.screen);
  }
  TRY_ASSIGN(auto cursor, journal::Cursor::open(source.screen.journal, from, source.screen.key,
                                                source.input ? journal::Typed::Give : journal::Typed::PassOver));
  auto writer = RecordingWriter::make(source, from, std::move(before));
  return std::make_unique<JournalRecording>(std::move(cursor), from, to, std::move(writer));
}

}  // namespace berth::terminals
