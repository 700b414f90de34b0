#pragma once
// Token buckets: each caller may make `burst` requests at once and `per_second` in the long run. The table is bounded; the
// bucket unused for longest makes room, and since an unused bucket is a full one, nothing is forgotten that matters unless
// more callers than `keys` are busy at once. Any thread.

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace berth::control {

class RateLimit {
 public:
  struct Options { std::uint32_t per_second = 100, burst = 200, keys = 10'000; };
  RateLimit(Options options, const Clock& clock) : options_(options), clock_(clock) {}

  // RateLimited, with retry_after, when the caller's bucket is empty.
  Result<> take(const std::string& key);
  void give_back(const std::string& key);  // what was taken by a request that turned out not to count
  [[nodiscard]] std::size_t size() const;

 private:
  struct Bucket {
    std::string key;
    double tokens;
    SteadyTime filled;
  };
  Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::list<Bucket> buckets_;  // the last used first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key_;  // views into the list
};

}  // namespace berth::control
