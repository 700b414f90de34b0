#include "cli/human.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {
using namespace std::chrono;

TEST(Human, Bytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1 KiB");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(512ull << 20), "512 MiB");
  EXPECT_EQ(human_bytes((1ull << 20) - 1), "1 MiB") << "never 1024 KiB";
  EXPECT_EQ(human_bytes(~0ull), "16 EiB");
}

TEST(Human, Durations) {
  EXPECT_EQ(human_duration(850us), "850 µs");
  EXPECT_EQ(human_duration(1500us), "1.5 ms");
  EXPECT_EQ(human_duration(12ms), "12 ms");
  EXPECT_EQ(human_duration(1200ms), "1.2 s");
  EXPECT_EQ(human_duration(185s), "3m 5s");
  EXPECT_EQ(human_duration(2h + 5min), "2h 5m");
  EXPECT_EQ(human_duration(76h), "3d 4h");
}

TEST(Human, Ages) {
  WallTime now{seconds{1'000'000'000}};
  EXPECT_EQ(human_age(now - 1s, now), "1 second");
  EXPECT_EQ(human_age(now - 90s, now), "1 minute");
  EXPECT_EQ(human_age(now - 5h, now), "5 hours");
  EXPECT_EQ(human_age(now - 50h, now), "2 days");
  EXPECT_EQ(human_age(now + 5s, now), "0 seconds") << "clocks differ";
}

TEST(Human, TimesOfTheApi) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.000000002Z")->time_since_epoch().count(), 1'000'000'002);
  EXPECT_EQ(parse_time("2026-03-01T14:05:09+02:00"), parse_time("2026-03-01T12:05:09Z"));
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567891Z")->time_since_epoch().count(), 123'456'789);
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00Zx"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace berth::cli
