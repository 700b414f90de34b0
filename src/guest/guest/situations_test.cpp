// What happens at a prompt of real shells, once for each of them. A situation is a line of the table; its rows are the same
// in every shell but where it says otherwise.

#include "guest/shell_session.hpp"

namespace berth::guest {
namespace {

// Steps: keys are sent as they are, but for
const std::string Prompt = "\x1F" "prompt";    // waits for the next prompt
const std::string Started = "\x1F" "started";  // waits until the command of the situation runs
const std::string Now = "\x1F" "now";          // no new prompt comes
const std::string Interrupt = "\x1F" "int";    // ctrl-C at a prompt, which gives a new one
const std::string Resize = "\x1F" "resize";
std::string Output(const std::string& text) { return "\x1F" "o" + text; }  // waits for this output

struct Situation {
  const char* name;
  unsigned where;
  Strings steps;
  Strings rows;  // "text|code"
};

const std::vector<Situation> situations{
    {"a builtin", All, {"true\n"}, {"true|0"}},
    {"a failure", All, {"false\n"}, {"false|1"}},
    {"a program that is not there", Full, {"no-such-program-7\n"}, {"no-such-program-7|127"}},
    {"an exit code", All, {"sh -c 'exit 42'\n"}, {"sh -c 'exit 42'|42"}},
    {"a killed program", All, {"sh -c 'kill -9 $$'\n"}, {"sh -c 'kill -9 $$'|137"}},
    {"an empty line", All, {"\n"}, {}},
    {"several empty lines", All, {"\n", Prompt, "\n", Prompt, "\n"}, {}},
    {"blanks", Full, {"   \n"}, {}},
    {"a comment", Bourne, {"# nothing\n"}, {}},
    {"a leading blank", All, {" echo x\n"}, {" echo x|0"}},
    {"quotes", All, {"echo 'a b' \"c  d\" e\\ f\n"}, {"echo 'a b' \"c  d\" e\\ f|0"}},
    {"semicolons", All, {"echo a; echo b;\n"}, {"echo a; echo b;|0"}},
    {"backslashes", All, {"echo 'a\\b\\x3b\\\\'\n"}, {"echo 'a\\b\\x3b\\\\'|0"}},
    {"percent and dollar signs", All, {"echo '%s %d $HOME `date` !'\n"}, {"echo '%s %d $HOME `date` !'|0"}},
    {"UTF-8", Full, {"echo naïve — 日本 😀\n"}, {"echo naïve — 日本 😀|0"}},
    {"a pipe", All, {"echo b a | tr ' ' x | cat\n"}, {"echo b a | tr ' ' x | cat|0"}},
    {"a failing end of a pipe", All, {"echo x | grep -q y\n"}, {"echo x | grep -q y|1"}},
    {"and, or", All, {"false || true && sh -c 'exit 3'\n"}, {"false || true && sh -c 'exit 3'|3"}},
    {"a redirection", All, {"echo x > out; cat < out\n"}, {"echo x > out; cat < out|0"}},
    {"output without a newline", All, {"printf abc\n"}, {"printf abc|0"}},
    {"output to stderr", All, {"ls /no-such-file-7 2>/dev/null; true\n"}, {"ls /no-such-file-7 2>/dev/null; true|0"}},
    {"a subshell", Bourne, {"(cd /; exit 5)\n"}, {"(cd /; exit 5)|5"}},
    {"a shell inside", All, {"sh -c 'sh -c \"exit 6\"'\n"}, {"sh -c 'sh -c \"exit 6\"'|6"}},
    {"a shell for a person inside", Full, {"dash\n", Output("$ "), "echo in\n", Output("in\r\n"), "exit 8\n"}, {"dash|8"}},
    {"a function", Bourne, {"f() { return 9; }\n", Prompt, "f\n"}, {"f() { return 9; }|0", "f|9"}},
    {"a function of fish", Fish, {"function f; return 9; end\n", Prompt, "f\n"}, {"function f; return 9; end|0", "f|9"}},
    {"a loop on several lines", Bourne, {"for i in 1 2\ndo\n  echo $i\ndone\n"}, {"for i in 1 2\ndo\n  echo $i\ndone|0"}},
    {"a line that goes on", Bash, {"echo a\\\nb\n"}, {"echo ab|0"}},  // as bash keeps it
    {"a line that goes on in zsh", Zsh, {"echo a\\\nb\n"}, {"echo a\\\nb|0"}},
    {"an open quote", Bourne, {"echo 'a\nb'\n"}, {"echo 'a\nb'|0"}},
    {"a here-document", Bourne, {"cat <<E\n  x y\nE\n"}, {"cat <<E\n  x y\nE|0"}},
    {"a block of fish", Fish, {"if true\necho x\nend\n"}, {"if true\necho x\nend|0"}},
    {"a syntax error", Bourne, {")\n"}, {}},
    {"ctrl-C at an empty prompt", NotFish, {Interrupt}, {}},
    {"ctrl-C in a line", NotFish, {"echo abc", Output("abc"), Interrupt}, {}},
    {"ctrl-C at an empty prompt of fish", Fish, {"\x03", Now}, {}},
    {"ctrl-C in a line of fish", Fish, {"echo abc\x03", Now}, {}},
    {"ctrl-C in a program", All, {"sh -c 'echo up; exec sleep 99'\n", Output("up\r\n"), "\x03"}, {"sh -c 'echo up; exec sleep 99'|130"}},
    {"ctrl-C in a loop", Bourne, {"while :; do sh -c 'echo up; exec sleep 99'; done\n", Output("up\r\n"), "\x03"},
     {"while :; do sh -c 'echo up; exec sleep 99'; done|130"}},
    {"ctrl-\\ in a program", Bourne, {"sh -c 'echo up; exec sleep 99' 2>&1\n", Output("up\r\n"), "\x1c"}, {"sh -c 'echo up; exec sleep 99' 2>&1|131"}},
    {"ctrl-Z and kill", Bash, {"sh -c 'echo up; exec sleep 98'\n", Output("up\r\n"), "\x1a", Prompt, "kill -9 %1\n"},
     {"sh -c 'echo up; exec sleep 98'|148", "kill -9 %1|0"}},
    {"ctrl-Z and fg of fish", Fish, {"sh -c 'echo up; read x'\n", Output("up\r\n"), "\x1a", Prompt, "fg\n", Started, "\n"},
     {"sh -c 'echo up; read x'|-", "fg|0"}},
    {"ctrl-Z twice in fish", Fish, {"bash -c 'trap \"echo on\" CONT; echo up; read x'\n", Output("up\r\n"), "\x1a", Prompt, "fg\n", Output("on\r\n"), "\x1a", Prompt,
      "true\n", Prompt, "fg\n", Output("on\r\n"), "\n"},
     {"bash -c 'trap \"echo on\" CONT; echo up; read x'|-", "fg|0", "true|0", "fg|0"}},
    {"ctrl-Z and fg", Bourne, {"sh -c 'echo up; read x'\n", Output("up\r\n"), "\x1a", Prompt, "fg\n", Started, "\n"},
     {"sh -c 'echo up; read x'|148", "fg|0"}},
    {"a job in the background", All, {"true; sleep 0 &\n", Prompt, "wait\n"}, {"true; sleep 0 &|0", "wait|0"}},
    {"input for a program", All, {"sh -c 'echo up; read x; echo got $x'\n", Output("up\r\n"), "hi\n"},
     {"sh -c 'echo up; read x; echo got $x'|0"}},
    {"end of input for a program", All, {"echo up; cat\n", Output("up\r\n"), "x\n\x04"}, {"echo up; cat|0"}},
    {"a password", All, {"sh -c 'stty -echo; printf ask:; read x; stty echo'\n", Output("ask:"), "s3cret-word\n", Prompt},
     {"sh -c 'stty -echo; printf ask:; read x; stty echo'|0"}},
    {"the line before, by arrow", Full, {"sh -c 'exit 4'\n", Prompt, "\x1b[A\n"}, {"sh -c 'exit 4'|4", "sh -c 'exit 4'|4"}},
    {"a line that was mended", All, {"echo abd\x7f" "c\n"}, {"echo abc|0"}},
    {"a line that was cleared", Full, {"garbage\x15true\n"}, {"true|0"}},
    {"the cursor moved", Full, {"ue\x01tr\n"}, {"true|0"}},
    {"history search", Bash, {"echo needle\n", Prompt, "true\n", Prompt, "\x12needle\r"}, {"echo needle|0", "true|0", "echo needle|0"}},
    {"history search of zsh", Zsh, {"echo needle\n", Prompt, "true\n", Prompt, "\x12needle\r"}, {"echo needle|0", "true|0", "echo needle|0"}},
    {"history search of fish", Fish, {"echo needle\n", Prompt, "true\n", Prompt, "\x12", Output("search"), "needle", Output("echo needle"), "\r\r"}, {"echo needle|0", "true|0", "echo needle|0"}},
    {"history expansion", Bourne, {"echo one\n", Prompt, "!!\n"}, {"echo one|0", "echo one|0"}},
    {"a completion of zsh", Zsh, {"mkdir -p some-folder\n", Prompt, "ls some-fo\t\n"}, {"mkdir -p some-folder|0", "ls some-folder|0"}},
    {"a completion", Bash | Fish, {"mkdir -p some-folder\n", Prompt, "ls some-fo\t\n"}, {"mkdir -p some-folder|0", "ls some-folder/|0"}},
    {"a list of completions", Bash, {"mkdir -p menu-one menu-two\n", Prompt, "ls menu-\t\t", Output("menu-two/"), "t\t\n"}, {"mkdir -p menu-one menu-two|0", "ls menu-two/|0"}},
    {"a menu of completions", Bash, {"bind '\"\\C-xm\": menu-complete'\n", Prompt, "ls menu-\x18m", Output("menu-one/"), "\x18m\n"},
     {"bind '\"\\C-xm\": menu-complete'|0", "ls menu-two/|0"}},
    {"a menu of zsh", Zsh, {"zmodload zsh/complist && bindkey '^Xm' menu-select\n", Prompt, "mkdir -p menu-one menu-two\n", Prompt, "ls menu-\x18m", Output("menu-two"), "\x1b[C\r\n"},
     {"zmodload zsh/complist && bindkey '^Xm' menu-select|0", "mkdir -p menu-one menu-two|0", "ls menu-two|0"}},
    {"the pager of fish", Fish, {"mkdir -p menu-one menu-two\n", Prompt, "ls menu-\t", Output("two/"), "\t\t\r\r"}, {"mkdir -p menu-one menu-two|0", "ls menu-two/|0"}},
    {"vi mode of zsh", Zsh, {"bindkey -v\n", Prompt, "echo ab\x1b" "xac\n", Prompt, "bindkey -e\n"}, {"bindkey -v|0", "echo ac|0", "bindkey -e|0"}},
    {"vi mode of fish", Fish, {"fish_vi_key_bindings\n", Prompt, "echo ab\x1b", Output("[N]"), "xac\n", Prompt, "fish_default_key_bindings\n"},
     {"fish_vi_key_bindings|0", "echo ac|0", "fish_default_key_bindings|0"}},
    {"vi mode", Bash, {"set -o vi\n", Prompt, "echo ab\x1b" "xac\n", Prompt, "set -o emacs\n"}, {"set -o vi|0", "echo ac|0", "set -o emacs|0"}},
    {"10,000 characters", Full, {"true " + std::string(10'000, 'x') + "\n"}, {"true " + std::string(10'000, 'x') + "|0"}},
    {"forged markers", All, {"printf '\\033]133;D;7\\007\\033]133;A\\007\\033]133;C\\007\\033]633;E;rm;x\\007'; true\n"},
     {"printf '\\033]133;D;7\\007\\033]133;A\\007\\033]133;C\\007\\033]633;E;rm;x\\007'; true|0"}},
    {"clear", All, {"printf '\\033[H\\033[2J'\n"}, {"printf '\\033[H\\033[2J'|0"}},
    {"reset", All, {"printf '\\033c'\n"}, {"printf '\\033c'|0"}},
    {"a full-screen program", All, {"printf '\\033[?1049hx\\033[?1049l'\n"}, {"printf '\\033[?1049hx\\033[?1049l'|0"}},
    {"one killed in full screen", All, {"sh -c 'printf \"\\033[?1049h\"; kill -9 $$'\n", Prompt, "printf '\\033[?1049l'\n"},
     {"sh -c 'printf \"\\033[?1049h\"; kill -9 $$'|137", "printf '\\033[?1049l'|0"}},
    {"a resize while typing", All, {"echo ", Resize, "sized\n"}, {"echo sized|0"}},
    {"a resize while it runs", All, {"sh -c 'echo up; read x'\n", Output("up\r\n"), Resize, "\n"}, {"sh -c 'echo up; read x'|0"}},
    {"a directory", All, {"cd /tmp\n", Prompt, "cd\n"}, {"cd /tmp|0", "cd|0"}},
    {"a directory with odd names", Full, {"mkdir 'a;b\\c' && cd 'a;b\\c'\n", Prompt, "cd ..\n"}, {"mkdir 'a;b\\c' && cd 'a;b\\c'|0", "cd ..|0"}},
    {"a variable", All, {"export A=1 B=2\n"}, {"export A=1 B=2|0"}},
    {"an alias", All, {"alias hi='echo hi'\n", Prompt, "hi\n"}, {"alias hi='echo hi'|0", "hi|0"}},
    {"a prompt of two lines", Bourne, {"PS1='top\n> '\n", Prompt, "true\n"}, {"PS1='top\n> '|0", "true|0"}},
    {"a right prompt", Zsh, {"RPS1=right\n", Prompt, "true\n"}, {"RPS1=right|0", "true|0"}},
    {"standard error elsewhere", All, {"sh -c 'echo lost >&2' 2>/dev/null\n"}, {"sh -c 'echo lost >&2' 2>/dev/null|0"}},
    {"a pattern of files", All, {"echo /et*/passwd\n"}, {"echo /et*/passwd|0"}},
    {"a failing begin of a pipe", All, {"false | true\n"}, {"false | true|0"}},
    {"much output", All, {"seq 1 3000\n"}, {"seq 1 3000|0"}},
    {"an environment for one program", All, {"env A=7 sh -c 'exit $A'\n"}, {"env A=7 sh -c 'exit $A'|7"}},
    {"ended by SIGTERM", All, {"sh -c 'kill -TERM $$'\n"}, {"sh -c 'kill -TERM $$'|143"}},
    {"the highest exit code", All, {"sh -c 'exit 255'\n"}, {"sh -c 'exit 255'|255"}},
    {"colours", All, {"printf '\\033[31mred\\033[0m\\n'\n"}, {"printf '\\033[31mred\\033[0m\\n'|0"}},
    {"an unterminated sequence", Full, {"printf '\\033]133;C'\n"}, {"printf '\\033]133;C'|0"}},
    {"a title", All, {"printf '\\033]0;title\\007'\n"}, {"printf '\\033]0;title\\007'|0"}},
    {"a condition", All, {"test 1 = 2\n"}, {"test 1 = 2|1"}},
    {"home and end", Full, {"ru\x01t\x05" "e\n"}, {"true|0"}},
    {"a word deleted", Bourne, {"true garbage\x17\n"}, {"true |0"}},
    {"a tab in a line", Bash, {"echo 'a\x16\tb'\n"}, {"echo 'a\tb'|0"}},
    {"lines typed ahead", Full, {"sleep 0.05\ntrue\nfalse\n"}, {"sleep 0.05|0", "true|0", "false|1"}},
};

class Situations : public testing::TestWithParam<Shell> {
 protected:
  static bool take(ShellSession& shell, const std::string& step) {
    if (step == Prompt) return shell.prompt();
    if (step == Now) return true;
    if (step == Interrupt) return shell.interrupt();
    if (step == Started) return shell.started();
    if (step == Resize) return shell.resize(90 + static_cast<std::uint32_t>(shell.rows.size() % 7), 30), true;
    if (step.starts_with("\x1Fo")) return shell.output(step.substr(2));
    return shell.keys(step), true;
  }
};

TEST_P(Situations, EverySituationGivesItsRows) {
  const Shell& shell = GetParam();
  ShellSession session(shell.argv, shell.files);
  ASSERT_TRUE(session.prompt()) << session.shown();
  int count = 0;
  for (const Situation& situation : situations) {
    if ((situation.where & shell.which) == 0) continue;
    SCOPED_TRACE(std::string(situation.name) + " in " + shell.argv.back());
    const std::size_t before = session.rows.size(), begin = session.bytes.size();
    const int code = 50 + count++ % 50;  // of the command that ends each situation
    bool well = true;
    for (const std::string& step : situation.steps) well = well && take(session, step);
    if (situation.steps.back() != Prompt && situation.steps.back() != Now && situation.steps.back() != Interrupt) well = well && session.settled(before + situation.rows.size());
    session.keys("sh -c 'exit " + std::to_string(code) + "'\n");
    well = session.row_ending("|" + std::to_string(code)) && session.settled(session.rows.size()) && well;
    ASSERT_TRUE(well) << session.shown(begin);
    Strings wanted;
    for (const std::string& row : situation.rows) wanted.push_back(shell.tells(row));
    EXPECT_EQ(Strings(session.rows.begin() + static_cast<std::ptrdiff_t>(before), session.rows.end() - 1), wanted)
        << session.shown(begin);
    session.next_situation();
  }
  std::cout << count << " situations\n";
}

INSTANTIATE_TEST_SUITE_P(Real, Situations, testing::ValuesIn(shells), [](const auto& info) { return info.param.argv.back(); });

}  // namespace
}  // namespace berth::guest
