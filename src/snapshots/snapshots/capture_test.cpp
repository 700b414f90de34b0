#include "snapshots/capture.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "os/process.hpp"
#include "os/scratch_dir.hpp"

namespace berth::snapshots {
namespace {

namespace fs = std::filesystem;
using Parts = std::map<std::string, std::string>;

const Parts few{{"document.json", "{}"}, {"logs/usage.jsonl", ""}, {"output", std::string(3 * chunk_bytes, 'o')},
                {"same", std::string(3 * chunk_bytes, 'o')}, {"short", std::string(chunk_bytes + 1, 's')}};

std::uint64_t seed() {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t out = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(out));
  return out;
}

class SnapshotCapture : public testing::Test {
 protected:
  Result<Sum> capture(const SnapshotId& id, const Parts& parts, CaptureOptions options = {}, std::size_t piece = 50'000) {
    TRY_ASSIGN(auto making, Capture::begin(dir_, id, keys_, std::move(options)));
    for (const auto& [name, bytes] : parts) {
      TRY(making.begin_part(name, "document"));
      for (std::size_t at = 0; at < bytes.size(); at += piece) TRY(making.write(std::string_view(bytes).substr(at, piece)));
    }
    return making.finish({{"title", "Plan"}}, WallTime{});
  }
  Result<Parts> content(const SnapshotId& id, std::string_view manifest) {
    TRY_ASSIGN(const auto found, Content::open(dir_, id, keys_, manifest));
    Parts out;
    for (const auto& part : found.manifest().parts)
      TRY(found.read(part.name, [&bytes = out[part.name]](std::string_view piece) -> Result<> {
        bytes += piece;
        return {};
      }));
    return out;
  }
  [[nodiscard]] std::vector<fs::path> files(const fs::path& below) const {
    std::vector<fs::path> out;
    if (!fs::exists(below)) return out;
    for (const auto& entry : fs::recursive_directory_iterator(below)) out.push_back(entry.path());
    return out;
  }

  os::ScratchDir home_;
  fs::path dir_ = home_ / "snapshots";
  crypto::MachineKeys keys_ = *crypto::MachineKeys::open(home_ / "keys");
  SnapshotId id_ = crypto::new_id<SnapshotId>();
};

TEST_F(SnapshotCapture, ComesBackAsItWasAndIsSealed) {
  const auto sum = capture(id_, few);
  ASSERT_TRUE(sum) << sum.error().describe();
  EXPECT_EQ(sum->parts, 5u);
  EXPECT_EQ(sum->bytes, 7 * chunk_bytes + 3);
  const auto back = content(id_, sum->manifest);
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(*back, few);
  EXPECT_EQ(files(dir_ / id_.str()).size(), 2u + 4u) << "two that are equal are one file";
  for (const auto& file : files(dir_ / id_.str())) {
    const auto bytes = os::read_file(file, 1 << 20);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->find("oooooooo"), std::string::npos) << file;
    EXPECT_EQ(bytes->find("document.json"), std::string::npos) << file;
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  const auto found = Content::open(dir_, id_, keys_, sum->manifest);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->manifest().about.at("title").as_string(), "Plan");
  const auto absent = found->read("other", [](std::string_view) -> Result<> { return {}; });
  EXPECT_EQ(absent.error().code, Code::NotFound);
  const auto twice = capture(id_, few);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::AlreadyExists);
  EXPECT_TRUE(content(id_, sum->manifest)) << "and the one that is there stays";
}

TEST_F(SnapshotCapture, AnySizesInAnyPiecesComeBack) {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 20; ++round) {
    Parts parts;
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      const std::uint64_t around = random() % 4 * chunk_bytes;
      parts["p" + std::to_string(i)] = std::string(std::max<std::uint64_t>(around + random() % 3, 1) - 1, static_cast<char>('a' + i));
    }
    const auto id = crypto::new_id<SnapshotId>();
    const auto sum = capture(id, parts, {}, 1 + random() % (2 * chunk_bytes));
    ASSERT_TRUE(sum) << sum.error().describe();
    const auto back = content(id, sum->manifest);
    ASSERT_TRUE(back) << "round " << round << ": " << back.error().describe();
    ASSERT_EQ(*back, parts) << "round " << round;
  }
}

TEST_F(SnapshotCapture, KilledBetweenAnyTwoStepsItIsWholeOrNotThere) {
  const auto expected = capture(id_, few);  // the same list of parts each time: its hash is known
  ASSERT_TRUE(expected);
  ASSERT_TRUE(remove_content(dir_, id_));
  int whole = 0, absent = 0;
  for (int steps = 0;; ++steps) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int left = steps;
      const auto made = capture(id_, few, {.limits = {}, .before = [&](std::string_view) {
        if (left-- == 0) (void)kill(getpid(), SIGKILL);
      }});
      _exit(made ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const bool there = fs::exists(dir_ / id_.str());
    if (there) {
      ++whole;
      const auto back = content(id_, expected->manifest);
      ASSERT_TRUE(back) << "killed before step " << steps << ": " << back.error().describe();
      ASSERT_EQ(*back, few);
    } else {
      ++absent;
    }
    // The row was not written: the next start removes it, or what there is of it.
    const auto removed = sweep(dir_, {id_.str()});
    ASSERT_TRUE(removed) << removed.error().describe();
    ASSERT_TRUE(files(dir_).empty()) << "killed before step " << steps << ", garbage: " << files(dir_).front();
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      ASSERT_TRUE(there);
      break;
    }
  }
  EXPECT_GE(absent, 18) << "steps before it has its name";
  EXPECT_EQ(whole, 3) << "before its name is synced, after it, and not killed at all";
}

TEST_F(SnapshotCapture, SweepTakesWhatDidNotEndAndNothingElse) {
  const auto other = crypto::new_id<SnapshotId>();
  const auto sum = capture(id_, few);
  ASSERT_TRUE(sum && capture(other, few));
  ASSERT_TRUE(os::make_private_directory(dir_ / "lost+found"));
  EXPECT_EQ(sweep(dir_, {other.str()}), std::vector{other.str()});
  EXPECT_TRUE(fs::exists(dir_ / "lost+found"));
  EXPECT_TRUE(content(id_, sum->manifest));
  ASSERT_TRUE(remove_content(dir_, id_));
  ASSERT_TRUE(remove_content(dir_, id_)) << "done again it does nothing";
  EXPECT_EQ(content(id_, sum->manifest).error().code, Code::NotFound);
}

TEST_F(SnapshotCapture, AnErrorLeavesNothing) {
  const auto refused = capture(id_, few, {.limits = {.bytes = 4 * chunk_bytes}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::TooLarge);
  EXPECT_EQ(capture(id_, few, {.limits = {.parts = 2}}).error().code, Code::TooLarge);
  EXPECT_EQ(capture(id_, {{"../outside", ""}}).error().code, Code::InvalidArgument);
  EXPECT_TRUE(files(dir_).empty());
  EXPECT_TRUE(capture(id_, few));
}

TEST_F(SnapshotCapture, AFullDiskIsSaidToBeFullAndLeavesNothing) {
  fs::create_directory(home_ / "disk");
  const auto mounted = os::run({"mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "berth-test", (home_ / "disk").string()});
  if (!mounted || mounted->exit != Exit(Exited{0})) GTEST_SKIP() << "a small file system cannot be mounted here";
  dir_ = home_ / "disk" / "snapshots";
  const Parts half{{"a", std::string(300'000, 'a')}};
  const auto first = capture(id_, half);
  EXPECT_TRUE(first) << first.error().describe();
  const auto refused = capture(crypto::new_id<SnapshotId>(), {{"a", std::string(2 << 20, 'a')}});
  EXPECT_FALSE(refused);
  if (!refused) EXPECT_EQ(refused.error().code, Code::NoSpace) << refused.error().describe();
  EXPECT_EQ(files(dir_).size(), 4u) << "the first one, and nothing of the other";
  if (first) EXPECT_TRUE(content(id_, first->manifest)) << "and it is as it was";
  EXPECT_TRUE(capture(crypto::new_id<SnapshotId>(), half)) << "it goes on with what fits";
  EXPECT_TRUE(os::run({"umount", (home_ / "disk").string()}));
}

TEST_F(SnapshotCapture, WhatWasChangedIsNeverGivenOutAsWhole) {
  std::mt19937_64 random(seed());
  const Parts one{{"a", std::string(chunk_bytes, 'a') + "tail"}};
  const auto sum = capture(id_, one);
  ASSERT_TRUE(sum);
  for (const auto& file : files(dir_ / id_.str())) {
    const std::string good = *os::read_file(file, 1 << 20);
    const auto refused_with = [&](const std::string& bytes, const std::string& what) {
      ASSERT_TRUE(os::durable_write(file, bytes));
      const auto back = content(id_, sum->manifest);
      ASSERT_FALSE(back) << file << ": " << what;
      const Code code = back.error().code;
      ASSERT_TRUE(code == Code::RecordDamaged || code == Code::Unsupported || code == Code::NotFound) << what << ": " << back.error().describe();
    };
    for (int i = 0; i < 60; ++i) {
      const std::size_t bit = i < 20 ? random() % (40 * 8) : random() % (good.size() * 8);
      std::string bytes = good;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      refused_with(bytes, "bit " + std::to_string(bit));
      const std::size_t size = i < 20 ? good.size() - 1 - static_cast<std::size_t>(i) : random() % good.size();
      refused_with(good.substr(0, size), "cut to " + std::to_string(size));
    }
    refused_with(good + "x", "one byte more");
    refused_with("", "empty");
    ASSERT_TRUE(os::remove_file(file));
    EXPECT_EQ(content(id_, sum->manifest).error().code, Code::RecordDamaged) << file << " is missing";
    ASSERT_TRUE(os::durable_write(file, good));
  }
  EXPECT_TRUE(content(id_, sum->manifest)) << "kept as it was";
}

TEST_F(SnapshotCapture, AnothersFilesAreNotTakenForItsOwn) {
  const auto other = crypto::new_id<SnapshotId>();
  const auto mine = capture(id_, {{"a", "mine"}}), theirs = capture(other, {{"a", "theirs"}});
  ASSERT_TRUE(mine && theirs);
  EXPECT_EQ(content(id_, theirs->manifest).error().code, Code::RecordDamaged);
  fs::rename(dir_ / id_.str(), home_ / "aside");
  fs::rename(dir_ / other.str(), dir_ / id_.str());
  EXPECT_EQ(content(id_, theirs->manifest).error().code, Code::RecordDamaged) << "a key is for one snapshot";
}

}  // namespace
}  // namespace berth::snapshots
