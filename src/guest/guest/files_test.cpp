#include "guest/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "os/scratch_dir.hpp"
#include "wire/frame.hpp"

namespace berth::guest {
namespace {

using Request = wire::FileRequest;

class FilesTest : public testing::Test {
 protected:
  FilesTest() : files(*[this] {
      std::filesystem::create_directories(dir / "root/home");
      std::filesystem::create_directories(dir / "root/etc");
      return Files::open(dir / "root", "/home");
    }()) {
    EXPECT_TRUE(os::durable_write(dir / "secret", "outside"));
    EXPECT_TRUE(os::durable_write(dir / "root/etc/passwd", "inside"));
    std::filesystem::create_symlink("/etc/passwd", dir / "root/home/absolute");
    std::filesystem::create_symlink("../../../../secret", dir / "root/home/up");
    std::filesystem::create_symlink("/../..", dir / "root/home/top");
    std::filesystem::create_directory_symlink(dir.path(), dir / "root/home/host");
    before = ::umask(0);
  }
  ~FilesTest() override { ::umask(before); }

  wire::FileReply ask(Request::Op op, std::string path, const std::function<void(Request&)>& more = {}) {
    Request request;
    request.set_request(7);
    request.set_op(op);
    request.set_path(std::move(path));
    if (more) more(request);
    auto reply = files.answer(request);
    EXPECT_EQ(reply.request(), 7u);
    return reply;
  }
  wire::FileReply write(std::string path, std::string data, std::uint32_t mode = 0) {
    return ask(Request::WRITE, std::move(path), [&](Request& r) {
      r.set_data(std::move(data));
      r.set_truncate(true);
      r.set_mode(mode);
    });
  }
  std::string text(const os::Path& path) { return os::read_file(path, 1 << 20).value_or("unreadable"); }

  os::ScratchDir dir;
  Files files;
  mode_t before = 0;
};

TEST_F(FilesTest, NoOperationLeavesTheRoot) {
  const std::vector<std::string> escapes{"up", "/home/up", "top/secret", "host/secret", "../../secret", "/../secret",
                                         "host/root/../secret"};
  for (const std::string& path : escapes) EXPECT_EQ(ask(Request::READ, path).sys_errno(), ENOENT) << path;
  for (const std::string& path : escapes) {
    (void)write(path, "overwritten");
    (void)ask(Request::MAKE_DIR, path, [](Request& r) { r.set_recursive(true); });
    (void)ask(Request::REMOVE, path, [](Request& r) { r.set_recursive(true); });
    (void)ask(Request::MOVE, "/etc/passwd", [&](Request& r) { r.set_to(path); });
  }
  EXPECT_EQ(text(dir / "secret"), "outside");
  int names = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++names;
  EXPECT_EQ(names, 2) << "root and secret";
}

TEST_F(FilesTest, LinksLeadInsideTheRoot) {
  EXPECT_EQ(ask(Request::READ, "absolute").data(), "inside");
  EXPECT_EQ(ask(Request::READ, "top/etc/passwd").data(), "inside");
  const auto stat = ask(Request::STAT, "up");
  ASSERT_EQ(stat.entries_size(), 1);
  EXPECT_EQ(stat.entries(0).kind(), wire::FileInfo::SYMLINK);
  EXPECT_EQ(stat.entries(0).link_target(), "../../../../secret");
  EXPECT_EQ(stat.entries(0).name(), "up");
}

TEST_F(FilesTest, WritesInPiecesAndReadsThem) {
  ASSERT_EQ(write("f", "0123456789", 0640).sys_errno(), 0);
  EXPECT_EQ(os::stat_path(dir / "root/home/f")->st_mode & 07777, 0640u);
  ASSERT_EQ(ask(Request::WRITE, "f", [](Request& r) { r.set_data("XY"); r.set_offset(4); }).sys_errno(), 0);
  EXPECT_EQ(text(dir / "root/home/f"), "0123XY6789");
  auto read = ask(Request::READ, "f", [](Request& r) { r.set_offset(2); r.set_length(4); });
  EXPECT_EQ(read.data(), "23XY");
  EXPECT_FALSE(read.end());
  read = ask(Request::READ, "f", [](Request& r) { r.set_offset(8); });
  EXPECT_EQ(read.data(), "89");
  EXPECT_TRUE(read.end());
  EXPECT_TRUE(ask(Request::READ, "f", [](Request& r) { r.set_offset(1 << 20); }).end());
  EXPECT_EQ(write("f", std::string(wire::max_data_bytes + 1, 'x')).sys_errno(), EMSGSIZE);
  EXPECT_EQ(write("f", "new").sys_errno(), 0);
  EXPECT_EQ(text(dir / "root/home/f"), "new");
}

TEST_F(FilesTest, NothingButRegularFilesIsReadOrWritten) {
  ASSERT_EQ(::mkfifo((dir / "root/home/fifo").c_str(), 0600), 0);
  EXPECT_EQ(ask(Request::READ, "fifo").sys_errno(), EINVAL);
  EXPECT_NE(write("fifo", "x").sys_errno(), 0);
  EXPECT_EQ(ask(Request::READ, "/etc").sys_errno(), EISDIR);
  EXPECT_EQ(ask(Request::STAT, "fifo").entries(0).kind(), wire::FileInfo::OTHER);
  files = *Files::open("/", "/");
  for (const char* path : {"/proc/self/status", "/proc/self/root/etc/passwd", "/sys/kernel/mm", "/proc"}) {
    EXPECT_NE(ask(Request::READ, path).sys_errno(), 0) << path;
    EXPECT_NE(ask(Request::LIST, path).sys_errno(), 0) << path;
    EXPECT_NE(write(path, "x").sys_errno(), 0) << path;
  }
}

TEST_F(FilesTest, ListsSortedAndBounded) {
  for (const char* name : {"c", "a", "b", "d"}) ASSERT_TRUE(os::durable_write(dir / "root/etc" / name, "x"));
  auto list = ask(Request::LIST, "/etc");
  ASSERT_EQ(list.entries_size(), 5);
  EXPECT_TRUE(list.end());
  EXPECT_EQ(list.entries(0).name(), "a");
  EXPECT_EQ(list.entries(4).name(), "passwd");
  EXPECT_EQ(list.entries(4).size(), 6u);
  list = ask(Request::LIST, "/etc", [](Request& r) { r.set_length(2); });
  ASSERT_EQ(list.entries_size(), 2);
  EXPECT_EQ(list.entries(1).name(), "b");
  EXPECT_FALSE(list.end());
}

TEST_F(FilesTest, AHugeListFitsAFrame) {
  std::filesystem::create_directories(dir / "root/many");
  const std::string target(4000, 't');
  for (int i = 0; i < 400; ++i) std::filesystem::create_symlink(target, dir / "root/many" / std::to_string(i));
  const auto list = ask(Request::LIST, "/many");
  EXPECT_FALSE(list.end());
  EXPECT_GT(list.entries_size(), 100);
  EXPECT_LT(list.ByteSizeLong(), wire::max_frame_bytes - 100);
}

TEST_F(FilesTest, MakesMovesAndRemoves) {
  EXPECT_EQ(ask(Request::MAKE_DIR, "x/y/z").sys_errno(), ENOENT);
  const auto recursive = [](Request& r) { r.set_recursive(true); };
  EXPECT_EQ(ask(Request::MAKE_DIR, "x/y//z/", recursive).sys_errno(), 0);
  EXPECT_EQ(ask(Request::MAKE_DIR, "x/y/z", recursive).sys_errno(), 0);
  EXPECT_EQ(ask(Request::MAKE_DIR, "x/y/z").sys_errno(), EEXIST);
  EXPECT_EQ(ask(Request::MOVE, "x/y", [](Request& r) { r.set_to("/etc/y"); }).sys_errno(), 0);
  EXPECT_TRUE(std::filesystem::is_directory(dir / "root/etc/y/z"));
  EXPECT_EQ(ask(Request::REMOVE, "/etc/y").sys_errno(), ENOTEMPTY);
  EXPECT_EQ(ask(Request::REMOVE, "/etc/y", recursive).sys_errno(), 0);
  EXPECT_EQ(ask(Request::REMOVE, "/etc/y", recursive).sys_errno(), ENOENT);
  EXPECT_EQ(ask(Request::REMOVE, "absolute", recursive).sys_errno(), 0);
  EXPECT_EQ(text(dir / "root/etc/passwd"), "inside") << "the link went, not its target";
  for (const char* path : {"/", ".", "..", "x/..", ""}) EXPECT_EQ(ask(Request::REMOVE, path, recursive).sys_errno(), EINVAL) << path;
  EXPECT_EQ(ask(Request::STAT, std::string("a\0b", 3)).sys_errno(), EINVAL);
}

}  // namespace
}  // namespace berth::guest
