#include "os/exchange.hpp"

#include <gtest/gtest.h>

#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

TEST(Exchange, IsOneStepAndNeedsBoth) {
  const ScratchDir scratch;
  const auto a = scratch / "a", b = scratch / "b";
  ASSERT_TRUE(durable_write(a, "of a"));
  EXPECT_EQ(exchange_paths(a, b).error().code, Code::NotFound);
  EXPECT_EQ(*read_file(a, 100), "of a");
  ASSERT_TRUE(durable_write(b, "of b"));
  ASSERT_TRUE(exchange_paths(a, b));
  EXPECT_EQ(*read_file(a, 100), "of b");
  EXPECT_EQ(*read_file(b, 100), "of a");
}

}  // namespace
}  // namespace berth::os
