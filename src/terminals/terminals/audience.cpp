#include "terminals/audience.hpp"

#include <algorithm>

#include "terminals/terminal.hpp"
#include "terminals/viewer.hpp"

namespace berth::terminals {

Audience::Audience(Terminal& terminal, const Shared& shared, Seats::Settings settings)
    : terminal_(terminal), shared_(shared), seats_(settings) {}

void Audience::enter(Viewer& viewer) {
  viewer.id_ = next_++;
  viewers_.push_back(&viewer);
  tell(seats_.enter(viewer.id_, viewer.options_.seat, shared_.clock->steady()));
  viewer.seat_news_.reset();  // its greeting says it
}

void Audience::leave(Viewer& viewer, Seats::Leaving how) {
  std::erase(viewers_, &viewer);
  tell(seats_.leave(viewer.id_, how, shared_.clock->steady()));
}

void Audience::take_over(Viewer& viewer) { tell(seats_.take_over(viewer.id_)); }

void Audience::say_size(Viewer& viewer, TerminalSize size) {
  seats_.say_size(viewer.id_, size);
  apply_size();
}

void Audience::tell(const Seats::News& news) {
  for (const auto& told : news)
    for (Viewer* viewer : viewers_)
      if (viewer->id_ == told.viewer) viewer->seated(told.writer, told.why);
  if (terminal_.answers_ && answers()) terminal_.answers_->rest();
  apply_size();
  arm();
}

// Only a change counts: what a client asked for by name (POST resize) stays until a window changes.
void Audience::apply_size() {
  const auto size = seats_.size();
  if (!size || size == applied_ || (pause_ && pause_->expiry() > std::chrono::steady_clock::now())) return;
  applied_ = size;
  pause();
  if (*size != terminal_.row().size && terminal_.state() != Terminal::State::Ended)
    terminal_.spawn([](std::shared_ptr<Terminal> terminal, TerminalSize wanted) -> boost::asio::awaitable<void> {
      (void)co_await terminal->resize(wanted);
    }(terminal_.shared_from_this(), *size));
}

void Audience::pause() {
  if (!pause_) pause_ = std::make_unique<boost::asio::steady_timer>(shared_.executor);
  pause_->expires_after(shared_.settings.resize_pause);
  pause_->async_wait([weak = terminal_.weak_from_this(), this](boost::system::error_code error) {
    const auto terminal = weak.lock();
    if (!terminal || error) return;
    pause_.reset();
    apply_size();
  });
}

void Audience::tell_size() {
  for (Viewer* viewer : viewers_) viewer->resized();
}

void Audience::wake() {
  for (Viewer* viewer : viewers_) viewer->wake();
}

bool Audience::answers() const {
  const auto writer = seats_.writer();
  return writer && std::ranges::any_of(viewers_, [&](const Viewer* viewer) { return viewer->id_ == *writer && viewer->options_.answers; });
}

void Audience::arm() {
  const auto when = seats_.deadline();
  if (!when || viewers_.empty()) return timer_.reset();  // who comes next finds out by himself
  if (!timer_) timer_ = std::make_unique<boost::asio::steady_timer>(shared_.executor);
  if (timer_->expiry() == *when) return;
  timer_->expires_at(*when);
  timer_->async_wait([weak = terminal_.weak_from_this(), this, when = *when](boost::system::error_code error) {
    if (const auto terminal = weak.lock(); terminal && !error) tell(seats_.expire(when));
  });
}

}  // namespace berth::terminals
