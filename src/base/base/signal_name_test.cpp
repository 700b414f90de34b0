#include "base/signal_name.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace berth {
namespace {

TEST(SignalName, WhatIsNoneIsRefused) {
  for (const std::string& wrong : {std::string(), std::string("0"), std::string("65"), std::string("-9"), std::string("9 "),
                                   std::string("SIG"), std::string("SIGSIGINT"), std::string("TERMINATE"),
                                   std::string(100'000, 'T'), std::string("INT\0", 4)}) {
    const auto refused = signal_number(wrong);
    ASSERT_FALSE(refused) << wrong.substr(0, 20);
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_NE(refused.error().hint.find("TERM"), std::string::npos);
  }
}

TEST(SignalName, NamesInEveryFormAndNumbers) {
  for (const char* text : {"INT", "int", "SIGINT", "sigInt", "2"}) EXPECT_EQ(signal_number(text), SIGINT) << text;
  EXPECT_EQ(signal_number("winch"), SIGWINCH);
  EXPECT_EQ(signal_number("64"), 64);
}

}  // namespace
}  // namespace berth
