#include "os/host.hpp"

#include <gtest/gtest.h>

namespace berth::os {
namespace {

TEST(Host, KernelHasANameAndARelease) {
  auto found = kernel();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "Linux");
  EXPECT_FALSE(found->release.empty());
  EXPECT_FALSE(found->machine.empty());
}

TEST(Host, DiskSpaceOfADirectory) {
  auto space = disk_space("/tmp");
  ASSERT_TRUE(space);
  EXPECT_GT(space->total_bytes, 0u);
  EXPECT_LE(space->available_bytes, space->total_bytes);
}

TEST(Host, DiskSpaceOfNothingIsNotFound) { EXPECT_EQ(disk_space("/does/not/exist").error().code, Code::NotFound); }

}  // namespace
}  // namespace berth::os
