#include "cli/cast_playback.hpp"

#include "os/file.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t read_bytes = 64 << 10;

}  // namespace

Result<> CastPlayback::fill() {
  const auto sink = [this](const vt::CastEvent& event) { pending_.push_back(event); };
  std::vector<char> buffer(read_bytes);
  while (pending_.empty() && !finished_) {
    mark();
    TRY_ASSIGN(const auto size, os::pread_full(fd_, buffer, position_));
    if (size == 0 && !complete_) return {};
    if (size == 0) {
      finished_ = true;
      TRY(reader_.finish(sink));
    } else {
      position_ += size;
      TRY(reader_.feed({buffer.data(), size}, sink));
    }
    if (!sized_ && header()) {
      screen_.resize(header()->size);
      sized_ = true;
    }
  }
  return {};
}

// Where too many are kept, every second one goes and the next ones are twice as far apart.
void CastPlayback::mark() {
  const std::uint64_t last = marks_.empty() ? 0 : marks_.back().position;
  if (position_ < last + mark_bytes_) return;
  marks_.push_back({position_, events_, time_, reader_, vt::save(screen_)});
  if (marks_.size() < most_marks) return;
  for (std::size_t i = 0; 2 * i + 1 < marks_.size(); ++i) marks_[i] = std::move(marks_[2 * i + 1]);
  marks_.resize(marks_.size() / 2);
  mark_bytes_ *= 2;
}

void CastPlayback::apply(const vt::CastEvent& event) {
  if (event.kind == vt::CastEvent::Kind::Output) screen_.feed(event.text);
  if (event.kind == vt::CastEvent::Kind::Resize) screen_.resize(event.size);
  (void)screen_.take_replies();
  time_ = event.time;
  ++events_;
}

Result<std::optional<vt::CastEvent>> CastPlayback::next() {
  TRY(fill());
  if (pending_.empty()) return std::nullopt;
  auto event = std::move(pending_.front());
  pending_.pop_front();
  apply(event);
  return event;
}

Result<std::optional<vt::CastTime>> CastPlayback::next_time() {
  TRY(fill());
  if (pending_.empty()) return std::nullopt;
  return pending_.front().time;
}

Result<> CastPlayback::begin_at(const Mark* mark) {
  pending_.clear();
  finished_ = false;
  position_ = mark != nullptr ? mark->position : 0;
  events_ = mark != nullptr ? mark->events : 0;
  time_ = mark != nullptr ? mark->time : vt::CastTime{};
  reader_ = mark != nullptr ? mark->reader : vt::CastReader();
  screen_ = vt::Screen({});
  sized_ = mark != nullptr;
  if (mark == nullptr) return {};
  TRY_ASSIGN(screen_, vt::load(mark->screen));
  return {};
}

Result<bool> CastPlayback::back() {
  if (events_ == 0) return false;
  const std::uint64_t target = events_ - 1;
  const Mark* nearest = nullptr;
  for (const Mark& each : marks_)
    if (each.events <= target) nearest = &each;
  TRY(begin_at(nearest));
  while (events_ < target) TRY(next());
  return true;
}

}  // namespace berth::cli
