#include "os/new_file.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include "os/at.hpp"
#include "os/inside.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

std::vector<std::string> names_in(const Path& dir) { return list_at(open_directory(dir)->get()).value(); }

TEST(NewFile, HasNoNameUntilItIsWholeAndReplacesNothing) {
  const ScratchDir scratch;
  const Path path = scratch.path() / "backup";
  {
    auto file = NewFile::open(path).value();
    ASSERT_TRUE(write_all(file.fd(), "half"));
    EXPECT_FALSE(stat_no_follow(path));
  }
  EXPECT_TRUE(names_in(scratch.path()).empty()) << "given up";
  auto file = NewFile::open(path).value(), other = NewFile::open(path).value();
  ASSERT_TRUE(write_all(file.fd(), "whole"));
  ASSERT_TRUE(file.publish());
  EXPECT_EQ(read_file(path, 100).value(), "whole");
  EXPECT_EQ(stat_no_follow(path)->st_mode & 0777, 0600u);
  EXPECT_EQ(other.publish().error().code, Code::AlreadyExists);
  EXPECT_EQ(NewFile::open(path).error().code, Code::AlreadyExists);
  EXPECT_FALSE(NewFile::open(scratch.path() / "none" / "backup"));
}

TEST(At, NamesInAnOpenDirectoryAreNotFollowed) {
  const ScratchDir scratch;
  const auto dir = open_directory(scratch.path()).value();
  ASSERT_TRUE(make_directory_at(dir.get(), "d", 0700));
  ASSERT_TRUE(make_link_at(dir.get(), "l", "/etc"));
  EXPECT_EQ(list_at(dir.get()).value(), (std::vector<std::string>{"d", "l"}));
  EXPECT_EQ(read_link(dir.get(), "l").value(), "/etc");
  EXPECT_FALSE(open_at(dir.get(), "l", O_RDONLY | O_DIRECTORY));
  EXPECT_FALSE(make_directory_at(dir.get(), "l", 0700));
  ASSERT_TRUE(set_modified_at(dir.get(), "l", 1'000) && set_mode_at(dir.get(), "d", 0500));
  EXPECT_EQ(stat_at(dir.get(), "l")->st_mtim.tv_sec, 1'000);
  EXPECT_EQ(stat_at(dir.get(), "d")->st_mode & 0777, 0500u);
  EXPECT_EQ(stat_at(dir.get(), "none").error().sys_errno, ENOENT);
}

}  // namespace
}  // namespace berth::os
