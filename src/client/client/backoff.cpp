#include "client/backoff.hpp"

#include <algorithm>

namespace berth::client {

// SplitMix64 (Steele, Lea, Flood 2014): enough to spread clients, not a source of secrets.
std::uint64_t Backoff::random() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::optional<std::chrono::milliseconds> Backoff::next() {
  if (failures_ == 0) since_ = clock_->steady();
  if (clock_->steady() - since_ > policy_.patience) return std::nullopt;
  constexpr unsigned most_doublings = 30;  // keeps the shift defined
  auto ceiling = std::min(policy_.longest.count(), policy_.first.count() << std::min(failures_, most_doublings));
  ++failures_;
  auto half = static_cast<std::uint64_t>(ceiling / 2);
  return std::chrono::milliseconds{ceiling - static_cast<std::int64_t>(half == 0 ? 0 : random() % (half + 1))};
}

void Backoff::reset() { failures_ = 0; }

}  // namespace berth::client
