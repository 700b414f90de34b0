#include "backup/member.hpp"

#include <gtest/gtest.h>

namespace berth::backup {
namespace {

Result<Member> again(const std::string& head) { return decode(head); }

TEST(Member, IsTheSameAfterwards) {
  const std::string deep(150, 'd'), longer(1500, 'n');
  for (const auto& member : std::vector<Member>{
           {.path = "berth.db", .mode = 0600, .uid = 1000, .gid = 1000, .modified = 1'700'000'000, .bytes = 4096},
           {.path = deep + "/" + longer, .bytes = 1},
           {.path = std::string(100, 'x')},
           {.path = std::string(101, 'x')},
           {.path = "terminals", .kind = Kind::Directory, .mode = 0700},
           {.path = "l", .kind = Kind::Link, .mode = 0777, .target = "../" + longer},
           {.path = "l", .kind = Kind::Link, .target = "/etc"},
           {.path = "large", .uid = 4'000'000'000, .gid = 0xffff'fffe, .bytes = 1ull << 40},
           {.path = "line\nfeed = \xff"}}) {
    const auto head = encode(member);
    EXPECT_EQ(head.size() % block_bytes, 0u);
    EXPECT_EQ(header_bytes(head.substr(0, block_bytes)).value(), head.size());
    const auto read = again(head);
    ASSERT_TRUE(read) << member.path;
    EXPECT_EQ(*read, member);
  }
}

TEST(Member, AnyOtherFormIsRefused) {
  const std::string good = encode({.path = std::string(120, 'x') + "/y", .bytes = 7});
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char flip : {'\1', '\x40'}) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      const auto read = again(bad);
      EXPECT_TRUE(!read || (*read != decode(good).value() && encode(*read) == bad)) << i;
    }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(again(good.substr(0, size)));
}

TEST(Member, LeadsNowhereElse) {
  for (const char* path : {"", "/etc/passwd", "..", "a/../b", "../a", "a//b", "a/", ".", "a/./b"}) {
    EXPECT_FALSE(is_path(path)) << path;
    EXPECT_FALSE(again(encode({.path = path}))) << path;
  }
  EXPECT_FALSE(is_path(std::string("a\0b", 3)) || is_path(std::string(most_path_bytes + 1, 'a')));
  EXPECT_TRUE(is_path("...") && is_path(".a/b..") && is_path("a"));
}

}  // namespace
}  // namespace berth::backup
