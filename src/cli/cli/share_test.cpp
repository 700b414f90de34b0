#include "cli/share.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

constexpr const char* id = "trm_00000000000000000000000000";

TEST(Link, IsReadAsItIsPrinted) {
  for (const char* server : {"", "http://127.0.0.1:7070", "https://berth.example/below"}) {
    const Link link{.server = server, .terminal = id, .key = "berth_abc"};
    const auto read = parse_link(link_text(link));
    ASSERT_TRUE(read && *read) << link_text(link);
    EXPECT_EQ((*read)->server, link.server);
    EXPECT_EQ((*read)->terminal, link.terminal);
    EXPECT_EQ((*read)->key, link.key);
  }
}

TEST(Link, OtherTargetsAreNoneAndBrokenOnesAreSaid) {
  for (const char* target : {"build", "build/tests", id}) EXPECT_FALSE(parse_link(target).value()) << target;
  const std::string terminal = id;
  for (const std::string& text : {std::string("#"), std::string("#berth_a"), terminal + "#", terminal + "#key", std::string("build#berth_a"),
                                  "http://h/v1/terminals/" + terminal + "#berth_a", "/v1/terminals/" + terminal + "/attach#berth_a"})
    EXPECT_EQ(parse_link(text).error().code, Code::InvalidArgument) << text;
}

}  // namespace
}  // namespace berth::cli
