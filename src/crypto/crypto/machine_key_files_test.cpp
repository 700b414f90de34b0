#include "crypto/machine_key_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/machine_keys.hpp"
#include "os/scratch_dir.hpp"

namespace berth::crypto {
namespace {

class MachineKeyFilesTest : public ::testing::Test {
 protected:
  static MachineKeys open(const std::filesystem::path& dir) { return MachineKeys::open(dir).value(); }
  os::ScratchDir scratch_;
  std::filesystem::path here_ = scratch_.path() / "here", there_ = scratch_.path() / "there";
};

TEST_F(MachineKeyFilesTest, KeysGoToAnotherDiskAndOpenThereWhatWasSealedHere) {
  auto keys = open(here_);
  ASSERT_TRUE(keys.rotate());
  const Secret data = Secret::random(32);
  const std::string wrapped = keys.wrap(data, "x");
  const auto text = export_machine_keys(here_).value();
  EXPECT_EQ(import_machine_keys(there_, text).value(), 2u);
  EXPECT_EQ(open(there_).unwrap(wrapped, "x")->reveal(), data.reveal());
  EXPECT_EQ(import_machine_keys(there_, text).value(), 0u) << "a second time adds nothing";
  struct stat state {};
  ASSERT_EQ(::stat((there_ / "00000002.key").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
}

TEST_F(MachineKeyFilesTest, AFingerprintTellsKeysApartAndSaysNothingAboutThem) {
  EXPECT_TRUE(machine_key_ids(here_)->empty());
  (void)open(here_);
  (void)open(there_);
  const auto one = machine_key_ids(here_).value(), other = machine_key_ids(there_).value();
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].number, 1u);
  EXPECT_NE(one[0].fingerprint, other[0].fingerprint);
  EXPECT_EQ(export_machine_keys(here_)->find(one[0].fingerprint), std::string::npos);
}

TEST_F(MachineKeyFilesTest, AnotherMachinesKeysReplaceNothing) {
  auto theirs = open(there_);
  ASSERT_TRUE(theirs.rotate());
  const std::string wrapped = open(here_).wrap(Secret::random(32), "x");
  EXPECT_EQ(import_machine_keys(here_, *export_machine_keys(there_)).error().code, Code::AlreadyExists);
  EXPECT_EQ(machine_key_ids(here_)->size(), 1u);
  EXPECT_TRUE(open(here_).unwrap(wrapped, "x"));
}

TEST_F(MachineKeyFilesTest, DamageIsRefusedAtEveryByte) {
  (void)open(here_);
  const auto text = export_machine_keys(here_).value();
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] ^= 1;
    EXPECT_EQ(import_machine_keys(there_, changed).error().code, Code::InvalidArgument) << at;
    EXPECT_EQ(import_machine_keys(there_, text.substr(0, at)).error().code, Code::InvalidArgument) << at;
  }
  EXPECT_FALSE(std::filesystem::exists(there_));
  std::filesystem::permissions(here_ / "00000001.key", std::filesystem::perms(0644));
  EXPECT_EQ(export_machine_keys(here_).error().code, Code::PermissionDenied);
  EXPECT_EQ(export_machine_keys(there_).error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::crypto
