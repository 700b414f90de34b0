#include "log/log.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "log/render.hpp"
#include "os/file.hpp"

namespace berth::log {
namespace {
namespace fs = std::filesystem;

struct Unloggable {
  std::string secret;
};
static_assert(!Loggable<Unloggable> && !Loggable<void*> && !Loggable<std::vector<int>>);
static_assert(Loggable<std::string> && Loggable<const char*> && Loggable<SandboxId> && Loggable<std::chrono::seconds>);

class LogFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "berth-log-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { fs::remove_all(dir_); }

  [[nodiscard]] Logger open(std::uint64_t file_bytes = 1 << 20, std::uint64_t total_bytes = 4 << 20) const {
    auto logger = Logger::open({.level = Level::Info,
                                .file = file(),
                                .file_bytes = file_bytes,
                                .total_bytes = total_bytes,
                                .to_stderr = false,
                                .clock = &clock_});
    EXPECT_TRUE(logger) << logger.error().describe();
    return logger.value_or(Logger{});
  }
  [[nodiscard]] fs::path file() const { return dir_ / "server.log"; }
  static std::vector<std::string> lines_of(const fs::path& path) {
    std::ifstream in(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  fs::path dir_;
  FakeClock clock_;
};

// The usage that log.hpp shows.
TEST_F(LogFile, Usage) {
  std::array<std::byte, 16> bits{};
  const auto id = SandboxId::from_bits(bits);
  const Logger log = open().with_request("req-1");
  log.info("sandbox started", {{"sandbox", id}, {"took_ms", std::chrono::microseconds(1500)}, {"warm", true}});
  log.error("no template",
            {{"error", Error{.code = Code::NotFound, .message = "No template."}}, {"code", Code::NotFound}});
  log.debug("not written");
  const auto lines = lines_of(file());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], R"({"time":"2023-11-14T22:13:20.000000Z","level":"info","message":"sandbox started",)"
                      R"("request_id":"req-1","sandbox":")" +
                          id.str() + R"(","took_ms":1.5,"warm":true})");
  EXPECT_NE(lines[1].find(R"("code":"not_found"})"), std::string::npos) << lines[1];
  EXPECT_EQ(log.statistics().records, 2u);
}

TEST_F(LogFile, NoInputForgesOrSplitsARecord) {
  const Logger log = open();
  for (int c = 0; c < 256; ++c) {
    const std::string bad = std::string("a") + static_cast<char>(c) + "\"},{\"level\":\"error\"";
    log.info(bad, {{bad, bad}});
  }
  log.info(
      "separators \xe2\x80\xa8 \xe2\x80\xa9 \xc2\x85 \xc2\x9b"
      "31m");
  const auto lines = lines_of(file());
  ASSERT_EQ(lines.size(), 257u);
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("{\"time\"") && line.ends_with("}")) << line;
    EXPECT_EQ(line.find("\"level\":\"error\""), std::string::npos) << line;
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
  EXPECT_NE(lines[256].find("separators \\u2028 \\u2029 \\u0085 \\u009b31m"), std::string::npos) << lines[256];
}

TEST(Render, TextQuotesWhatCouldBeMistaken) {
  const FakeClock clock;
  EXPECT_EQ(
      render_text(clock.now(), Level::Warning, "two\nlines", "", {{"a", "x y"}, {"b", "a=b"}, {"c", ""}, {"d", 7}}),
      "2023-11-14T22:13:20.000000Z warning two\\u000alines a=\"x y\" b=\"a=b\" c=\"\" d=7");
}

TEST(Render, BadUtf8AndLongValuesAreMarked) {
  const FakeClock clock;
  EXPECT_NE(render_json(clock.now(), Level::Info, "\xff\xc0\xaf\xed\xa0\x80", "", {}).find("\xef\xbf\xbd\xef\xbf\xbd"),
            std::string::npos);
  const std::string line = render_json(clock.now(), Level::Info, std::string(1 << 20, 'x'), "", {});
  EXPECT_LT(line.size(), max_value_bytes + 200);
  EXPECT_NE(line.find("…\""), std::string::npos);
}

TEST(Level, UnknownBecomesInfoAndIsCounted) {
  const auto before = Logger{}.statistics().unknown_levels;
  EXPECT_EQ(parse_level("warning"), Level::Warning);
  EXPECT_EQ(parse_level("INFO\n"), Level::Info);
  EXPECT_EQ(Logger{}.statistics().unknown_levels, before + 1);
}

TEST_F(LogFile, IsPrivateFromCreationWhateverTheUmask) {
  const mode_t before = umask(0);
  const Logger log = open(200, 1000);
  for (int i = 0; i < 10; ++i) log.info("a record that fills the file", {{"i", i}});
  umask(before);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(dir_)) {
    ++files;
    struct stat state{};
    ASSERT_EQ(stat(entry.path().c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 07777, 0600u) << entry.path();
  }
  EXPECT_GT(files, 1);
}

TEST_F(LogFile, RotationKeepsTheOrderAndTheCap) {
  const Logger log = open(1000, 5000);
  for (int i = 0; i < 200; ++i) log.info("record", {{"i", i}});
  std::uint64_t total = 0;
  std::vector<std::string> all;
  for (int number = 9; number >= 0; --number) {
    const fs::path path = number == 0 ? file() : fs::path(file().string() + "." + std::to_string(number));
    if (!fs::exists(path)) continue;
    EXPECT_LE(number, 4);
    EXPECT_LE(fs::file_size(path), 1000u);
    total += fs::file_size(path);
    for (auto& line : lines_of(path)) all.push_back(std::move(line));
  }
  EXPECT_LE(total, 5000u);
  ASSERT_GT(all.size(), 20u);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_NE(all[i].find("\"i\":" + std::to_string(200 - all.size() + i) + "}"), std::string::npos) << all[i];
  EXPECT_GT(log.statistics().rotations, 4u);
  EXPECT_EQ(log.statistics().failed, 0u);
}

TEST_F(LogFile, OneFileOnlyWhenTheCapAllowsNoMore) {
  const Logger log = open(300, 300);
  for (int i = 0; i < 50; ++i) log.info("record", {{"i", i}});
  EXPECT_FALSE(fs::exists(file().string() + ".1"));
  EXPECT_LE(fs::file_size(file()), 300u);
}

TEST_F(LogFile, ATornTailDoesNotSwallowTheNextRecord) {
  std::ofstream(file()) << "{\"time\":\"half";
  open().info("whole");
  const auto lines = lines_of(file());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[1].starts_with("{\"time\"") && lines[1].ends_with("}")) << lines[1];
}

TEST_F(LogFile, ThreadsDoNotMixTheirLines) {
  const Logger log = open();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([log, t] {
      for (int i = 0; i < 500; ++i) log.info("record", {{"thread", t}, {"i", i}});
    });
  threads.clear();
  EXPECT_EQ(lines_of(file()).size(), 2000u);
  for (const auto& line : lines_of(file())) EXPECT_TRUE(line.ends_with("}")) << line;
}

TEST_F(LogFile, AWriteThatFailsIsCountedAndSplitsNoLaterRecord) {
  const Logger log = open();
  log.info("before");
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = fs::file_size(file()) + 20, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  log.info("half of this is written");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, handler);
  log.info("after");
  EXPECT_EQ(log.statistics().failed, 1u);
  const auto lines = lines_of(file());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[2].starts_with("{") && lines[2].find("after") != std::string::npos) << lines[2];
}

TEST(Log, WhatCannotBeALogIsRefused) {
  const auto device = Logger::open({.file = "/dev/full", .to_stderr = false});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Code::InvalidArgument);
  EXPECT_FALSE(Logger::open({.file = "/no/such/directory/server.log"}));
  Logger{}.info("nowhere");
}

}  // namespace
}  // namespace berth::log
