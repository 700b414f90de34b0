#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "os/file.hpp"
#include "sandboxes/name.hpp"
#include "sandboxes/shim_files.hpp"

namespace berth::sandboxes {
namespace {

TEST(Name, IsAHostName) {
  for (const char* good : {"a", "0", "quiet-otter", "a--b", "x-"}) EXPECT_TRUE(check_name(good)) << good;
  EXPECT_TRUE(check_name(std::string(63, 'a')));
  for (const char* bad : {"", "-a", "A", "a_b", "a.b", "a b", "ä", "a/b", ".."}) EXPECT_FALSE(check_name(bad)) << bad;
  EXPECT_FALSE(check_name(std::string(64, 'a')));
}

TEST(Name, EveryPickedOneIsAName) {
  for (unsigned i = 0; i < 256; ++i) {
    const std::array random{std::byte(i), std::byte(255 - i), std::byte(i), std::byte(7)};
    EXPECT_TRUE(check_name(readable_name(std::span(random).first(2))));
    EXPECT_TRUE(check_name(readable_name(random)));
  }
  const std::array zero{std::byte{0}, std::byte{0}, std::byte{1}, std::byte{2}};
  EXPECT_EQ(readable_name(zero), "able-badger-258");
}

class ShimFiles : public testing::Test {
 protected:
  ShimFiles() {
    char path[] = "/tmp/berth-shim-files-XXXXXX";
    dir_ = ::mkdtemp(path);
  }
  ~ShimFiles() override { std::filesystem::remove_all(dir_); }
  void put(const char* name, std::string_view text) { ASSERT_TRUE(os::durable_write(dir_ / name, text)); }
  std::filesystem::path dir_;
};

TEST_F(ShimFiles, WhatDoesNotParseIsNothingToGoBy) {
  EXPECT_FALSE(read_shim_record(dir_) || read_exit_record(dir_) || read_spec(dir_));
  for (const char* text : {"", "{", "[]", "{}", R"({"pid":"7"})", R"({"pid":1,"start_time":2})", R"({"pid":-5,"start_time":2})",
                           R"({"pid":99999999999,"start_time":2})", R"({"pid":7})"}) {
    put("shim.json", text);
    EXPECT_FALSE(read_shim_record(dir_)) << text;
  }
  put("exit.json", "not JSON");
  EXPECT_FALSE(read_exit_record(dir_));
  put("spec.pb", "\xff\xff\xff");
  EXPECT_FALSE(read_spec(dir_));
}

TEST_F(ShimFiles, ReadAsTheShimWritesThem) {
  put("shim.json", R"({"version":1,"pid":77,"start_time":12345678901,"boot_id":"b","cgroup":"/berth/h/x"})");
  put("exit.json", R"({"version":1,"code":"init_died","reason":"It \"ended\".","time_ns":1700000000000000001})");
  const auto shim = read_shim_record(dir_);
  ASSERT_TRUE(shim);
  EXPECT_EQ(shim->process, (os::ProcessIdentity{.boot_id = "b", .pid = 77, .start_time = 12345678901}));
  EXPECT_EQ(shim->cgroup, "/berth/h/x");
  const auto exit = read_exit_record(dir_);
  ASSERT_TRUE(exit && exit->time);
  EXPECT_EQ(exit->code, "init_died");
  EXPECT_EQ(exit->reason, "It \"ended\".");
  EXPECT_EQ(exit->time->time_since_epoch().count(), 1700000000000000001);
}

TEST_F(ShimFiles, LaunchedWithItsSpecAndASocket) {
  wire::ShimSpec spec;
  spec.set_sandbox_dir(dir_ / "box");
  spec.set_secret("s");
  auto launched = launch_shim("/bin/true", spec);
  ASSERT_TRUE(launched) << launched.error().describe();
  EXPECT_EQ(read_spec(dir_ / "box")->secret(), "s");
  EXPECT_EQ(os::stat_path(dir_ / "box" / "spec.pb")->st_mode & 0777, 0600u);
  end_shim(dir_ / "box", launched->process);
  EXPECT_FALSE(launched->process.running());
  char byte;
  EXPECT_EQ(os::read_some(launched->link.get(), {&byte, 1}).value(), 0u) << "the other end is gone with it";
  EXPECT_FALSE(launch_shim("/bin/true", spec)) << "one sandbox, one directory";
}

}  // namespace
}  // namespace berth::sandboxes
