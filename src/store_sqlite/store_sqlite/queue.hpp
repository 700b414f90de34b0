#pragma once
// Private to store_sqlite: a bounded queue between io_contexts and the store's threads. Full refuses, it never waits.
// After close() nothing goes in; what is in still comes out.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace berth::store_sqlite {

enum class Push { Done, Full, Closed };

template <class T>
class Queue {
 public:
  explicit Queue(std::size_t bound) : bound_(bound) {}

  Push push(T& item) {  // moved from only when Done
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Push::Closed;
      if (items_.size() >= bound_) return Push::Full;
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
    return Push::Done;
  }

  // Waits for at least one; empty only when closed and drained.
  std::vector<T> pop(std::size_t most) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
    std::vector<T> out;
    while (!items_.empty() && out.size() < most) {
      out.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return out;
  }

  // Adds what waits by now to `out`, up to `most` in all. False when that is nothing.
  bool take_more(std::vector<T>& out, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const std::size_t before = out.size();
    while (!items_.empty() && out.size() < most) {
      out.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return out.size() > before;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  const std::size_t bound_;
  bool closed_ = false;
};

}  // namespace berth::store_sqlite
