#include "os/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "os/file_lock.hpp"
#include "os/poll.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

TEST(File, FailuresNameCallAndSubject) {
  ScratchDir dir;
  const auto missing = open_read(dir / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::NotFound);
  EXPECT_EQ(missing.error().operation, "open");
  EXPECT_EQ(missing.error().subject, (dir / "none").string());
  EXPECT_EQ(missing.error().sys_errno, ENOENT);
}

TEST(File, ReadAllStopsAtItsLimit) {
  ScratchDir dir;
  ASSERT_TRUE(durable_write(dir / "f", std::string(1000, 'x')));
  EXPECT_EQ(read_file(dir / "f", 1000).value_or("").size(), 1000u);
  const auto over = read_file(dir / "f", 999);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::TooLarge);
  EXPECT_EQ(over.error().subject, (dir / "f").string());
}

TEST(File, WritevAllSurvivesShortWrites) {
  auto pipe = *make_pipe(O_NONBLOCK);
  const std::string a(100'000, 'a'), b(200'000, 'b');
  std::string got;
  std::thread reader([&] { got = read_all(pipe.read.get(), 1 << 20).value_or("failed"); });
  EXPECT_TRUE(writev_all(pipe.write.get(), {a, {}, b}));
  pipe.write.reset();
  reader.join();
  EXPECT_TRUE(got == a + b);
}

TEST(File, WouldBlockIsNoError) {
  auto pipe = *make_pipe(O_NONBLOCK);
  char byte = 0;
  const auto none = read_some(pipe.read.get(), {&byte, 1});
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  pipe.write.reset();
  EXPECT_EQ(read_some(pipe.read.get(), {&byte, 1}).value_or(std::nullopt), 0u);
}

TEST(File, PositionedReadsAndWrites) {
  ScratchDir dir;
  auto fd = *open_read_write(dir / "f");
  ASSERT_TRUE(pwrite_all(fd.get(), "world", 6));
  ASSERT_TRUE(pwrite_all(fd.get(), "hello ", 0));
  std::string into(100, '?');
  EXPECT_EQ(pread_full(fd.get(), into, 3).value_or(0), 8u);
  EXPECT_EQ(into.substr(0, 8), "lo world");
}

TEST(File, DurableWriteHasItsModeAndLeavesNothingBeside) {
  ScratchDir dir;
  const mode_t before = ::umask(0);
  ASSERT_TRUE(durable_write(dir / "secret", "1", 0600));
  ASSERT_TRUE(durable_write(dir / "secret", "2", 0600));
  ::umask(before);
  EXPECT_EQ(stat_path(dir / "secret")->st_mode & 07777, 0600u);
  EXPECT_EQ(read_file(dir / "secret", 10).value_or(""), "2");
  ASSERT_TRUE(make_directory(dir / "taken", 0700));
  EXPECT_FALSE(durable_write(dir / "taken", "x"));  // the rename fails
  int names = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++names;
  EXPECT_EQ(names, 2);
}

TEST(File, PrivateDirectoriesArePrivateWhateverWasThere) {
  ScratchDir dir;
  const mode_t before = ::umask(0);
  ASSERT_TRUE(make_private_directory(dir / "a/b/c"));
  ::umask(before);
  EXPECT_EQ(stat_path(dir / "a")->st_mode & 07777, 0700u);
  EXPECT_EQ(stat_path(dir / "a/b/c")->st_mode & 07777, 0700u);
  ASSERT_TRUE(set_mode(dir / "a", 0755));
  ASSERT_TRUE(make_private_directory(dir / "a"));
  EXPECT_EQ(stat_path(dir / "a")->st_mode & 07777, 0700u);
  ASSERT_TRUE(durable_write(dir / "file", ""));
  EXPECT_FALSE(make_private_directory(dir / "file"));
  std::filesystem::create_symlink(dir / "a", dir / "link");
  EXPECT_FALSE(make_private_directory(dir / "link"));
  if (::geteuid() != 0) return;
  ASSERT_TRUE(make_directory(dir / "theirs", 0700));
  ASSERT_TRUE(set_owner(dir / "theirs", 1000, 1000));
  const auto theirs = make_private_directory(dir / "theirs");
  ASSERT_FALSE(theirs);
  EXPECT_EQ(theirs.error().code, Code::PermissionDenied);
}

TEST(File, BeneathMeansBeneath) {
  ScratchDir dir;
  ASSERT_TRUE(make_directory(dir / "in", 0700));
  ASSERT_TRUE(durable_write(dir / "out", "x"));
  ASSERT_TRUE(durable_write(dir / "in/file", "x"));
  std::filesystem::create_symlink("../out", dir / "in/up");
  std::filesystem::create_symlink("/etc/passwd", dir / "in/absolute");
  std::filesystem::create_symlink("file", dir / "in/fine");
  const auto in = *open_directory(dir / "in");
  EXPECT_TRUE(open_beneath(in.get(), "fine", O_RDONLY));
  for (const char* path : {"../out", "up", "absolute", "/etc/passwd"}) EXPECT_FALSE(open_beneath(in.get(), path, O_RDONLY)) << path;
}

TEST(File, RemoveTreeFollowsNoLinkAndHasNoDepth) {
  ScratchDir dir;
  ASSERT_TRUE(make_directory(dir / "kept", 0700));
  ASSERT_TRUE(durable_write(dir / "kept/file", "x"));
  ASSERT_TRUE(make_directory(dir / "tree", 0700));
  std::filesystem::create_directory_symlink(dir / "kept", dir / "tree/link");
  auto at = *open_directory(dir / "tree");
  for (int depth = 0; depth < 1000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "deeper", 0700), 0);
    at.reset(::openat(at.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  for (int i = 0; i < 3000; ++i) UniqueFd{::openat(at.get(), std::to_string(i).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
  ASSERT_TRUE(make_directory(dir / "tree/locked", 0700));
  ASSERT_TRUE(durable_write(dir / "tree/locked/file", "x"));
  ASSERT_TRUE(set_mode(dir / "tree/locked", 0));
  const auto removed = remove_tree(dir / "tree");
  EXPECT_TRUE(removed) << removed.error().describe();
  EXPECT_FALSE(std::filesystem::exists(dir / "tree"));
  EXPECT_TRUE(std::filesystem::exists(dir / "kept/file"));
  EXPECT_TRUE(remove_tree(dir / "tree"));
  std::filesystem::create_directory_symlink(dir / "kept", dir / "link");
  EXPECT_TRUE(remove_tree(dir / "link"));
  EXPECT_TRUE(std::filesystem::exists(dir / "kept/file"));
}

TEST(File, RemoveTreeStopsAtAnotherFileSystem) {
  ScratchDir dir;
  std::filesystem::create_directories(dir / "tree/mounted");
  if (::mount("tmpfs", (dir / "tree/mounted").c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "cannot mount here";
  ASSERT_TRUE(durable_write(dir / "tree/mounted/file", "x"));
  const auto removed = remove_tree(dir / "tree");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().sys_errno, EBUSY);
  EXPECT_TRUE(std::filesystem::exists(dir / "tree/mounted/file"));
  ASSERT_EQ(::umount((dir / "tree/mounted").c_str()), 0);
}

TEST(Lock, OfADirectoryIsSharedOrAlone) {
  ScratchDir dir;
  auto one = share_directory(dir.path()), two = share_directory(dir.path());
  ASSERT_TRUE(one && two) << "sharing does not wait for others that share";
  EXPECT_FALSE(*lock_directory(dir.path(), std::chrono::milliseconds{1}));
  one->reset();
  EXPECT_FALSE(*lock_directory(dir.path(), std::chrono::milliseconds{1}));
  two->reset();
  EXPECT_TRUE(*lock_directory(dir.path(), std::chrono::milliseconds{0}));
  EXPECT_EQ(lock_directory(dir / "absent", std::chrono::milliseconds{0}).error().code, Code::NotFound);
}

TEST(File, LockIsExclusiveUntilItsDescriptorGoes) {
  ScratchDir dir;
  auto first = *try_lock_file(dir / "lock");
  ASSERT_TRUE(first);
  EXPECT_FALSE(*try_lock_file(dir / "lock"));
  first.reset();
  EXPECT_TRUE(*try_lock_file(dir / "lock"));
}

TEST(Poll, TimersEventsAndDeadlines) {
  auto epoll = *Epoll::open();
  auto timer = *TimerFd::open();
  auto event = *EventFd::open();
  ASSERT_TRUE(epoll.add(timer.fd(), EPOLLIN, 1));
  ASSERT_TRUE(epoll.add(event.fd(), EPOLLIN, 2));
  std::array<epoll_event, 4> events;
  EXPECT_TRUE(epoll.wait(events, std::chrono::milliseconds{0})->empty());
  ASSERT_TRUE(timer.arm(std::chrono::nanoseconds{0}));
  auto ready = *epoll.wait(events, std::chrono::seconds{20});
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(std::uint64_t{ready[0].data.u64}, 1u);
  timer.clear();
  std::thread other([&] { event.notify(); });
  ready = *epoll.wait(events, std::chrono::seconds{20});
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(std::uint64_t{ready[0].data.u64}, 2u);
  other.join();
  event.clear();
  EXPECT_FALSE(*wait_ready(event.fd(), POLLIN, std::chrono::milliseconds{1}));
}

}  // namespace
}  // namespace berth::os
