// What goes wrong in real shells, one test for each case known (docs/architecture.md, "Command monitor"), and the table.

#include "vt/commands.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "vt/monitor.hpp"

namespace berth::vt {
namespace {

std::string mark(const std::string& payload) { return "\x1b]133;" + payload + "\x1b\\"; }
std::string vscode(const std::string& payload) { return "\x1b]633;" + payload + "\x07"; }

// Finished commands as "text exit_code", those open at the end as "text open"; text and code are "-" when there is none;
// depth, trust and full screen when they are not the usual ones. The same for every split in two and for single bytes.
std::vector<std::string> rows(const std::string& bytes, const std::string& nonce, std::size_t split, bool single) {
  std::vector<std::string> out;
  const auto add = [&](const CommandEvent& event) {
    std::string row = event.text.empty() ? "-" : event.text;
    row += event.kind == CommandEvent::Kind::Started ? " open" : event.exit_code ? " " + std::to_string(*event.exit_code) : " -";
    if (event.depth > 0) row += " depth " + std::to_string(event.depth);
    if (!event.trusted) row += " untrusted";
    if (event.full_screen) row += " full screen";
    out.push_back(row);
  };
  const auto finished = [&](const CommandEvent& event) {
    if (event.kind == CommandEvent::Kind::Finished) add(event);
  };
  Monitor monitor(nonce, {}, {}, Untrusted::Follow);
  const std::string_view view = bytes;
  if (single) {
    for (std::size_t i = 0; i < view.size(); ++i) monitor.feed(view.substr(i, 1), finished);
  } else {
    monitor.feed(view.substr(0, split), finished);
    monitor.feed(view.substr(split), finished);
  }
  for (const CommandEvent& event : monitor.open()) add(event);
  return out;
}

using Rows = std::vector<std::string>;
void expect_rows(const std::string& bytes, const Rows& expected, const std::string& nonce = {}) {
  ASSERT_EQ(rows(bytes, nonce, bytes.size(), false), expected);
  EXPECT_EQ(rows(bytes, nonce, 0, true), expected) << "byte by byte";
  for (std::size_t split = 0; split < bytes.size(); ++split)
    ASSERT_EQ(rows(bytes, nonce, split, false), expected) << "split at " << split;
}

TEST(CornerCase, Case1_NoInputMarkerAndAnEmptyOption) {
  expect_rows(mark("A") + "$ ls\r\n" + mark("C;") + "a\r\n" + mark("D;0"), {"- 0"});
}

TEST(CornerCase, Case2_AnEmptyEnterOrCtrlCMakesNoCommand) {
  const std::string ran = mark("A") + mark("B") + vscode("E;x") + mark("C") + mark("D;1");
  expect_rows(ran + mark("A") + mark("B") + "\r\n" + mark("D;1") + mark("A"), {"x 1"});
  expect_rows(ran + mark("A") + mark("B") + "\r\n" + mark("D") + mark("A"), {"x 1"});
  expect_rows(ran + mark("A") + mark("B") + "\r\n" + mark("A"), {"x 1"});
  expect_rows(ran + mark("A") + mark("B") + "^C\r\n" + mark("D;130") + mark("A"), {"x 1"});
}

TEST(CornerCase, Case3_AnEndBeforeTheFirstPromptAndAKnownCodeStays) {
  expect_rows(mark("D;1") + mark("A") + mark("B") + mark("C") + "x" + mark("D;1") + mark("D"), {"- 1"});
}

TEST(CornerCase, Case4_AJobNoticeBetweenTwoPrompts) {
  expect_rows(mark("A") + "$ " + mark("B") + "\r\n[1]+ Done  sleep 1\r\n" + mark("A") + "$ " + mark("B") + mark("C") + mark("D;0"),
              {"- 0"});
}

TEST(CornerCase, Case5_ContinuationPromptsAreNoCommand) {
  const std::string begin = mark("A") + mark("B") + "for x in 1\r\n";
  for (const std::string& more : {mark("A;k=s"), mark("P;k=s"), mark("P;k=c"), vscode("F") + "> " + vscode("G"), vscode("H") + vscode("I")})
    expect_rows(begin + more + "> do echo; done\r\n" + mark("C") + mark("D;0"), {"- 0"});
}

TEST(CornerCase, Case6_AForeignScriptThatAlwaysSaysZero) {
  const std::string foreign = mark("D;0") + mark("A");
  expect_rows(mark("C;nonce=n") + mark("D;0") + mark("D;7;nonce=n") + foreign, {"- 7"}, "n");
}

TEST(CornerCase, Case7_AKilledShellLeavesItsCommandOpen) { expect_rows(mark("A") + mark("B") + mark("C") + "x", {"- open"}); }

TEST(CornerCase, Case8_ControlBytesInMarkersAndUnknownLetters) {
  expect_rows("\x1b]133;C;cmdline_url=ls\r\x07" + std::string("x\x1b]133;D;3\r\x07"), {"ls 3"});
  expect_rows("\x1b]133;C\x02\x07" + std::string("\x01x\x02") + mark("X;1") + mark("Z") + mark("") + mark("CC") + "\x1b]133;D;4\x01\x07",
              {"- 4"});
}

TEST(CornerCase, Case9_CodesOfOtherSystems) {
  expect_rows(mark("C") + mark("D;-1073741510") + mark("C") + mark("D;3221225786") + mark("C") + mark("D;99999999999999999999") +
                  mark("C") + mark("D;x"),
              {"- -1073741510", "- 3221225786", "- -", "- -"});
}

TEST(CornerCase, Case10_AnInnerShellWithAndWithoutIdentity) {
  const std::string outer = mark("A;aid=1") + mark("B") + mark("C;cmdline_url=ssh%20h");
  expect_rows(outer + mark("A") + mark("B") + mark("C;cmdline_url=in") + mark("D;5") + mark("D;0;aid=1"), {"ssh h -", "in 5"});
  const std::string inner = mark("A;aid=2") + mark("P;k=i") + mark("B") + mark("C;cmdline_url=in");
  expect_rows(outer + inner + mark("D;5;aid=2") + mark("D;0;aid=1"), {"in 5 depth 1", "ssh h 0"});
  expect_rows(outer + inner + mark("D;0;aid=1"), {"in - depth 1", "ssh h 0"});
  expect_rows(outer + inner + mark("N;aid=1") + mark("B"), {"in - depth 1", "ssh h -"});
  expect_rows(outer + inner + mark("D;9;aid=7") + "x", {"ssh h open", "in open depth 1"});
  const std::string plain = mark("A") + mark("B") + mark("C;cmdline_url=zsh");
  expect_rows(plain + mark("A;aid=9") + mark("B") + mark("C") + mark("D;1;aid=9") + mark("A;aid=9") + mark("D;0") + mark("A"),
              {"- 1 depth 1", "zsh 0"});
}

TEST(CornerCase, Case10_NestingIsBounded) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += mark("A;aid=" + std::to_string(i)) + mark("C;aid=" + std::to_string(i));
  Monitor monitor;
  monitor.feed(bytes, [](const CommandEvent& event) { EXPECT_LT(event.depth, Commands::max_depth); });
  EXPECT_EQ(monitor.open().size(), Commands::max_depth);
}

TEST(CornerCase, Case11_TmuxSwallowsOrWraps) {
  const std::string wrapped =
      "\x1bPtmux;\x1b\x1b]133;C;cmdline_url=ls\x07\x1b\\out\x1bPtmux;\x1b\x1b]133;D;2\x1b\x1b\\\x1b\\";
  expect_rows(wrapped, {"ls 2"});
  expect_rows("\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\x1b\x1b]133;C\x07\x1b\x1b\\\x1b\\" + mark("D;6"), {"- 6"});
  expect_rows("\x1bPtmux;\x1b\x1b]133;C\x1b[m" + mark("C") + "\x1bPtmuy;\x1b\\" + mark("D;1"), {"- 1"});
  Monitor monitor;
  monitor.feed(wrapped, [&](const CommandEvent& e) {
    if (e.kind == CommandEvent::Kind::Finished) EXPECT_EQ(wrapped.substr(e.output_begin.value, e.output_end - e.output_begin), "out");
  });
}

TEST(CornerCase, Case12_FullScreenPrograms) {
  for (const char* mode : {"47", "1047", "1049", "2004;1049", "1049;25"}) {
    const std::string enter = "\x1b[?" + std::string(mode) + "h", leave = "\x1b[?" + std::string(mode) + "l";
    const std::string inside = mark("A") + mark("C") + mark("D;9") + vscode("E;no");
    expect_rows(vscode("E;vim") + mark("C") + enter + inside + leave + mark("D;3"), {"vim 3 full screen"});
    expect_rows(vscode("E;vim") + mark("C") + enter + inside, {"vim open full screen"});
    expect_rows(vscode("E;vim") + mark("C") + enter + inside + "\x1b" "c" + mark("D;3"), {"vim 3 full screen"});
    expect_rows(mark("C;nonce=n") + enter + inside + mark("D;137;nonce=n"), {"- 137 full screen"}, "n");
  }
  expect_rows(mark("C") + "\x1b[?10490h\x1b[?25h\x1b[1049h\x1b[?1049$p\x1b[?1049\x18h" + mark("D;0"), {"- 0"});
}

TEST(CornerCase, Case13_TheDirectoryIsThatOfTheStart) {
  Monitor monitor;
  std::string seen;
  monitor.feed("\x1b]7;file:///a\x07" + mark("C") + "\x1b]7;file:///b\x07" + mark("D;0"),
               [&](const CommandEvent& event) { seen += event.cwd; });
  EXPECT_EQ(seen, "/a/a");
  EXPECT_EQ(monitor.cwd(), "/b");
}

TEST(CornerCase, Case14_APromptRedrawnManyTimes) {
  std::string bytes = mark("A") + mark("P;k=i") + "$ " + mark("B");
  for (int i = 0; i < 20; ++i) bytes += "\r\x1b[K" + mark("P;k=i") + "$ " + mark("B") + "ls";
  expect_rows(bytes + mark("C;cmdline_url=ls") + mark("D;0"), {"ls 0"});
}

TEST(CornerCase, Case15_BothKindsOfMarkersMakeOneCommand) {
  const std::string both = vscode("A") + mark("A") + vscode("B") + mark("B") + vscode("E;make") + vscode("C") + mark("C") + "x" +
                           mark("D;2") + vscode("D;2");
  expect_rows(both + both, {"make 2", "make 2"});
}

TEST(CornerCase, Case16_ForgedMarkers) {
  const std::string forged = vscode("E;rm -rf /;no") + mark("C;nonce=no") + mark("D;0;nonce=no");
  expect_rows(forged, {"rm -rf / 0"});
  expect_rows(forged, {"rm -rf / 0 untrusted"}, "n");
  expect_rows(vscode("E;cat f;n") + mark("C;nonce=n") + forged + mark("C") + mark("D;1;nonce=n"),
              {"rm -rf / 0 untrusted", "- - untrusted", "cat f 1"}, "n");
}

TEST(Trust, ASignedCommandLineVouchesForWhatBeginsRightAfterIt) {
  const std::string plain = mark("A") + mark("B") + vscode("E;ls;n") + mark("C");
  expect_rows(plain + "x" + mark("D;2"), {"ls 2"}, "n");
  expect_rows(plain + "x" + mark("D;2") + mark("A") + mark("C") + mark("D;0"), {"ls 2", "- 0 untrusted"}, "n");
  expect_rows(vscode("E;ls;no") + mark("C") + mark("D;0") + vscode("E;ls") + mark("C") + mark("D;0"),
              {"ls 0 untrusted", "ls 0 untrusted"}, "n");
  expect_rows(vscode("E;a;n") + vscode("E;b") + mark("C") + mark("D;0"), {"b 0 untrusted"}, "n");
  expect_rows(vscode("E;a;n") + mark("C;nonce=n") + mark("C") + mark("D;0") + mark("D;1;nonce=n"), {"- 0 untrusted", "a 1"}, "n");
}

TEST(Trust, WhatRanInsideOfATrustedCommandEndsWithIt) {
  const std::string ssh = vscode("E;ssh h;n") + mark("C;nonce=n") + mark("A") + mark("C;cmdline_url=in");
  expect_rows(ssh + mark("D;255;nonce=n"), {"in - untrusted", "ssh h 255"}, "n");
  expect_rows(ssh + mark("A;nonce=n"), {"in - untrusted", "ssh h -"}, "n");
}

// ---- shells that can only tell where the line ends (133 I) ----

TEST(LineShell, ACommandBeginsAtTheEndOfItsLine) {
  const std::string prompt = mark("A") + "$ " + mark("I");
  Monitor monitor;
  const std::string bytes = prompt + "l\x1b[31ms\r\nout" + vscode("E;ls") + mark("D;0");
  std::string seen;
  monitor.feed(bytes, [&](const CommandEvent& e) {
    seen += e.text + "[" + bytes.substr(e.output_begin.value, e.output_end - e.output_begin) + "]";
  });
  EXPECT_EQ(seen, "[]ls[out" + vscode("E;ls") + "]");
  expect_rows(prompt + "sleep 9\r\n", {"- open"});
  expect_rows(prompt + " \x1b[31m\r\n" + mark("D") + prompt + "ls^C\r\n" + mark("D;130") + prompt, {});
  expect_rows(prompt + "\r\n" + mark("D;1") + prompt + "x\r\n" + mark("D;3"), {"- 3"});
}

TEST(LineShell, ALineTypedBeforeThePromptStillCounts) {
  const std::string prompt = mark("A") + "$ " + mark("I");
  expect_rows(prompt + vscode("E;true") + mark("D;0") + prompt + mark("D") + prompt, {"true 0"});
  expect_rows(prompt + "\r\nlate" + vscode("E;x") + mark("C") + mark("D;1") + prompt, {"x 1"});
  expect_rows(prompt + "\r\n" + vscode("E;x") + mark("D;1") + prompt, {});
}

TEST(LineShell, ItsLineIsWatchedForTheOneWhoAsked) {
  expect_rows(mark("I;nonce=n") + "x\r\n" + mark("D;2") + mark("D;1;nonce=n"), {"- 1"}, "n");
  expect_rows(mark("I") + "x\r\n" + mark("D;2"), {"- 2 untrusted"}, "n");
}

TEST(Commands, TextQuotedByShells) {
  expect_rows(mark(R"(C;cmdline=echo\ a\;b\ $'x\ny')") + mark("D;0"), {"echo a;b x\ny 0"});
  expect_rows(mark(R"(C;aid=1;cmdline='it;s' "a\$b")") + mark("D;0;aid=1"), {"it;s a$b 0"});
  expect_rows(mark("C;cmdline_url=a%3bb%0Ac%zz;aid=1") + mark("D;0;aid=1;err=CANCEL"), {"a;b\nc%zz 0"});
  expect_rows(vscode(R"(E;a\x3bb\\ \q)") + vscode("C") + vscode("D;0"), {"a;b\\ \\q 0"});
}

// The section of docs/architecture.md that people read.
std::string command_monitor_section() {
  std::ifstream page(BERTH_SOURCE_DIR "/docs/architecture.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  const std::size_t begin = text.find("\n## Command monitor\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

TEST(TransitionTable, IsTheOneInTheDocs) {
  const std::string section = command_monitor_section();
  EXPECT_NE(section.find("\n\n" + transition_table() + "\n"), std::string::npos)
      << "docs/architecture.md, Command monitor, should have\n" << transition_table() << "and has\n" << section;
}

}  // namespace
}  // namespace berth::vt
