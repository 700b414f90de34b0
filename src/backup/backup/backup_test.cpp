#include "backup/backup.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/writer.hpp"
#include "crypto/machine_key_files.hpp"
#include "crypto/machine_keys.hpp"
#include "os/file.hpp"
#include "os/scratch_dir.hpp"

namespace berth::backup {
namespace {

namespace fs = std::filesystem;

const crypto::Secret words("correct horse"), wrong("wrong");
constexpr crypto::PassphraseCost cheap{.rounds = 1, .memory_kib = 64};

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    EXPECT_TRUE(crypto::MachineKeys::open(home_ / "keys"));
    put("berth.db", "rows");
    put("token", "berth_first");
    put("config.yaml", "http:\n  port: 1\n");
    put("terminals/trm_1/key", "wrapped");
    put("sandboxes/sbx_1/workspace/work", std::string(300'000, 'w'));
    put("sandboxes/sbx_1/shim.json", "{}");
    put("snapshots/.making-snp_1/part", "half");
    put("images/busybox/sh", "#!");
    put("server.json", "{}");
    fs::create_symlink("/etc/passwd", home_ / "sandboxes/sbx_1/workspace/link");
    EXPECT_EQ(::mkfifo((home_ / "sandboxes/sbx_1/workspace/pipe").c_str(), 0600), 0);
  }
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories((home_ / name).parent_path());
    EXPECT_TRUE(os::durable_write(home_ / name, bytes, 0640));
  }
  Result<Report> create(bool templates = false) {
    return backup::create({.home = home_, .file = file_, .passphrase = &words, .templates = templates, .cost = cheap}, databases_);
  }
  Result<Report> restore(const crypto::Secret& passphrase = words) {
    return backup::restore({.file = file_, .home = there_, .passphrase = &passphrase}, databases_);
  }
  std::string bytes() { return os::read_file(file_, 64 << 20).value(); }
  void replace(const std::string& with) {
    fs::remove(file_);
    ASSERT_TRUE(os::durable_write(file_, with));
  }
  [[nodiscard]] std::size_t names_beside() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(scratch_.path()), fs::directory_iterator{}));
  }
  static Result<> copy(const Path& from, const Path& to) {
    std::error_code error;
    fs::copy_file(from, to, error);
    if (error) return fail_errno(error.value(), "copy");
    return {};
  }

  os::ScratchDir scratch_;
  Path home_ = scratch_.path() / "home", there_ = scratch_.path() / "there", file_ = scratch_.path() / "backup";
  Databases databases_{.copy = copy, .restore = [](const Path& to, const Path& from) { return copy(from, to); }};
};

TEST_F(BackupTest, AHomeComesBackWithAllThatIsToBeKept) {
  const auto made = create();
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(home_ / ".backup"));
  EXPECT_EQ(bytes().find("berth_first"), std::string::npos);
  EXPECT_EQ(made->left.unreadable + made->left.changed, 0u);
  const auto seen = verify(file_, &words);
  ASSERT_TRUE(seen) << seen.error().describe();
  EXPECT_TRUE(seen->opened);
  EXPECT_EQ(seen->manifest.parts, made->manifest.parts);
  EXPECT_FALSE(verify(file_, nullptr)->opened);
  const auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().describe();
  for (const char* name : {"berth.db", "token", "config.yaml", "terminals/trm_1/key", "sandboxes/sbx_1/workspace/work", "keys/00000001.key"})
    EXPECT_EQ(os::read_file(there_ / name, 1 << 20).value(), os::read_file(home_ / name, 1 << 20).value()) << name;
  EXPECT_EQ(fs::read_symlink(there_ / "sandboxes/sbx_1/workspace/link"), "/etc/passwd");
  EXPECT_EQ(fs::status(there_ / "keys/00000001.key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(there_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::last_write_time(there_ / "config.yaml"), std::chrono::floor<std::chrono::seconds>(fs::last_write_time(home_ / "config.yaml")));
  for (const char* name : {"sandboxes/sbx_1/shim.json", "sandboxes/sbx_1/workspace/pipe", "snapshots/.making-snp_1", "images", "server.json", ".berth.db"})
    EXPECT_FALSE(fs::exists(there_ / name)) << name;
}

TEST_F(BackupTest, TemplatesComeWhenTheyAreAskedFor) {
  ASSERT_TRUE(create(true));
  ASSERT_TRUE(restore());
  EXPECT_TRUE(fs::exists(there_ / "images/busybox/sh"));
}

TEST_F(BackupTest, NothingIsReplacedAndOnlyANewHomeIsMade) {
  ASSERT_TRUE(create());
  EXPECT_EQ(create().error().code, Code::AlreadyExists);
  fs::create_directory(there_);
  ASSERT_TRUE(restore()) << "an empty directory is new";
  EXPECT_EQ(restore().error().code, Code::FailedPrecondition);
  fs::remove_all(there_);
  EXPECT_EQ(restore(wrong).error().code, Code::Unauthenticated);
  EXPECT_EQ(verify(file_, &wrong).error().code, Code::Unauthenticated);
  EXPECT_FALSE(fs::exists(there_));
  EXPECT_EQ(names_beside(), 2u);
}

TEST_F(BackupTest, AnyDamageIsRefusedAndLeavesNothing) {
  const auto made = create();
  ASSERT_TRUE(made);
  const auto good = bytes();
  unsigned flips = 0, same = 0;
  for (std::size_t i = 0; i < good.size(); i += good.size() / 200 + 1, ++flips) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    replace(bad);
    const auto seen = verify(file_, &words);
    if (!seen) continue;
    ++same;  // a bit of zstd's own that means nothing: every byte that comes out is hashed
    EXPECT_EQ(seen->manifest.parts, made->manifest.parts) << i;
  }
  EXPECT_LT(same * 20, flips);
  for (std::size_t size = 0; size < good.size(); size += good.size() / 100 + 1) {
    replace(good.substr(0, size));
    EXPECT_FALSE(verify(file_, &words)) << size;
    EXPECT_FALSE(restore());
    EXPECT_FALSE(fs::exists(there_));
  }
  replace(good + "x");
  EXPECT_FALSE(verify(file_, &words));
  EXPECT_EQ(names_beside(), 2u);
}

// An archive that is whole and signed, of somebody who wants more than a home.
TEST_F(BackupTest, AForeignArchiveLeadsNowhereAndIsNotTakenForAMachines) {
  ASSERT_TRUE(create());
  const auto keys = crypto::export_machine_keys(home_ / "keys").value();
  const auto secrets = crypto::seal_with_passphrase(words, R"({"machine_keys":")" + std::string("x") + "\"}", cheap).value();
  const auto sealed = [&](const std::string& text) { return crypto::seal_with_passphrase(words, text, cheap).value(); };
  std::string quoted;
  for (const char c : keys) quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  const std::string real = sealed(R"({"machine_keys":")" + quoted + "\"}");
  const auto made = [&](const std::string& first, std::vector<std::pair<Member, std::string>> members) {
    fs::remove(file_);
    const auto fd = os::create_new(file_).value();
    const Progress none;
    Writer writer(fd.get(), none);
    EXPECT_TRUE(writer.add({.path = "secrets"}, first));
    for (auto& [member, bytes] : members) EXPECT_TRUE(writer.add(member, bytes));
    EXPECT_TRUE(writer.finish({.writer = "x"}, crypto::SigningKey(crypto::Secret::random(32))));
    return restore().error().code;
  };
  const std::pair<Member, std::string> database{{.path = "berth.db"}, "rows"};
  EXPECT_EQ(made(real, {database}), Code::Damaged) << "signed by another";
  EXPECT_EQ(made(secrets, {database}), Code::InvalidArgument) << "no keys";
  EXPECT_EQ(made(sealed("[]"), {database}), Code::Damaged);
  EXPECT_NE(made(real, {database, {{.path = "out", .kind = Kind::Link, .target = scratch_.path()}, ""}, {{.path = "out/evil"}, "x"}}), Code::Damaged);
  EXPECT_EQ(made(real, {database, {{.path = "../evil"}, "x"}}), Code::Damaged);
  EXPECT_NE(made(real, {database, {{.path = "twice"}, "x"}, {{.path = "twice"}, "y"}}), Code::Internal);
  EXPECT_FALSE(fs::exists(scratch_.path() / "evil"));
  EXPECT_EQ(names_beside(), 2u);
}

TEST_F(BackupTest, OneAtATimeAndWhatAKilledOneLeftGoes) {
  fs::create_directory(home_ / ".backup");
  ASSERT_TRUE(os::durable_write(home_ / ".backup/berth.db", "half a copy"));
  fs::create_directory(there_.native() + ".restoring");
  ASSERT_TRUE(os::durable_write(there_.native() + ".restoring/berth.db", "half"));
  {
    const auto other = os::try_lock_file(home_ / ".backup/lock").value();
    ASSERT_TRUE(other);
    EXPECT_EQ(create().error().code, Code::FailedPrecondition);
    EXPECT_FALSE(fs::exists(file_));
  }
  ASSERT_TRUE(create());
  ASSERT_TRUE(restore());
  EXPECT_FALSE(fs::exists(home_ / ".backup"));
  EXPECT_EQ(os::read_file(there_ / "berth.db", 100).value(), "rows");
  EXPECT_EQ(names_beside(), 3u);
}

TEST_F(BackupTest, AHomeWithoutADatabaseOrKeysIsNone) {
  fs::remove(home_ / "berth.db");
  EXPECT_EQ(create().error().code, Code::NotFound);
  put("berth.db", "rows");
  fs::remove(home_ / "keys/00000001.key");
  EXPECT_FALSE(create());
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_EQ(verify(scratch_.path() / "none", nullptr).error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::backup
