#include "sandbox/isolation.hpp"

#include <gtest/gtest.h>

namespace berth::sandbox {
namespace {

TEST(Isolation, NamesGoThereAndBack) {
  for (const auto isolation : {Isolation::Auto, Isolation::Gvisor, Isolation::Container}) {
    EXPECT_EQ(parse_isolation(to_string(isolation)), isolation);
  }
}

TEST(Isolation, AnotherWordIsNone) {
  for (const auto* name : {"", "Auto", "gvisor ", "none", "vm"}) EXPECT_EQ(parse_isolation(name), std::nullopt) << name;
}

}  // namespace
}  // namespace berth::sandbox
