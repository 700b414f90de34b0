// Real shells on a real terminal: what holds in each of them. What happens at a prompt is situations_test.cpp.

#include "guest/shell_session.hpp"

namespace berth::guest {
namespace {

class Shells : public testing::TestWithParam<Shell> {};

// What the user's own commands see must not differ; all they print goes to a file.
TEST_P(Shells, TheUserNoticesNothing) {
  const Shell& shell = GetParam();
  const Strings common{"alias hi='echo hi'", "sh -c 'exit 3'", "echo code=$STATUS > out", "false", "echo code=$STATUS >> out",
                       "echo one two-last", "hi there >> out", "env | grep -v '^PS1' | sort >> out", "ls /proc/self/fd >> out",
                       "alias hi >> out"};
  const Strings bourne{"echo one two-last", "echo last=$_ >> out", "set -o >> out", "trap >> out", "echo \"[$PS4]\" >> out"};
  const auto run = [&](bool integrate) {
    auto files = shell.files;
    for (auto& [name, text] : files)
      if (name == ".bashrc") text += "export PS1; HISTCONTROL=ignorespace; shopt >> ~/shopt\n";
    ShellSession session(shell.argv, files, integrate, {{"XDG_DATA_DIRS", "/usr/local/share:/usr/share"}, {"ZDOTDIR", "/nowhere/.."}});
    std::string typed;
    for (const Strings* lines : {&common, &bourne})
      if (lines == &common || shell.which != Fish)
        for (std::string line : *lines) {
          if (const auto at = line.find("$STATUS"); at != std::string::npos) line.replace(at, 7, shell.which == Fish ? "$status" : "$?");
          typed += line + "\n";
        }
    if (shell.which != Dash) typed += shell.which == Zsh ? "fc -ln 1 >> out\n" : "history >> out\n";
    session.keys(typed + " exit 7\n");
    EXPECT_TRUE(session.exit()) << session.shown();
    EXPECT_EQ(session.exited, 7);
    std::string out = os::read_file(session.home / "out", 1 << 20).value_or("nothing");
    for (std::size_t at; (at = out.find(session.home.path().string())) != std::string::npos;)
      out.replace(at, session.home.path().string().size(), "HOME");
    return out;
  };
  const std::string with = run(true), without = run(false);
  EXPECT_NE(with.find("code=3\ncode=1\n"), std::string::npos) << with;
  EXPECT_EQ(with, without);  // PS1 aside, which a user may export: it has a reference to the nonce, not the nonce
  EXPECT_EQ(with.find(ShellSession::nonce), std::string::npos);
}

TEST_P(Shells, AnEndedShellClosesItsCommand) {
  const Shell& shell = GetParam();
  const std::string self = shell.which == Fish ? "$fish_pid" : "$$";
  for (const auto& [line, code] : std::vector<std::pair<std::string, int>>{
           {"exit 3", 3}, {"exec sh -c 'exit 4'", 4}, {"kill -9 " + self, 137}}) {
    ShellSession session(shell.argv, shell.files);
    ASSERT_TRUE(session.prompt());
    session.keys(line + "\n");
    ASSERT_TRUE(session.exit()) << session.shown();
    const std::string text = shell.which == Dash || shell.which == Ash ? "" : line;  // those tell it at the end
    EXPECT_EQ(session.rows, Strings{text + "|" + std::to_string(code)});
  }
}

// As starship does: a program is told how the last command ended, and prints two lines with colours and a right side.
TEST_P(Shells, APromptThatAProgramPrints) {
  const Shell& shell = GetParam();
  if (shell.which == Dash || shell.which == Ash) GTEST_SKIP() << "these run nothing before a prompt";
  ShellSession session(shell.argv, {
      {"p", "[ $1 = right ] && printf '\\033[33mright' || printf '\\033[1;36mon main\\033[s\\033[150Gright\\033[u\\n[%s]>\\033[0m ' $1\n"},
      {".bashrc", "after() { local code=$?; PS1=\"$(sh ~/p $code)\"; return $code; }; trap 'began=$SECONDS' DEBUG; PROMPT_COMMAND=after\n"},
      {".inputrc", "set enable-bracketed-paste off\nset bell-style none\n"},
      {".zshrc", "setopt promptsubst; after() { code=$? }; before() { began=$SECONDS }; precmd_functions+=(after); preexec_functions+=(before)\n"
                 "PROMPT='$(sh ~/p $code)'; RPROMPT='$(sh ~/p right)'\n"},
      {".config/fish/config.fish", "set -U fish_greeting; function fish_prompt; sh ~/p $status; end; function fish_right_prompt; sh ~/p right; end\n"}});
  ASSERT_TRUE(session.prompt()) << session.shown();
  for (int code : {0, 3, 0, 127}) {
    const std::string line = "sh -c 'exit " + std::to_string(code) + "'";
    const std::size_t shown = session.bytes.size();
    session.run(line);
    EXPECT_EQ(session.rows.back(), line + "|" + std::to_string(code));
    EXPECT_NE(session.bytes.find("right", shown), std::string::npos) << session.shown(shown);
  }
  EXPECT_TRUE(session.output("[127]>")) << "it is told how the command ended: " << session.shown();
}

TEST_P(Shells, ManyCommandsAreAllRowsInOrder) {
  const Shell& shell = GetParam();
  if (shell.which == Dash || shell.which == Ash) GTEST_SKIP() << "these cannot tell all lines that were typed ahead";
  constexpr std::size_t count = 300;
  ShellSession session(shell.argv, shell.files);
  ASSERT_TRUE(session.prompt());
  for (std::size_t i = 0; i < count; ++i) session.keys("test " + std::to_string(i) + " = " + std::to_string(i / 7 * 7) + "\n");
  ASSERT_TRUE(session.finished(count)) << session.rows.size() << session.shown();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text = "test " + std::to_string(i) + " = " + std::to_string(i / 7 * 7);
    EXPECT_EQ(session.rows[i], shell.tells(text + (i % 7 == 0 ? "|0" : "|1")));
  }
}

TEST_P(Shells, ALoginShellIsIntegratedToo) {
  const Shell& shell = GetParam();
  Strings argv = shell.argv;
  argv.push_back("-l");
  auto files = shell.files;
  files.emplace_back(".profile", "FROM=profile\nENV=$HOME/.shrc\n");
  files.emplace_back(".bash_profile", "FROM=profile\nPS1='$ '\n");
  files.emplace_back(".zprofile", "FROM=profile\n");
  files.emplace_back(".shrc", "FROM=$FROM-shrc\n");
  ShellSession session(argv, files);
  ASSERT_TRUE(session.prompt()) << session.shown();
  const std::string nothing = session.run("true");
  if (shell.which != Fish) EXPECT_EQ(nothing, "");  // fish sets modes of the terminal
  const std::string from = session.run("echo \"<$FROM>\"");
  if (shell.which == Bash || shell.which == Zsh) EXPECT_NE(from.find("<profile>"), std::string::npos) << from;
  if (shell.which == Dash || shell.which == Ash) EXPECT_NE(from.find("<profile-shrc>"), std::string::npos) << from;
}

TEST(Zsh, LivesWithTheUsersHooksAndFiles) {
  ShellSession session({"zsh"}, {{"z/.zshenv", "FROM=env\n"},
                                 {"z/.zshrc", "PS1='$ '\nprecmd_functions=(mine)\nmine() { seen=$? }\npreexec() { typed=$1 }\n"
                                              "setopt allexport promptsubst\n"},
                                 {".zshenv", "ZDOTDIR=$HOME/z\n. $ZDOTDIR/.zshenv\n"}});
  ASSERT_TRUE(session.prompt()) << session.shown();
  session.run("sh -c 'exit 9'");
  EXPECT_EQ(session.run("print $seen $FROM $ZDOTDIR $typed"), "9 env " + (session.home / "z").string() + " print $seen $FROM $ZDOTDIR $typed\n");
  EXPECT_EQ(session.run("env | grep -c 'n0n[c]e'").substr(0, 2), "0\n");
}

TEST(Posix, ABashNamedShIsABash) {
  os::ScratchDir bin;
  std::filesystem::create_symlink("/usr/bin/bash", bin / "sh");
  ShellSession shell({(bin / "sh").string()});
  ASSERT_TRUE(shell.prompt()) << shell.shown();
  shell.run("echo 'a\nb'");
  EXPECT_EQ(shell.rows, Strings{"echo 'a\nb'|0"});
}

TEST(Bash, APasswordIsNowhere) {
  ShellSession session({"bash"}, shells[0].files);
  ASSERT_TRUE(session.prompt());
  session.keys("read -rsp ask: x; echo\n");
  ASSERT_TRUE(session.output("\x1b\\ask:"));
  session.keys("s3cret-word\n");
  ASSERT_TRUE(session.finished(1));
  session.run("history");
  EXPECT_EQ(session.bytes.find("s3cret"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Real, Shells, testing::ValuesIn(shells), [](const auto& info) { return info.param.argv.back(); });

}  // namespace
}  // namespace berth::guest
