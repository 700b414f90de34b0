#include "control/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace berth::control {

Result<> RateLimit::take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  } else {
    buckets_.push_front({key, static_cast<double>(options_.burst), now});
    by_key_.emplace(buckets_.front().key, buckets_.begin());
    if (buckets_.size() > options_.keys) {
      by_key_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
  }
  Bucket& bucket = buckets_.front();
  const double elapsed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min<double>(options_.burst, bucket.tokens + elapsed * options_.per_second);
  bucket.filled = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return {};
  }
  Error error{.code = Code::RateLimited, .message = "There were too many requests.", .hint = "Wait, then try again."};
  error.retry_after = std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) * 1000 / options_.per_second))};
  return std::unexpected(std::move(error));
}

void RateLimit::give_back(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end())
    found->second->tokens = std::min<double>(options_.burst, found->second->tokens + 1);
}

std::size_t RateLimit::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace berth::control
