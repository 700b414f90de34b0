#include "control/place.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using std::chrono::milliseconds;

template <class T>
T place(std::string_view text) {
  const auto parsed = parse_place(text, "from");
  if (!parsed || !*parsed || !std::holds_alternative<T>(**parsed)) {
    ADD_FAILURE() << text << " is another kind of place";
    return T{};
  }
  return std::get<T>(**parsed);
}

TEST(Place, IsAnOffsetACommandADurationOrAMoment) {
  EXPECT_EQ(place<ByteOffset>("4096").value, 4096u);
  EXPECT_EQ(place<CommandNumber>("cmd:12").value, 12u);
  EXPECT_EQ(place<milliseconds>("90s"), milliseconds{90'000});
  EXPECT_EQ(place<milliseconds>("1h5m250ms"), milliseconds{3'900'250});
  EXPECT_EQ(place<WallTime>("1970-01-01T00:00:01Z").time_since_epoch(), std::chrono::seconds{1});
  (void)place<Now>("now");
  EXPECT_FALSE(parse_place("", "from").value());
}

TEST(Place, AnythingElseIsRefused) {
  for (const char* text : {"-1", "1.5", "cmd:", "cmd:0", "cmd:x", "cmd:1x", "5x", "s", "99999999999999999999", "9999999999d", "yesterday", "2026-13-01T00:00:00Z", " 1"})
    EXPECT_EQ(parse_place(text, "to").error().code, Code::InvalidArgument) << text;
}

}  // namespace
}  // namespace berth::control
