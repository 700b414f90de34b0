#include "os/inside.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

// Both ways of resolving a path must agree, escapes included.
class InsideTest : public testing::TestWithParam<bool> {
 protected:
  InsideTest() {
    std::filesystem::create_directories(dir / "root/etc/deep");
    std::filesystem::create_directories(dir / "root/home");
    EXPECT_TRUE(durable_write(dir / "secret", "outside"));
    EXPECT_TRUE(durable_write(dir / "root/etc/passwd", "inside"));
    std::filesystem::create_symlink("/etc/passwd", dir / "root/absolute");
    std::filesystem::create_symlink("../../../secret", dir / "root/up");
    std::filesystem::create_symlink("../../../../etc", dir / "root/home/climb");
    std::filesystem::create_symlink("loop2", dir / "root/loop1");
    std::filesystem::create_symlink("loop1", dir / "root/loop2");
    std::filesystem::create_symlink("etc/", dir / "root/slashed");
    std::filesystem::create_symlink("nowhere", dir / "root/dangling");
    root = *open_flags(dir / "root", O_PATH | O_DIRECTORY);
  }
  Result<UniqueFd> open(const std::string& path, int flags = O_RDONLY, mode_t mode = 0) {
    return GetParam() ? walk_inside(root.get(), path, flags, mode) : open_inside(root.get(), path, flags, mode);
  }
  std::string text(const std::string& path) {
    auto fd = open(path);
    if (!fd) return std::to_string(fd.error().sys_errno);
    return read_all(fd->get(), 100).value_or("unreadable");
  }
  ScratchDir dir;
  UniqueFd root;
};
INSTANTIATE_TEST_SUITE_P(Ways, InsideTest, testing::Bool(), [](const auto& param) { return param.param ? "Walk" : "Kernel"; });

TEST_P(InsideTest, NothingLeadsOut) {
  for (const char* path : {"/etc/passwd", "etc/passwd", "//etc//./deep/../passwd", "../../etc/passwd", "/absolute",
                           "/home/climb/passwd", "/slashed/passwd", "/home/../../../../etc/passwd"})
    EXPECT_EQ(text(path), "inside") << path;
  for (const char* path : {"/up", "/../secret", "../secret", "/home/../../secret"})
    EXPECT_EQ(text(path), std::to_string(ENOENT)) << path;
}

TEST_P(InsideTest, LoopsAndMissingPartsEnd) {
  EXPECT_EQ(text("/loop1"), std::to_string(ELOOP));
  EXPECT_EQ(text("/loop1/x"), std::to_string(ELOOP));
  EXPECT_EQ(text("/none/x"), std::to_string(ENOENT));
  EXPECT_EQ(text("/etc/passwd/x"), std::to_string(ENOTDIR));
  EXPECT_FALSE(open("/etc/passwd/"));
}

TEST_P(InsideTest, TheRootItselfAndItsParents) {
  for (const char* path : {"/", ".", "..", "/..", "/home/.."}) {
    auto fd = open(path, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(fd) << path;
    EXPECT_EQ(stat_fd(fd->get())->st_ino, stat_path(dir / "root")->st_ino) << path;
  }
}

TEST_P(InsideTest, LinksAreKeptWhenAskedAndFilesAreMade) {
  auto link = open("/up", O_PATH | O_NOFOLLOW);
  ASSERT_TRUE(link);
  EXPECT_EQ(read_link(link->get(), "").value_or(""), "../../../secret");
  EXPECT_TRUE(open("/home/new", O_WRONLY | O_CREAT, 0640));
  EXPECT_EQ(stat_path(dir / "root/home/new")->st_mode & 0777, 0640u);
}

TEST_P(InsideTest, MagicLinksOfProcAreRefused) {
  root = *open_flags("/", O_PATH | O_DIRECTORY);
  const std::string magic = "/proc/" + std::to_string(::getpid()) + "/root/etc/passwd";
  EXPECT_EQ(text(magic), std::to_string(ELOOP));
  EXPECT_EQ(text("/proc/self/root/etc/passwd"), std::to_string(ELOOP));
  auto proc = open("/proc/self/status");
  ASSERT_TRUE(proc);
  EXPECT_TRUE(*is_kernel_filesystem(proc->get()));
  EXPECT_FALSE(*is_kernel_filesystem(open("/etc/passwd")->get()));
}

}  // namespace
}  // namespace berth::os
