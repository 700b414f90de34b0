#include "shim/loop.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace berth::shim {

Loop::Watch& Loop::Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  reset();
  loop_ = std::exchange(other.loop_, nullptr);
  token_ = other.token_;
  return *this;
}

void Loop::Watch::reset() {
  if (loop_ == nullptr) return;
  const auto at = loop_->watched_.find(token_);
  BERTH_CHECK(at != loop_->watched_.end());
  BERTH_CHECK(loop_->epoll_.remove(at->second->fd).has_value());
  loop_->watched_.erase(at);
  loop_ = nullptr;
}

void Loop::Watch::want(std::uint32_t events) {
  BERTH_CHECK(loop_ != nullptr);
  Watched& watched = *loop_->watched_.at(token_);
  if (watched.events == events) return;
  BERTH_CHECK(loop_->epoll_.modify(watched.fd, events, token_).has_value());
  watched.events = events;
}

Loop::Timer& Loop::Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  reset();
  loop_ = std::exchange(other.loop_, nullptr);
  key_ = other.key_;
  return *this;
}

void Loop::Timer::reset() {
  if (loop_ != nullptr) loop_->timers_.erase(key_);
  loop_ = nullptr;
}

Result<std::unique_ptr<Loop>> Loop::open(const Clock& clock) {
  TRY_ASSIGN(auto epoll, os::Epoll::open());
  return std::unique_ptr<Loop>(new Loop(clock, std::move(epoll)));
}

Result<Loop::Watch> Loop::watch(int fd, std::uint32_t events, Ready ready) {
  const std::uint64_t token = next_token_++;
  TRY(epoll_.add(fd, events, token));
  watched_.emplace(token, std::make_shared<Watched>(Watched{fd, events, std::move(ready)}));
  return Watch{this, token};
}

Loop::Timer Loop::after(std::chrono::milliseconds delay, Due due) {
  const Timer::Key key{clock_.steady() + delay, next_token_++};
  timers_.emplace(key, std::move(due));
  return Timer{this, key};
}

std::optional<std::chrono::milliseconds> Loop::until_next_timer() const {
  if (timers_.empty()) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - clock_.steady());
  return std::max(left, std::chrono::milliseconds{0});
}

Result<> Loop::step() {
  std::array<epoll_event, 64> room;
  TRY_ASSIGN(const auto ready, epoll_.wait(room, until_next_timer()));
  for (const epoll_event& event : ready) {
    const std::uint64_t token = event.data.u64;  // a copy: the structure is packed
    const auto at = watched_.find(token);
    if (at == watched_.end()) continue;  // ended by a call-back before it
    const auto held = at->second;        // it may end itself
    held->ready(event.events);
  }
  run_timers();
  return {};
}

void Loop::run_timers() {
  if (timers_.empty()) return;
  const SteadyTime now = clock_.steady();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

}  // namespace berth::shim
