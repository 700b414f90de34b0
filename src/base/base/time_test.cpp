#include "base/time.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Time, MomentsOfTheApi) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.000000002Z")->time_since_epoch().count(), 1'000'000'002);
  EXPECT_EQ(parse_time("2026-03-01T14:05:09+02:00"), parse_time("2026-03-01T12:05:09Z"));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567891Z")->time_since_epoch().count(), 123'456'789);
  EXPECT_TRUE(parse_time("1678-01-01T00:00:00+23:59"));
  EXPECT_TRUE(parse_time("2261-12-31T23:59:60.999999999-23:59"));
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00Zx",
        "0001-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "9999-12-31T23:59:60.999999999-23:59"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace berth
