#include "client/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace berth::client {
namespace {

using std::chrono::milliseconds;
constexpr BackoffPolicy policy{
    .first = milliseconds{100}, .longest = milliseconds{1'000}, .patience = milliseconds{10'000}};

TEST(Backoff, DoublesToTheLongestWithinTheUpperHalf) {
  FakeClock clock;
  Backoff backoff(policy, 7, clock);
  for (std::int64_t ceiling : {100, 200, 400, 800, 1000, 1000, 1000}) {
    auto delay = backoff.next();
    ASSERT_TRUE(delay);
    EXPECT_LE(delay->count(), ceiling);
    EXPECT_GE(delay->count(), ceiling / 2);
  }
}

TEST(Backoff, GivesUpWhenPatienceIsOver) {
  FakeClock clock;
  Backoff backoff(policy, 7, clock);
  ASSERT_TRUE(backoff.next());
  clock.advance(milliseconds{10'000});
  EXPECT_TRUE(backoff.next());
  clock.advance(milliseconds{1});
  EXPECT_FALSE(backoff.next());
}

TEST(Backoff, ResetStartsAnew) {
  FakeClock clock;
  Backoff backoff(policy, 7, clock);
  for (int i = 0; i < 6; ++i) (void)backoff.next();
  clock.advance(milliseconds{60'000});
  EXPECT_FALSE(backoff.next());
  backoff.reset();
  auto delay = backoff.next();
  ASSERT_TRUE(delay);
  EXPECT_LE(*delay, policy.first);
}

TEST(Backoff, SeedsSpreadClients) {
  FakeClock clock;
  std::set<std::int64_t> delays;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Backoff backoff({.first = milliseconds{1'000}, .longest = milliseconds{1'000}}, seed, clock);
    delays.insert(backoff.next()->count());
  }
  EXPECT_GT(delays.size(), 40u);
}

TEST(Backoff, ManyFailuresStayAtTheLongest) {
  FakeClock clock;
  Backoff backoff({.first = milliseconds{1}, .longest = milliseconds{5}, .patience = milliseconds{1}}, 1, clock);
  for (int i = 0; i < 1'000; ++i) EXPECT_LE(backoff.next()->count(), 5);
}

}  // namespace
}  // namespace berth::client
