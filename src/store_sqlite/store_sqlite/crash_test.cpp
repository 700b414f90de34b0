// What survives a writer that is killed, and files that were torn.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>

#include "os/process.hpp"
#include "store_sqlite/files.hpp"
#include "store_sqlite/harness.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;

constexpr const char* child_variable = "BERTH_TEST_CRASH_DATABASE";
constexpr const char* first_variable = "BERTH_TEST_CRASH_FIRST";

std::uint32_t seed() {
  if (const char* given = std::getenv("BERTH_TEST_SEED"))
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  return std::random_device{}();
}

// Not a test of its own: the process that the next test kills. It writes until then, a few units at a time, and says
// each number on stdout after the store acknowledged it.
TEST(CrashChild, WritesUntilItIsKilled) {
  const char* path = std::getenv(child_variable);
  if (!path) return;
  const SystemClock clock;
  auto store = store_sqlite::open({.path = path, .clock = &clock, .readers = 1});
  ASSERT_TRUE(store) << store.error().describe();
  boost::asio::io_context io;
  std::uint64_t next = std::strtoull(std::getenv(first_variable), nullptr, 10);
  const auto writer = [](store::Store* to, std::uint64_t* number) -> boost::asio::awaitable<void> {
    for (;;) {
      const std::uint64_t mine = (*number)++;
      const auto done = co_await to->write([mine](store::Unit& unit) -> Result<> {
        TRY(unit.insert_sandbox(store::contract::sandbox_row(mine)));
        return unit.put_command(store::contract::command_row(mine));
      });
      if (done) (void)os::write_all(1, std::to_string(mine) + "\n");
    }
  };
  for (int i = 0; i < 8; ++i) boost::asio::co_spawn(io, writer(store->get(), &next), [](std::exception_ptr) {});
  io.run();
}

class Crash : public StoreFiles {
 protected:
  // Runs the child until `acknowledged` numbers came, kills it there, and gives all that it said.
  [[nodiscard]] std::vector<std::uint64_t> run_and_kill(std::uint64_t first, std::size_t acknowledged) const {
    auto pipe = os::make_pipe();
    EXPECT_TRUE(pipe);
    auto environment = os::own_environment();
    environment.push_back(std::string(child_variable) + "=" + path().string());
    environment.push_back(std::string(first_variable) + "=" + std::to_string(first));
    auto child = os::Process::spawn({.argv = {"/proc/self/exe", "--gtest_filter=CrashChild.*"},
                                     .executable = fs::read_symlink("/proc/self/exe"),
                                     .env = environment,
                                     .fds = {{pipe->write.get(), 1}}});
    EXPECT_TRUE(child) << child.error().describe();
    pipe->write.reset();
    std::string said;
    std::array<char, 4096> buffer{};
    bool killed = false;
    for (;;) {
      const auto got = os::read_some(pipe->read.get(), buffer);
      if (!got || !*got || **got == 0) break;
      said.append(buffer.data(), **got);
      if (!killed && static_cast<std::size_t>(std::ranges::count(said, '\n')) >= acknowledged) {
        EXPECT_TRUE(child->kill(SIGKILL));
        killed = true;
      }
    }
    EXPECT_TRUE(killed) << said;
    EXPECT_EQ(*child->wait(), Exit(Killed{SIGKILL}));
    std::vector<std::uint64_t> numbers;
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos && !lines.eof())
        numbers.push_back(std::stoull(line));
    return numbers;
  }
};

TEST_F(Crash, EveryAcknowledgedRowSurvivesAKill) {
  const std::uint32_t used = seed();
  std::printf("seed %u (BERTH_TEST_SEED)\n", used);
  std::mt19937 random(used);
  std::vector<std::uint64_t> all;
  for (std::uint64_t round = 0; round < 8; ++round) {
    const auto numbers = run_and_kill(round * 1'000'000, 1 + random() % 400);
    all.insert(all.end(), numbers.begin(), numbers.end());
    auto store = open();
    ASSERT_TRUE(store) << "seed " << used << " round " << round << ": " << store.error().describe();
    for (const std::uint64_t number : all)
      ASSERT_TRUE(has(**store, number)) << "seed " << used << ", row " << number << " of round " << round;
    const auto commands = run((*store)->read([](store::Reader& r) {
      return r.commands({.owner = "ada", .terminal = store::contract::id<TerminalId>(1)}, {.after = "", .limit = 1000});
    }));
    ASSERT_TRUE(commands);
    for (const auto& row : commands->rows) EXPECT_TRUE(has(**store, row.number)) << "a unit is whole or absent";
  }
}

TEST_F(Crash, ATornLogLosesOnlyItsTail) {
  const std::uint32_t used = seed();
  std::printf("seed %u (BERTH_TEST_SEED)\n", used);
  std::mt19937 random(used);
  const fs::path kept = directory_.path() / "kept.db";
  {
    auto store = open();
    ASSERT_TRUE(store);
    for (std::uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(insert(**store, i));
    for (const char* suffix : {"", "-wal"}) fs::copy_file(with_suffix(path(), suffix), with_suffix(kept, suffix));
  }
  const auto whole = fs::file_size(with_suffix(kept, "-wal"));
  for (int round = 0; round < 20; ++round) {
    for (const char* suffix : {"", "-wal"})
      fs::copy_file(with_suffix(kept, suffix), with_suffix(path(), suffix), fs::copy_options::overwrite_existing);
    const auto cut = random() % whole;
    fs::resize_file(with_suffix(path(), "-wal"), cut);
    auto store = open();
    ASSERT_TRUE(store) << "seed " << used << " cut " << cut << ": " << store.error().describe();
    const std::size_t left = rows(**store);
    for (std::uint64_t i = 0; i < left; ++i)
      EXPECT_TRUE(has(**store, i)) << "seed " << used << " cut " << cut << " row " << i;
  }
}

TEST_F(Crash, DamageIsReportedAndEndsNothingElse) {
  fill(300);
  const std::uint32_t used = seed();
  std::printf("seed %u (BERTH_TEST_SEED)\n", used);
  std::mt19937 random(used);
  const auto whole = os::read_file(path(), 16 << 20);
  ASSERT_TRUE(whole);
  int reported = 0;
  for (int round = 0; round < 40; ++round) {
    std::string bytes = *whole;
    if (round % 4 == 0)
      bytes.resize(random() % bytes.size());
    else
      for (int page = 0; page < 4; ++page) {
        const std::size_t begin = random() % (bytes.size() - 512);
        std::ranges::generate(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                              bytes.begin() + static_cast<std::ptrdiff_t>(begin) + 512,
                              [&] { return static_cast<char>(random()); });
      }
    std::ofstream(path(), std::ios::trunc | std::ios::binary) << bytes;
    auto store = open();
    if (!store) {
      constexpr std::array fitting = {Code::Damaged, Code::FailedPrecondition,
                                      Code::PermissionDenied};  // version fields of the header
      EXPECT_TRUE(std::ranges::find(fitting, store.error().code) != fitting.end())
          << "seed " << used << ": " << store.error().describe();
      ++reported;
      continue;
    }
    for (const auto& result : {run((*store)->read([](store::Reader& r) -> Result<> {
                                 TRY(r.live_sandboxes());
                                 return {};
                               })),
                               run((*store)->read([](store::Reader& r) -> Result<> {
                                 TRY(r.sandboxes({.owner = "ada"}, {.after = "", .limit = 100}));
                                 return {};
                               }))})
      if (!result) {
        EXPECT_EQ(result.error().code, Code::Damaged) << "seed " << used << ": " << result.error().describe();
        ++reported;
      }
  }
  EXPECT_GT(reported, 0) << "seed " << used;
}

}  // namespace
}  // namespace berth::store_sqlite
