// berth-bench-vt BYTES ROUNDS [FILE…]: how many MB each reader of terminal output takes a second of processor time, as
// JSON lines {"corpus", "reader", "mb_per_s": [one a round]}. Readers take turns in each round, on corpora of our own
// or on the files. berth-bench-vt memory: bytes of a screen of 200 × 50.

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "vt/monitor.hpp"
#include "vt/screen.hpp"
#ifdef BERTH_HAS_VTERM
#include <vterm.h>
#endif

namespace {

using berth::bench::CorpusKind;
constexpr std::size_t read_bytes = 64 << 10;  // as a server reads from a PTY
constexpr berth::TerminalSize size{.cols = 200, .rows = 50};

using Feed = std::function<void(std::string_view)>;
void in_pieces(std::string_view corpus, const Feed& feed) {
  for (std::size_t at = 0; at < corpus.size(); at += read_bytes) feed(corpus.substr(at, read_bytes));
}

volatile std::uint64_t sink;

void read_escapes(std::string_view corpus) {
  std::uint64_t found = 0;
  in_pieces(corpus, [&](std::string_view piece) {
    for (const char *at = piece.data(), *end = at + piece.size(); at < end; ++at) {
      at = static_cast<const char*>(std::memchr(at, '\x1b', static_cast<std::size_t>(end - at)));
      if (!at) break;
      ++found;
    }
  });
  sink = found;
}

void read_monitor(std::string_view corpus) {
  std::uint64_t events = 0;
  berth::vt::Monitor monitor;
  in_pieces(corpus,
            [&](std::string_view piece) { monitor.feed(piece, [&](const berth::vt::CommandEvent&) { ++events; }); });
  sink = events;
}

void read_screen(std::string_view corpus, std::uint32_t scrollback) {
  berth::vt::Screen screen({.size = size, .scrollback_lines = scrollback});
  in_pieces(corpus, [&](std::string_view piece) { screen.feed(piece); });
  sink = screen.memory();
}

#ifdef BERTH_HAS_VTERM
void read_vterm(std::string_view corpus, bool screen) {
  VTerm* term = vterm_new(size.rows, size.cols);
  vterm_set_utf8(term, 1);
  if (screen) {
    vterm_screen_enable_altscreen(vterm_obtain_screen(term), 1);
    vterm_screen_reset(vterm_obtain_screen(term), 1);
  } else {
    vterm_state_reset(vterm_obtain_state(term), 1);
  }
  in_pieces(corpus, [&](std::string_view piece) { vterm_input_write(term, piece.data(), piece.size()); });
  vterm_free(term);
}
#endif

std::map<std::string, std::function<void(std::string_view)>> readers() {
  return {
      {"memchr", read_escapes},
      {"monitor", read_monitor},
      {"screen", [](std::string_view corpus) { read_screen(corpus, 0); }},
      {"screen, 1000 lines of scrollback", [](std::string_view corpus) { read_screen(corpus, 1000); }},
#ifdef BERTH_HAS_VTERM
      {"libvterm state", [](std::string_view corpus) { read_vterm(corpus.substr(0, corpus.size() / 4), false); }},
      {"libvterm screen", [](std::string_view corpus) { read_vterm(corpus.substr(0, corpus.size() / 4), true); }},
#endif
  };
}

// Of this thread: other programs on the machine take none of it.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(const std::string& name, const std::string& corpus, int rounds) {
  std::map<std::string, std::string> rates;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [reader, read] : readers()) {
      const std::size_t bytes = reader.starts_with("libvterm") ? corpus.size() / 4 : corpus.size();  // the slow ones
      const double begin = processor_seconds();
      read(corpus);
      const double took = processor_seconds() - begin;
      rates[reader] += (round > 0 ? "," : "") + std::to_string(static_cast<double>(bytes) / 1e6 / took);
    }
  }
  for (const auto& [reader, rate] : rates)
    std::printf("{\"corpus\": \"%s\", \"reader\": \"%s\", \"mb_per_s\": [%s]}\n", name.c_str(), reader.c_str(),
                rate.c_str());
}

// A screen full of coloured text, and the same with a full-screen program on top.
void memory() {
  berth::vt::Screen screen({.size = size});
  screen.feed(berth::bench::make_corpus(CorpusKind::Log, 1 << 20, 1));
  const std::size_t one = screen.memory();
  screen.feed("\x1b[?1049h");
  screen.feed(berth::bench::make_corpus(CorpusKind::Log, 1 << 20, 2));
  std::printf("{\"screen\": %zu, \"both\": %zu}\n", one, screen.memory());
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::strcmp(words[1], "memory") == 0) {
    memory();
    return 0;
  }
  if (count < 3) {
    std::fprintf(stderr, "berth-bench-vt BYTES ROUNDS [FILE…] | memory\n");
    return 2;
  }
  const std::size_t bytes = std::stoull(words[1]);
  const int rounds = std::stoi(words[2]);
  for (int i = 3; i < count; ++i) {
    std::ifstream file(words[i], std::ios::binary);
    measure(words[i], {std::istreambuf_iterator<char>(file), {}}, rounds);
  }
  for (std::size_t kind = 0; count == 3 && kind < std::size(berth::bench::corpus_names); ++kind)
    measure(std::string(berth::bench::corpus_names[kind]),
            berth::bench::make_corpus(static_cast<CorpusKind>(kind), bytes, 1), rounds);
  return 0;
}
