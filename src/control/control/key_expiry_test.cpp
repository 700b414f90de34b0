#include "control/key_expiry.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace berth::control {
namespace {

TEST(KeyExpiry, LooksAtEachTimeThatWasNotedAndEndsWhenItIsCancelled) {
  boost::asio::io_context io;
  boost::asio::cancellation_signal stop;
  const SystemClock clock;
  const WallTime now = clock.now(), far = now + std::chrono::years{9};
  const std::chrono::milliseconds little{20};
  std::vector<WallTime> looked;
  KeyExpiry expiry(io.get_executor(), clock, [&] {
    looked.push_back(clock.now());
    if (looked.back() >= now + 2 * little) stop.emit(boost::asio::cancellation_type::all);
  });
  boost::asio::co_spawn(io, expiry.run(), boost::asio::bind_cancellation_slot(stop.slot(), boost::asio::detached));
  for (const WallTime when : {far, now + 2 * little, now + little, now - little}) expiry.note(when);
  io.run();
  ASSERT_FALSE(looked.empty());
  EXPECT_GE(looked.back(), now + 2 * little);
}

}  // namespace
}  // namespace berth::control
