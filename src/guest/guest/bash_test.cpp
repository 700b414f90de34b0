// A real bash on a terminal of a real init: which markers come, with which text, and what the shell's user notices.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "guest/init_client.hpp"
#include "guest/shell.hpp"
#include "os/file.hpp"

namespace berth::guest {
namespace {

constexpr const char* nonce = "n0nce-1";

// Markers as "D;0", "P;Cwd=/", "A", "B", "E;text", "C", each checked for the nonce; other output between them.
struct Transcript {
  std::vector<std::string> markers;
  std::string text;
};

void add_marker(std::string payload, Transcript& to) {
  const std::string tail133 = std::string(";nonce=") + nonce, tail633 = std::string(";") + nonce;
  if (payload.starts_with("133;") && payload.ends_with(tail133))
    to.markers.push_back(payload.substr(4, payload.size() - 4 - tail133.size()));
  else if (payload.starts_with("633;") && payload.ends_with(tail633))
    to.markers.push_back(payload.substr(4, payload.size() - 4 - tail633.size()));
  else if (payload.starts_with("133;") || payload.starts_with("633;"))
    ADD_FAILURE() << "a marker without the nonce: " << payload;
}

Transcript parse(const std::string& bytes) {
  Transcript out;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = bytes.find("\x1b\\", at);
    if (bytes.compare(at, 2, "\x1b]") == 0 && end != std::string::npos) {
      add_marker(bytes.substr(at + 2, end - at - 2), out);
      at = end + 2;
    } else {
      out.text += bytes[at++];
    }
  }
  return out;
}

class BashTest : public testing::Test {
 protected:
  BashTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-bash-XXXXXX").string();
    home = ::mkdtemp(pattern.data());
    write_rc("PS1='$ '\n");
    write_rc("set enable-bracketed-paste off\n", ".inputrc");
  }
  ~BashTest() override { (void)os::remove_tree(home); }

  void write_rc(const std::string& text, const std::string& name = ".bashrc") {
    ASSERT_TRUE(os::durable_write(os::Path(home) / name, text));
  }

  void start(std::vector<std::string> argv = {"bash"}) {
    auto request = start_request(1, std::move(argv), true);
    auto& start = *request.mutable_start();
    start.set_cwd(home);
    start.mutable_size()->set_cols(500);
    start.mutable_size()->set_rows(50);
    auto* variable = start.add_env();
    variable->set_name("HOME");
    variable->set_value(home);
    start.mutable_shell()->set_enabled(true);
    start.mutable_shell()->set_nonce(nonce);
    init.send(request);
    init.send(window_request(1, 1 << 30));
    (void)until_prompt();
  }

  // Up to the end of the next prompt.
  Transcript until_prompt() {
    for (;;) {
      const std::size_t end = bytes.find("\x1b]133;B;");
      const std::size_t st = end == std::string::npos ? end : bytes.find("\x1b\\", end);
      if (st != std::string::npos) {
        Transcript out = parse(bytes.substr(0, st + 2));
        bytes.erase(0, st + 2);
        return out;
      }
      auto frame = init.until_case(wire::FromInit::kOutput);
      if (!frame) {
        ADD_FAILURE() << "no prompt in: " << bytes;
        return {};
      }
      bytes += frame->output().data();
    }
  }

  Transcript type(const std::string& line) {
    init.send(input_request(1, typed, line + "\n"));
    typed += line.size() + 1;
    return until_prompt();
  }

  // What one line gives: command as the marker says it, exit code.
  void expect_command(const std::string& line, const std::string& text, int code) {
    const Transcript seen = type(line);
    const std::vector<std::string> expected{"E;" + text, "C", "D;" + std::to_string(code), "P;Cwd=" + home, "A", "B"};
    EXPECT_EQ(seen.markers, expected) << line << "\n" << seen.text;
  }
  std::string output_of(const std::string& line) {
    const Transcript seen = type(line);
    const std::size_t begin = seen.text.find('\n'), end = seen.text.rfind("\r\n");
    return begin == std::string::npos || end == std::string::npos || end <= begin
               ? ""
               : seen.text.substr(begin + 1, end - begin - 1);
  }

  std::string home, bytes;
  std::uint64_t typed = 0;
  InitClient init{InitClient::Over::Socket};
};

TEST_F(BashTest, CommandsCarryTheirTextAndCode) {
  start();
  expect_command("true", "true", 0);
  expect_command("false", "false", 1);
  expect_command("(exit 42)", "(exit 42)", 42);
  expect_command(R"(echo 'it''s' "quo\"ted" \\ $HOME a;b 2>/dev/null)",
                 R"(echo 'it''s' "quo\\"ted" \\\\ $HOME a\x3bb 2>/dev/null)", 127);
  expect_command("echo 'a\nb'", R"(echo 'a\x0ab')", 0);
  expect_command("for i in 1 2\ndo\n  echo $i\ndone", R"(for i in 1 2\x0ado\x0a  echo $i\x0adone)", 0);
  expect_command("cat <<E\n  x y\nE", R"(cat <<E\x0a  x y\x0aE)", 0);
  expect_command("echo naïve — 日本", "echo naïve — 日本", 0);
  expect_command("echo 502  1 * '* '", "echo 502  1 * '* '", 0);
  EXPECT_EQ(type("# only a comment").markers, (std::vector<std::string>{"P;Cwd=" + home, "A", "B"}));
  expect_command("true", "true", 0);
  expect_command("echo !!", "echo true", 0);
  expect_command("echo \x16\x1b[31m \x16\x01 x", R"(echo \x1b[31m \x01 x)", 0);
  expect_command("echo '%s & \\& $x `date`'", R"(echo '%s & \\& $x `date`')", 0);
}

TEST_F(BashTest, AnEmptyLineIsNoCommand) {
  start();
  EXPECT_EQ(type("").markers, (std::vector<std::string>{"P;Cwd=" + home, "A", "B"}));
  EXPECT_EQ(type("").markers, (std::vector<std::string>{"P;Cwd=" + home, "A", "B"}));
  expect_command("true", "true", 0);
}

TEST_F(BashTest, DirectoryIsToldEscaped) {
  start();
  const Transcript seen = type(R"(mkdir 'a;b\c' && cd 'a;b\c')");
  EXPECT_EQ(seen.markers[3], "P;Cwd=" + home + R"(/a\x3bb\\c)");
}

TEST_F(BashTest, ExitCodeAndLastArgumentStayTheUsers) {
  start();
  type("(exit 3)");
  EXPECT_EQ(output_of("echo code=$?"), "code=3");
  type("echo one two-last");
  EXPECT_EQ(output_of("echo last=$_"), "last=two-last");
  type("false");
  type("");
  EXPECT_EQ(output_of("echo code=$?"), "code=1");
}

TEST_F(BashTest, HistorySettingsKeepTheirEffect) {
  write_rc("PS1='$ '; HISTCONTROL=ignoreboth HISTIGNORE='secret*:ls' HISTTIMEFORMAT='%F %T '\n");
  start();
  expect_command(" echo space", " echo space", 0);
  expect_command("echo twice", "echo twice", 0);
  expect_command("echo twice", "echo twice", 0);
  expect_command("secret=5", "secret=5", 0);
  expect_command("true kept", "true kept", 0);
  expect_command("echo \"[$HISTCONTROL][$HISTIGNORE]\" > x", "echo \"[$HISTCONTROL][$HISTIGNORE]\" > x", 0);
  EXPECT_EQ(os::read_file(home + "/x", 100).value_or(""), "[ignoreboth][secret*:ls]\n");
  expect_command("HISTTIMEFORMAT= history | sed 's/^ *[0-9]* *//' > h",
                 "HISTTIMEFORMAT= history | sed 's/^ *[0-9]* *//' > h", 0);
  EXPECT_EQ(os::read_file(home + "/h", 1000).value_or(""),
            "echo twice\ntrue kept\necho \"[$HISTCONTROL][$HISTIGNORE]\" > x\n"
            "HISTTIMEFORMAT= history | sed 's/^ *[0-9]* *//' > h\n");
}

TEST_F(BashTest, ErasedDuplicatesStayErased) {
  write_rc("PS1='$ '; HISTCONTROL=erasedups\n");
  start();
  for (const char* line : {"echo a", "echo b", "echo a"}) expect_command(line, line, 0);
  type("history | sed 's/^ *[0-9]* *//' > h");
  EXPECT_EQ(os::read_file(home + "/h", 1000).value_or(""), "echo b\necho a\nhistory | sed 's/^ *[0-9]* *//' > h\n");
}

TEST_F(BashTest, WithoutHistoryThereIsNoTextRatherThanAWrongOne) {
  start();
  type("set +o history");
  EXPECT_EQ(type("false").markers, (std::vector<std::string>{"C", "D;1", "P;Cwd=" + home, "A", "B"}));
  type("set -o history");
  expect_command("true again", "true again", 0);
}

TEST_F(BashTest, LivesWithTheUsersPromptCommandAndTrap) {
  write_rc(
      "PS1='$ '; PROMPT_COMMAND='seen=$?; last_seen=$_'; trap 'traps=$((traps + 1))' DEBUG; PS0='[ps0]'\n"
      "alias history='echo no' printf='echo no'\n");
  start();
  expect_command("(exit 9)", "(exit 9)", 9);
  EXPECT_EQ(output_of("echo seen=$seen $((traps > 0))"), "[ps0]seen=9 1");
  type("PROMPT_COMMAND='seen=$((seen + 100))'");
  expect_command("seen=1", "seen=1", 0);
  EXPECT_EQ(output_of("echo seen=$seen"), "[ps0]seen=101");
  type("PS1='new> '");
  expect_command("true", "true", 0);
}

TEST_F(BashTest, LivesWithStrictOptionsAndArrays) {
  write_rc("PS1='$ '; PROMPT_COMMAND=('seen=$?' 'more=$?'); set -u\n");
  start();
  expect_command("(exit 4)", "(exit 4)", 4);
  EXPECT_EQ(output_of("echo $seen $more"), "4 4");
  expect_command("echo $unset_variable", "echo $unset_variable", 1);
  expect_command("IFS=123; LC_ALL=C", R"(IFS=123\x3b LC_ALL=C)", 0);
  expect_command("echo 1 2", "echo 1 2", 0);
}

TEST_F(BashTest, ProgramsInheritNothingOfIt) {
  start();
  EXPECT_EQ(output_of("ls /proc/self/fd | wc -l; env | grep -c berth_"), "4\r\n0");  // 0, 1, 2 and the directory
}

TEST_F(BashTest, LoginShellReadsItsProfile) {
  write_rc("from_profile=yes; PS1='$ '\n", ".bash_profile");
  start({"bash", "-l"});
  EXPECT_EQ(output_of("echo $from_profile"), "yes");
  expect_command("true", "true", 0);
}

TEST(Shell, NoncesStandUnquotedInScripts) {
  EXPECT_FALSE(is_nonce("a'b"));
  EXPECT_FALSE(is_nonce(""));
  EXPECT_TRUE(is_nonce("Az-09_"));
}

}  // namespace
}  // namespace berth::guest
