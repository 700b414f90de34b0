// The writer is killed at seeded moments, again and again: what it had told of is there, in order, and nothing else is.

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <random>

#include "journal/check.hpp"
#include "journal/compact.hpp"
#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

constexpr int rounds = 24;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("BERTH_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

// Appends numbered lines, and says in shared memory how far it has come.
[[noreturn]] void write_for_ever(const std::filesystem::path& dir, const Key& key, std::atomic<std::uint64_t>& told, bool first) {
  const WriterOptions options{.segment_bytes = 20'000, .key = key};
  auto writer = first ? Writer::create(dir, some_id(), options, at_second(0)) : Writer::open(dir, options);
  if (!writer) ::_exit(1);
  const std::string text = numbered(4 << 20);
  while (writer->end().value < text.size()) {
    const std::uint64_t at = writer->end().value;
    if (!writer->append(Kind::Output, std::string_view(text).substr(at, 1 + at * 7 % 3000), at_second(1))) ::_exit(1);
    told = writer->end().value;
  }
  ::_exit(0);
}

void kill_often(const Key& key) {
  const std::uint64_t seed = seed_of_run();
  std::mt19937_64 random(seed);
  Directory home;
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  auto& told = *new (page) std::atomic<std::uint64_t>(0);
  const std::string text = numbered(4 << 20);
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t wanted = told + 1 + random() % 60'000;
    const pid_t pid = ::fork();
    if (pid == 0) write_for_ever(home.journal(), key, told, round == 0);
    int status = 0;
    while (told < wanted && ::waitpid(pid, &status, WNOHANG) == 0) {
    }
    ASSERT_LT(told, text.size()) << "seed " << seed;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    const std::uint64_t least = told;
    if (round % 8 == 7) ASSERT_TRUE(compact(home.journal(), key, Last::StillWritten)) << "seed " << seed;
    const std::string kept = read_all(home.journal(), {}, key);
    ASSERT_GE(kept.size(), least) << "seed " << seed << " round " << round;
    ASSERT_TRUE(kept == text.substr(0, kept.size())) << "seed " << seed << " round " << round;
    const auto report = check(home.journal(), key);
    ASSERT_TRUE(report && report->whole()) << "seed " << seed << " round " << round;
    told = kept.size();
  }
  ::munmap(page, 4096);
}

TEST(JournalKill, APlainWriterLosesNothingItTold) { kill_often({}); }
TEST(JournalKill, ASealedWriterLosesNothingItTold) { kill_often(some_key()); }

}  // namespace
}  // namespace berth::journal::testing
