#include "os/mount.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

TEST(Mountinfo, IsParsedWithItsEscapes) {
  const auto entries = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/ro\\134ot rw,errors=continue\n"
      "junk\n"
      "37 35 0:5 / /x rw - tmpfs tmpfs rw\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].id, 36);
  EXPECT_EQ(entries[0].target, "/mnt 2");
  EXPECT_EQ(entries[0].type, "ext3");
  EXPECT_EQ(entries[0].source, "/dev/ro\\ot");
  EXPECT_EQ(entries[0].super_options, "rw,errors=continue");
  EXPECT_EQ(entries[1].type, "tmpfs");
}

// In a forked child, since its mount namespace is for good. Exit codes name the step that failed.
int in_a_namespace(const ScratchDir& dir) {
  const Path awkward = dir / "a:b,c";
  if (!unshare_mounts()) return 77;
  for (const char* name : {"lower", "upper", "work", "target"}) std::filesystem::create_directories(awkward / name);
  if (!durable_write(awkward / "lower/file", "below")) return 2;
  const Overlay overlay{.lower = awkward / "lower", .upper = awkward / "upper", .work = awkward / "work"};
  if (auto made = mount_overlay(overlay, awkward / "target"); !made) return 3;
  if (read_file(awkward / "target/file", 10).value_or("") != "below") return 4;
  if (!durable_write(awkward / "target/file", "above")) return 5;
  if (read_file(awkward / "lower/file", 10).value_or("") != "below") return 6;
  if (!mount_tmpfs(awkward / "target", "size=64k")) return 7;
  if (!mount_bind(awkward / "upper", awkward / "work", MS_RDONLY)) return 8;
  if (durable_write(awkward / "work/x", "x")) return 9;
  if (mounts_below(awkward)->size() != 3) return 10;
  if (!unmount_below(awkward)) return 11;
  if (!mounts_below(awkward)->empty()) return 12;
  return unmount(awkward / "target") ? 0 : 13;
}

TEST(Mounts, StayInTheirNamespace) {
  ScratchDir dir;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(in_a_namespace(dir));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "mount namespaces need root";
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(mounts_below(dir.path())->empty());
}

}  // namespace
}  // namespace berth::os
