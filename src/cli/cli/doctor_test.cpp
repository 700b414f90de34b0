#include "cli/doctor.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {
using Level = Finding::Level;

TEST(Doctor, KernelsThatAreTooOld) {
  EXPECT_EQ(judge_kernel({"Linux", "6.1.0-18-amd64", "x86_64"}).level, Level::Good);
  EXPECT_EQ(judge_kernel({"Linux", "5.10.0", "x86_64"}).level, Level::Warning);
  EXPECT_EQ(judge_kernel({"Linux", "4.19.0", "x86_64"}).level, Level::Problem);
  EXPECT_EQ(judge_kernel({"Linux", "strange", "x86_64"}).level, Level::Problem);
  EXPECT_EQ(judge_kernel({"Linux", "10.0", "x86_64"}).level, Level::Good);
}

TEST(Doctor, DiskSpace) {
  EXPECT_EQ(judge_disk({.total_bytes = 100ull << 30, .available_bytes = 50ull << 30, .free_files = 1'000'000}).level,
            Level::Good);
  EXPECT_EQ(judge_disk({.total_bytes = 100ull << 30, .available_bytes = 1ull << 30, .free_files = 1'000'000}).level,
            Level::Warning);
  EXPECT_EQ(judge_disk({.total_bytes = 100ull << 30, .available_bytes = 50ull << 30, .free_files = 5}).level,
            Level::Warning);
  EXPECT_EQ(judge_disk({.total_bytes = 100ull << 30, .available_bytes = 1}).level, Level::Problem);
}

TEST(Doctor, IsolationFollowsFromWhatWorks) {
  RuntimeReport runc{.kind = "runc", .path = "/usr/sbin/runc", .version = "runc 1.1.5", .works = true};
  RuntimeReport broken{.kind = "runsc", .path = "/usr/bin/runsc", .version = "runsc 1", .reason = "It hangs."};
  RuntimeReport absent{.kind = "crun"};
  auto findings = judge_runtimes({runc, absent, broken}, {"2 days", "", "3 days"});
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].detail, "runc 1.1.5, 2 days old, works");
  EXPECT_EQ(findings[1].detail, "not installed");
  EXPECT_EQ(findings[2].level, Level::Warning);
  EXPECT_NE(findings[2].detail.find("It hangs."), std::string::npos);
  EXPECT_EQ(findings[3].level, Level::Warning);
  EXPECT_EQ(judge_runtimes({absent}, {""}).back().level, Level::Problem);
  broken.works = true;
  EXPECT_EQ(judge_runtimes({broken}, {""}).back().level, Level::Good);
}

}  // namespace
}  // namespace berth::cli
