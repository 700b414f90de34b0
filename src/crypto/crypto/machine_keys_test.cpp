#include "crypto/machine_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "os/scratch_dir.hpp"

namespace berth::crypto {
namespace {

class MachineKeysTest : public ::testing::Test {
 protected:
  MachineKeys open() {
    auto keys = MachineKeys::open(dir_);
    if (!keys) ADD_FAILURE() << keys.error().describe();
    return *std::move(keys);
  }
  os::ScratchDir scratch_;
  std::filesystem::path dir_ = scratch_.path() / "keys";
};

TEST_F(MachineKeysTest, TheSecretIsPrivateAndStays) {
  const Secret key = Secret::random(32);
  const std::string wrapped = open().wrap(key, "one");
  EXPECT_EQ(wrapped.find(key.reveal()), std::string::npos);
  EXPECT_EQ(open().unwrap(wrapped, "one")->reveal(), key.reveal());
  struct stat state {};
  ASSERT_EQ(::stat((dir_ / "00000001.key").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
  EXPECT_EQ(state.st_size, 32);
}

TEST_F(MachineKeysTest, RotationKeepsOldKeysReadable) {
  auto keys = open();
  const Secret key = Secret::random(32);
  const std::string before = keys.wrap(key, "x");
  ASSERT_TRUE(keys.rotate());
  const std::string after = keys.wrap(key, "x");
  EXPECT_EQ(keys.current(), 2u);
  for (const auto& wrapped : {before, after}) EXPECT_EQ(open().unwrap(wrapped, "x")->reveal(), key.reveal());
  std::filesystem::remove(dir_ / "00000001.key");
  EXPECT_EQ(open().unwrap(before, "x").error().code, Code::NotFound);
  EXPECT_TRUE(open().unwrap(after, "x"));
}

TEST_F(MachineKeysTest, AChangedOrForeignOneIsRefused) {
  const auto keys = open();
  const std::string wrapped = keys.wrap(Secret::random(32), "one");
  EXPECT_EQ(keys.unwrap(wrapped, "two").error().code, Code::Damaged);
  for (std::size_t at = 16; at < wrapped.size(); ++at) {
    std::string changed = wrapped;
    changed[at] ^= 1;
    EXPECT_EQ(keys.unwrap(changed, "one").error().code, Code::Damaged) << at;
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size)
    EXPECT_EQ(keys.unwrap(wrapped.substr(0, size), "one").error().code, Code::Damaged);
}

TEST_F(MachineKeysTest, AFileThatOthersMayReadIsRefused) {
  open();
  std::filesystem::permissions(dir_ / "00000001.key", std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_EQ(MachineKeys::open(dir_).error().code, Code::PermissionDenied);
}

TEST_F(MachineKeysTest, AFileOfAnotherSizeIsRefused) {
  open();
  std::ofstream(dir_ / "00000001.key", std::ios::app) << "x";
  EXPECT_EQ(MachineKeys::open(dir_).error().code, Code::Damaged);
}

TEST_F(MachineKeysTest, NoneIsMadeWhereOneIsExpected) {
  EXPECT_EQ(MachineKeys::open_existing(dir_).error().code, Code::NotFound);
  EXPECT_FALSE(std::filesystem::exists(dir_));
}

}  // namespace
}  // namespace berth::crypto
