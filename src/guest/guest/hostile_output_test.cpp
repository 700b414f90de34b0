// What a program prints makes no command and changes none: binary bytes, every kind of sequence, forged markers, and ends
// in the middle of each, under real shells.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "guest/shell_session.hpp"

namespace berth::guest {
namespace {

std::uint64_t seed() {
  const char* given = std::getenv("BERTH_SEED");
  return given ? std::strtoull(given, nullptr, 10)
               : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

// Pieces of everything that a terminal's stream can have; the shell's nonce, which no program knows, is in none of them.
class Garbage {
 public:
  explicit Garbage(std::uint64_t seed) : random_(seed) {}

  std::string block(int pieces) {
    std::string out = "\x1b[?1049l\x1b]633;E;rm;x\x07\x1b]133;C\x07\x1b]133;D;7\x07";
    for (int byte = 0; byte < 256; ++byte) (out += static_cast<char>(byte)) += std::string("\x1b") + static_cast<char>(byte);
    for (int i = 0; i < pieces; ++i) out += piece();
    return out += '\x18';  // ends what is open
  }

 private:
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
  const char* any(std::initializer_list<const char*> list) { return list.begin()[below(list.size())]; }
  std::string bytes(std::size_t count) {
    std::string out(count, '\0');
    for (char& c : out) c = static_cast<char>(below(256));
    return out;
  }

  std::string piece() {
    switch (below(5)) {
      case 0: return bytes(below(200));
      case 1: return std::string("\x1b[") + any({"", "?", ">", "="}) + any({"", "1", "25", "47", "1049", "2004", "999999999999", "1;2;3"}) + bytes(1);
      case 2: return forged_marker();
      case 3: return "\x1bPtmux;" + doubled(forged_marker()) + any({"\x1b\\", "\x18", ""});
      default: return std::string(any({"\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x90", "\x9d", "\x1b]0;", "\x1b]7;file:///"})) + bytes(below(50)) + end();
    }
  }
  std::string forged_marker() {
    std::string out = std::string(any({"\x1b]", "\x9d"})) + any({"133;", "633;", "133", "633;E;", "1337;CurrentDir=", "7;file://x/"});
    out += any({"A", "B", "C", "D", "D;0", "D;7", "E;rm -rf /;", "I", "N", "P;k=i", "P;Cwd=/forged", "F", "L", "C;cmdline_url=rm%20x"});
    return out + any({"", ";", ";nonce=", ";nonce=x0nce-1", ";x0nce-1", ";aid=1", ";aid=7;nonce=x"}) + end();
  }
  std::string end() { return any({"\x07", "\x1b\\", "\x9c", "\x18", "\x1a", "\x1b", ""}); }
  static std::string doubled(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '\x1b' ? "\x1b\x1b" : std::string(1, c);
    return out;
  }

  std::mt19937_64 random_;
};

const Strings unfinished{"\x1b", "\x1b[", "\x1b[?1049", "\x1b]", "\x1b]133", "\x1b]133;", "\x1b]133;D;9", "\x1b]633;E;rm", "\x1b]0;title", "\x1b]133;D;9\x1b",
                         "\x1bP", "\x1bPtmux", "\x1bPtmux;", "\x1bPtmux;\x1b", "\x1bPtmux;\x1b\x1b]133;D;9", "\x1b_", "\x9d" "133;C", "\xe6\x97", "\x1b[?1049h", "\x1b[?1049l", "^C\n"};

// tmux doubles each ESC of what it passes through: this one makes the ESC of the shell's own marker the second of a pair.
// What that marker said, the code (of dash and ash the text), is not known then; the prompt behind it ends the command.
const std::string swallows_the_end = "\x1bPtmux;\x1b";

class HostileOutput : public testing::TestWithParam<Shell> {};

TEST_P(HostileOutput, MakesNoCommandAndChangesNone) {
  const std::uint64_t used = seed();
  SCOPED_TRACE("BERTH_SEED=" + std::to_string(used));
  std::cout << "BERTH_SEED=" << used << "\n";
  const Shell& shell = GetParam();
  Garbage garbage(used);
  auto files = shell.files;
  Strings wanted;
  for (std::size_t i = 0; i < unfinished.size(); ++i) files.emplace_back("b" + std::to_string(i), garbage.block(100) + unfinished[i]);
  ShellSession session(shell.argv, files);
  ASSERT_TRUE(session.prompt()) << session.shown();
  for (std::size_t i = 0; i < unfinished.size(); ++i) {
    const std::string line = "cat b" + std::to_string(i);
    SCOPED_TRACE("ends with " + testing::PrintToString(unfinished[i]));
    const std::size_t begin = session.bytes.size();
    session.run(line);
    const std::string& row = session.rows.back();
    if (unfinished[i] == swallows_the_end) EXPECT_THAT(Strings({line + "|0", line + "|-", "|0", "|-"}), testing::Contains(row));
    wanted.push_back(unfinished[i] == swallows_the_end ? row : shell.tells(line + "|0"));
    ASSERT_EQ(session.rows, wanted) << session.shown(begin);
  }

  vt::Monitor naive(ShellSession::nonce, {}, {}, vt::Untrusted::Follow);  // what would have been believed without a nonce
  std::size_t forged = 0;
  naive.feed(session.bytes, [&](const vt::CommandEvent& event) { forged += event.trusted ? 0 : 1; });
  EXPECT_GT(forged, 2 * unfinished.size() - 5) << "these blocks were harmless";
}

INSTANTIATE_TEST_SUITE_P(Real, HostileOutput, testing::ValuesIn(shells), [](const auto& info) { return info.param.argv.back(); });

}  // namespace
}  // namespace berth::guest
