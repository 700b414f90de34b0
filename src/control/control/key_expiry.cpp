#include "control/key_expiry.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace berth::control {
namespace {

constexpr std::chrono::minutes longest_wait{1};

}  // namespace

void KeyExpiry::note(WallTime when) {
  boost::asio::post(timer_.get_executor(), [this, when] {
    times_.insert(when);
    timer_.cancel();
  });
}

boost::asio::awaitable<void> KeyExpiry::run() {
  while ((co_await boost::asio::this_coro::cancellation_state).cancelled() == boost::asio::cancellation_type::none) {
    const WallTime now = clock_.now();
    const auto coming = times_.upper_bound(now);
    if (coming != times_.begin()) {
      times_.erase(times_.begin(), coming);
      look_();
    }
    std::chrono::nanoseconds wait = longest_wait;
    if (!times_.empty()) wait = std::min(wait, *times_.begin() - now + std::chrono::nanoseconds{std::chrono::milliseconds{1}});
    timer_.expires_after(std::chrono::ceil<std::chrono::milliseconds>(wait));
    (void)co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

}  // namespace berth::control
