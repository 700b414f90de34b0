#include "base/time.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Time, MomentsOfTheApi) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.000000002Z")->time_since_epoch().count(), 1'000'000'002);
  EXPECT_EQ(parse_time("2026-03-01T14:05:09+02:00"), parse_time("2026-03-01T12:05:09Z"));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567891Z")->time_since_epoch().count(), 123'456'789);
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00Zx"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace berth
