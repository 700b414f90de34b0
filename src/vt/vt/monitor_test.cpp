#include "vt/monitor.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace berth::vt {
namespace {

const std::string st = "\x1b\\";
std::string osc(const std::string& payload) { return "\x1b]" + payload + st; }
std::string bel(const std::string& payload) { return "\x1b]" + payload + "\x07"; }

std::string describe(const CommandEvent& event) {
  std::string out = event.kind == CommandEvent::Kind::Started ? "start" : "finish";
  out += "|" + event.text + "|" + event.cwd + "|" + std::to_string(event.output_begin.value) + "-" +
         std::to_string(event.output_end.value) + "|";
  return out + (event.exit_code ? std::to_string(*event.exit_code) : "none");
}

std::vector<std::string> run(const std::string& bytes, const std::string& nonce, std::size_t piece) {
  std::vector<std::string> events;
  Monitor monitor(nonce);
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    monitor.feed(std::string_view(bytes).substr(at, piece), [&](const CommandEvent& e) { events.push_back(describe(e)); });
  return events;
}

std::string one_command(const std::string& text, const std::string& output, int code, const std::string& n) {
  return osc("633;P;Cwd=/workspace;" + n) + osc("133;A;nonce=" + n) + "$ " + osc("133;B;nonce=" + n) + text + "\r\n" +
         osc("633;E;" + text + ";" + n) + osc("133;C;nonce=" + n) + output +
         osc("133;D;" + std::to_string(code) + ";nonce=" + n);
}

TEST(Monitor, EverySplitGivesTheSameEvents) {
  std::string bytes = "banner\r\n" + one_command("echo hi", "hi\r\n", 0, "n1") + one_command("false", "", 1, "n1") +
                      bel("133;A;nonce=n1") + bel("133;C;nonce=n1") + "x\x1b\x1b]133;D;7;nonce=n1\x07";
  const auto whole = run(bytes, "n1", bytes.size());
  ASSERT_EQ(whole.size(), 6u);
  EXPECT_TRUE(whole[1].starts_with("finish|echo hi|/workspace|")) << whole[1];
  EXPECT_TRUE(whole[1].ends_with("|0")) << whole[1];
  EXPECT_TRUE(whole[3].ends_with("|1")) << whole[3];
  EXPECT_TRUE(whole[5].ends_with("|7")) << whole[5];
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(run(bytes, "n1", piece), whole) << "pieces of " << piece;
}

TEST(Monitor, OutputRangeIsExactlyWhatTheCommandPrinted) {
  const std::string bytes = one_command("echo hi", "hi\r\n", 0, "n");
  Monitor monitor("n");
  monitor.feed(bytes, [&](const CommandEvent& e) {
    if (e.kind == CommandEvent::Kind::Finished)
      EXPECT_EQ(bytes.substr(e.output_begin.value, e.output_end - e.output_begin), "hi\r\n");
  });
}

TEST(Monitor, MarkersWithoutTheNonceMakeNoCommand) {
  const std::string forged = one_command("rm -rf /", "", 0, "guess") + osc("133;C") + osc("133;D;0");
  EXPECT_TRUE(run(forged, "secret", 7).empty());
  const std::string inside = osc("133;C;nonce=secret") + forged + "end" + osc("133;D;3;nonce=secret");
  const auto events = run(inside, "secret", 5);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[1].ends_with("|3")) << events[1];
}

TEST(Monitor, CommandTextIsUnescaped) {
  const std::string bytes = osc(R"(633;E;echo a\x3b b \\ \x0a\x22c\x22 \q;n)") + osc("133;C;nonce=n");
  const auto events = run(bytes, "n", 3);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].starts_with("start|echo a; b \\ \n\"c\" \\q|")) << events[0];
}

TEST(Monitor, OutOfOrderMarkers) {
  EXPECT_TRUE(run(osc("133;D;1") + osc("133;A") + osc("133;D"), "", 9).empty()) << "D without C makes no command";
  const auto lost = run(osc("133;C") + "x" + osc("133;A"), "", 4);
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_TRUE(lost[1].ends_with("|none")) << lost[1];
  EXPECT_EQ(run(osc("133;C") + osc("133;C") + osc("133;D;0"), "", 4).size(), 2u) << "an inner C opens nothing";
  EXPECT_TRUE(run(osc("133;A;k=s") + osc("133;P;k=r"), "", 4).empty());
}

TEST(Monitor, ResumedAtAFinishedCommandItGivesTheRestAlike) {
  const std::string bytes =
      one_command("a", "1", 0, "n") + one_command("b", "2", 5, "n") + osc("633;E;c;n") + osc("133;C;nonce=n") + "open";
  std::vector<std::string> all, rest;
  ByteOffset resume{};
  Monitor first("n");
  first.feed(bytes, [&](const CommandEvent& e) {
    all.push_back(describe(e));
    if (resume == ByteOffset{} && e.kind == CommandEvent::Kind::Finished) resume = e.resume_at;
  });
  Monitor second("n", resume);
  second.feed(std::string_view(bytes).substr(resume.value), [&](const CommandEvent& e) { rest.push_back(describe(e)); });
  EXPECT_EQ(rest, std::vector<std::string>(all.begin() + 2, all.end()));
}

TEST(Monitor, AnEndedShellClosesItsOpenCommand) {
  std::vector<std::string> events;
  Monitor monitor;
  const auto sink = [&](const CommandEvent& e) { events.push_back(describe(e)); };
  monitor.feed(osc("133;C") + "partial", sink);
  monitor.finish(monitor.position(), 5, sink);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[1].ends_with("|5"));
}

TEST(MarkerParser, AbortedAndOversizedSequences) {
  EXPECT_TRUE(run("\x1b]133;C\x18" + std::string("\x1b]133;C\x1a"), "", 2).empty()) << "CAN and SUB abort";
  EXPECT_EQ(run("\x1b]133;C\x1b]133;C\x07", "", 3).size(), 1u) << "ESC and another byte begins anew";
  const std::string big = "\x1b]133;C;" + std::string(1 << 20, 'x') + "\x07";
  EXPECT_EQ(run(big, "", 4096).size(), 1u) << "the letter of an oversized marker still counts";
}

TEST(MarkerParser, DirectoriesInTheirManyForms) {
  for (const auto& [sequence, expected] : std::vector<std::pair<std::string, std::string>>{
           {"7;file://host/a%20b", "/a b"},
           {"7;file:///c", "/c"},
           {"7;/bare", "/bare"},
           {"7;kitty-shell-cwd://h/r%20w", "/r%20w"},
           {"7;file://user@host/p?x=1", "/p"},
           {"1337;CurrentDir=/i", "/i"},
           {"633;P;Cwd=/v\\x3bw", "/v;w"}}) {
    Monitor monitor;
    monitor.feed(osc(sequence), [](const CommandEvent&) {});
    EXPECT_EQ(monitor.cwd(), expected) << sequence;
  }
}

}  // namespace
}  // namespace berth::vt
