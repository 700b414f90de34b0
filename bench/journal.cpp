// A journal's speed without a server: `berth-bench-journal COMMAND DIR …`, one JSON object on stdout.
//
//   append DIR FILE plain|sealed   the file's bytes as records of 64 KiB: what a shim does with a flood
//   compact DIR plain|sealed       compresses what append left; the journal has ended
//   grep DIR plain|sealed PATTERN  counts the lines that match
//   memchr FILE                    counts the lines: the limit of one core
//   seek DIR plain|sealed ROUNDS   cold: the first byte at a time, and reading from there

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "journal/compact.hpp"
#include "journal/cursor.hpp"
#include "journal/position.hpp"
#include "journal/search.hpp"
#include "journal/trim.hpp"
#include "journal/writer.hpp"
#include "os/file.hpp"

namespace {

using namespace berth;
using Steady = std::chrono::steady_clock;

// Of this process, in user space and in the kernel: machines are shared, and waiting for the disk is not what is measured.
double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](timeval time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double milliseconds_since(Steady::time_point begin) { return std::chrono::duration<double, std::milli>(Steady::now() - begin).count(); }

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().describe().c_str());
  std::exit(1);
}
void must(Result<> result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().describe().c_str());
  std::exit(1);
}

journal::Key key_of(std::string_view form) { return form == "sealed" ? must(journal::Key::from(std::string(32, 'k'))) : journal::Key(); }
WallTime at(std::int64_t ms) { return WallTime{std::chrono::milliseconds{1'700'000'000'000 + ms}}; }

void append(const std::filesystem::path& dir, const char* source, std::string_view form) {
  const std::string text = must(os::read_file(source, std::size_t{4} << 30));
  auto writer = must(journal::Writer::create(dir, TerminalId::from_bits(std::array<std::byte, 16>{}), {.key = key_of(form)}, at(0)));
  const double begin = processor_seconds();
  std::int64_t ms = 0;
  for (std::size_t from = 0; from < text.size(); from += journal::max_payload_bytes)
    must(writer.append(journal::Kind::Output, std::string_view(text).substr(from, journal::max_payload_bytes), at(ms++)));
  const double seconds = processor_seconds() - begin;
  must(writer.append(journal::Kind::Exit, journal::encode_exit({}), at(ms)));
  must(writer.sync());
  std::printf("{\"bytes\": %zu, \"seconds\": %.6f}\n", text.size(), seconds);
}

void compact(const std::filesystem::path& dir, std::string_view form) {
  const double begin = processor_seconds();
  const auto done = must(journal::compact(dir, key_of(form), journal::Last::Finished));
  std::printf("{\"before\": %llu, \"after\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(done.before),
              static_cast<unsigned long long>(done.after), processor_seconds() - begin);
}

void grep(const std::filesystem::path& dir, std::string_view form, const char* pattern) {
  const double begin = processor_seconds();
  const auto end = must(journal::search(dir, key_of(form), {.pattern = pattern, .time_limit = std::chrono::hours{1}},
                                        [](const journal::Line&) { return true; }));
  std::printf("{\"matches\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(end.matches),
              static_cast<unsigned long long>(end.bytes), processor_seconds() - begin);
}

void count_lines(const char* source) {
  const auto file = must(os::open_read(source));
  std::vector<char> buffer(256 << 10);
  std::uint64_t lines = 0, bytes = 0;
  const double begin = processor_seconds();
  for (std::size_t got = 1; got > 0; bytes += got) {
    got = must(os::pread_full(file.get(), buffer, bytes));
    const char* from = buffer.data();
    const char* const end = from + got;
    while (const void* found = std::memchr(from, '\n', static_cast<std::size_t>(end - from))) {
      ++lines;
      from = static_cast<const char*>(found) + 1;
    }
  }
  std::printf("{\"lines\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(lines),
              static_cast<unsigned long long>(bytes), processor_seconds() - begin);
}

void forget_pages(const std::filesystem::path& dir) {
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const auto file = must(os::open_read(entry.path()));
    must(os::sync_data(file.get()));
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

void seek(const std::filesystem::path& dir, std::string_view form, int rounds) {
  const auto key = key_of(form);
  const auto end = must(journal::range(dir, key)).end;
  const auto records = static_cast<std::int64_t>(end.value / journal::max_payload_bytes);
  std::mt19937 random(7);
  std::printf("{\"ms\": [");
  for (int i = 0; i < rounds; ++i) {
    forget_pages(dir);
    const auto start = Steady::now();
    const auto offset = must(journal::offset_at(dir, key, at(static_cast<std::int64_t>(random()) % records)));
    auto cursor = must(journal::Cursor::open(dir, offset, key));
    if (!must(cursor.next(64 << 10))) std::exit(1);
    std::printf("%s%.3f", i == 0 ? "" : ", ", milliseconds_since(start));
  }
  std::printf("]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 2 ? argv[1] : "";
  if (command == "append" && argc == 5) append(argv[2], argv[3], argv[4]);
  else if (command == "compact" && argc == 4) compact(argv[2], argv[3]);
  else if (command == "grep" && argc == 5) grep(argv[2], argv[3], argv[4]);
  else if (command == "memchr" && argc == 3) count_lines(argv[2]);
  else if (command == "seek" && argc == 5) seek(argv[2], argv[3], std::atoi(argv[4]));
  else return std::fputs("usage: berth-bench-journal append|compact|grep|memchr|seek …\n", stderr), 2;
  return 0;
}
