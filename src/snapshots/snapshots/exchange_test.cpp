#include "snapshots/exchange.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "bundle/known_signers.hpp"
#include "os/file.hpp"
#include "os/scratch_dir.hpp"

namespace berth::snapshots {
namespace {

namespace fs = std::filesystem;

// Two installations, and a file between them.
class Exchange : public testing::Test {
 protected:
  void SetUp() override {
    auto capture = Capture::begin(home_ / "here", id_, here_, {});
    ASSERT_TRUE(capture);
    for (const auto& [name, bytes] : parts_) {
      ASSERT_TRUE(capture->begin_part(name, "logs"));
      ASSERT_TRUE(capture->write(bytes));
    }
    auto sum = capture->finish({{"title", "Plan"}}, WallTime(std::chrono::seconds{1'700'000'000}));
    ASSERT_TRUE(sum) << sum.error().describe();
    sum_ = *sum;
    const auto content = Content::open(home_ / "here", id_, here_, sum_.manifest);
    ASSERT_TRUE(content);
    const auto file = os::create_new(home_ / "export");
    ASSERT_TRUE(file);
    const auto done = export_content(*content, file->get(), key_, "ada's laptop", {});
    ASSERT_TRUE(done) << done.error().describe();
  }
  Result<Imported> import(const fs::path& path, CaptureOptions options = {}) {
    TRY_ASSIGN(const auto file, os::open_read(path));
    return import_bundle(file.get(), home_ / "there", id_, there_, std::move(options));
  }
  [[nodiscard]] bool nothing_there() const { return !fs::exists(home_ / "there") || fs::is_empty(home_ / "there"); }

  os::ScratchDir home_;
  crypto::MachineKeys here_ = *crypto::MachineKeys::open(home_ / "here-keys"), there_ = *crypto::MachineKeys::open(home_ / "there-keys");
  crypto::SigningKey key_{crypto::Secret(std::string(32, 'k'))};
  SnapshotId id_ = crypto::new_id<SnapshotId>();
  std::vector<std::pair<std::string, std::string>> parts_{
      {"logs/a", "one"}, {"logs/b", ""}, {"logs/c", std::string(200'000, 'c')}, {"logs/d", ""}, {"logs/e", "one"}};
  Sum sum_;
};

TEST_F(Exchange, WhatWasExportedIsImportedElsewhere) {
  const auto imported = import(home_ / "export");
  ASSERT_TRUE(imported) << imported.error().describe();
  EXPECT_EQ(imported->sum.manifest, sum_.manifest) << "the same list of parts, to the byte";
  EXPECT_EQ(imported->sum.bytes, sum_.bytes);
  EXPECT_EQ(bundle::KnownSigners().describe(imported->signer),
            "signed by an installation that you do not know (" + bundle::fingerprint(imported->signer.key) + ") and that calls itself \"ada's laptop\"");
  const auto content = Content::open(home_ / "there", id_, there_, imported->sum.manifest);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->manifest().about.at("title").as_string(), "Plan");
  for (const auto& [name, expected] : parts_) {
    std::string bytes;
    ASSERT_TRUE(content->read(name, [&](std::string_view piece) -> Result<> {
      bytes += piece;
      return {};
    }));
    EXPECT_EQ(bytes, expected) << name;
  }
}

TEST_F(Exchange, WhatWasChangedOnTheWayLeavesNothing) {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::string good = *os::read_file(home_ / "export", 1 << 20);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(os::durable_write(home_ / "changed", good.substr(0, random() % good.size())));
    ASSERT_FALSE(import(home_ / "changed"));
    ASSERT_TRUE(nothing_there());
    std::string flipped = good;
    flipped[16 + random() % (good.size() - 16)] ^= static_cast<char>(1 << random() % 7);
    ASSERT_TRUE(os::durable_write(home_ / "changed", flipped));
    if (const auto imported = import(home_ / "changed")) {
      ASSERT_EQ(imported->sum.manifest, sum_.manifest) << "it changed nothing";
      ASSERT_TRUE(remove_content(home_ / "there", id_));
    }
    ASSERT_TRUE(nothing_there());
  }
}

TEST_F(Exchange, LimitsHoldForWhatComesIn) {
  const auto refused = import(home_ / "export", {.limits = {.bytes = 100'000}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::TooLarge);
  EXPECT_TRUE(nothing_there());
}

TEST_F(Exchange, ADamagedSnapshotIsNotExported) {
  for (const auto& entry : fs::directory_iterator(home_ / "here" / id_.str()))
    if (entry.file_size() > 100'000) ASSERT_TRUE(os::remove_file(entry.path()));
  const auto content = Content::open(home_ / "here", id_, here_, sum_.manifest);
  ASSERT_TRUE(content);
  const auto file = os::create_new(home_ / "half");
  ASSERT_TRUE(file);
  const auto refused = export_content(*content, file->get(), key_, "here", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::RecordDamaged);
  EXPECT_FALSE(import(home_ / "half")) << "and what was written is no bundle";
}

}  // namespace
}  // namespace berth::snapshots
