// Real shells on a real terminal: what happens at a prompt, once for each shell. A situation is a line of the table; its
// rows are the same in every shell but where it says otherwise.

#include <gtest/gtest.h>

#include "guest/init_client.hpp"
#include "os/scratch_dir.hpp"
#include "vt/monitor.hpp"

namespace berth::guest {
namespace {

// A shell seen through the command monitor. Every wait is for an event (a prompt, a row, some output) and has a deadline.
class ShellSession {
 public:
  static constexpr const char* nonce = "n0nce-1";
  std::chrono::milliseconds patience{20'000};
  using Files = std::vector<std::pair<std::string, std::string>>;  // name in the home → content
  using Argv = std::vector<std::string>;

  explicit ShellSession(const Argv& argv, const Files& files = {}, bool integrate = true,
                        const Files& environment = {}) {
    for (const auto& [name, content] : files) {
      EXPECT_TRUE(os::make_private_directory((home / name).parent_path()));
      EXPECT_TRUE(os::durable_write(home / name, content));
    }
    auto request = start_request(1, argv, true);
    auto& start = *request.mutable_start();
    start.set_cwd(home.path());
    start.mutable_size()->set_cols(200);
    start.mutable_size()->set_rows(50);
    auto all = environment;
    all.emplace_back("HOME", home.path());
    all.emplace_back("PS1", "$ ");
    for (const auto& [name, value] : all) {
      auto* variable = start.add_env();
      variable->set_name(name);
      variable->set_value(value);
    }
    start.mutable_shell()->set_enabled(integrate);
    start.mutable_shell()->set_nonce(nonce);
    init_.send(request);
    init_.send(window_request(1, 1u << 30));
  }

  void keys(const std::string& text) {
    init_.send(input_request(1, typed_, text));
    typed_ += text.size();
  }
  void resize(std::uint32_t cols, std::uint32_t lines) {
    wire::ToInit message;
    message.mutable_resize()->set_stream(1);
    message.mutable_resize()->mutable_size()->set_cols(cols);
    message.mutable_resize()->mutable_size()->set_rows(lines);
    init_.send(message);
  }

  // Each waits until what it names came by since the last wait of its kind; false at the deadline or the shell's end.
  bool prompt() {
    return wait([this] { return prompts_ > prompts_seen_; }) && (prompts_seen_ = prompts_, true);
  }
  // readline notices a SIGINT that comes just before its read(2) only with the next key: then once more.
  bool interrupt() {
    const auto before = std::exchange(patience, std::chrono::milliseconds{1'000});
    bool well = false;
    for (int i = 0; i < 10 && !well; ++i) {
      keys("\x03");
      well = prompt();
    }
    patience = before;
    return well;
  }
  bool started() {  // a command runs
    return wait([this] { return started_ > rows.size(); });
  }
  bool finished(std::size_t count) {
    return wait([&] { return rows.size() >= count; });
  }
  bool row_ending(const std::string& end) {
    return wait([&] { return !rows.empty() && rows.back().ends_with(end); });
  }
  // `count` rows, and a prompt after the last of them; without new ones a new prompt.
  bool settled(std::size_t count) {
    const bool well = wait([&] {
      return rows.size() >= count && prompts_ > (rows.size() > rows_seen_ ? prompts_at_row_ : prompts_seen_);
    });
    return well && (prompts_seen_ = prompts_, true);
  }
  void next_situation() {
    prompts_seen_ = prompts_;
    rows_seen_ = rows.size();
    from_ = bytes.size();
  }
  bool output(const std::string& text) {
    return wait([&] { return bytes.find(text, from_) != std::string::npos; }) && (from_ = bytes.find(text, from_) + text.size(), true);
  }
  bool exit() {
    return wait([this] { return exited.has_value(); });
  }
  // Types a line and waits for its row and the prompt after it.
  std::string run(const std::string& line) {
    const std::size_t before = rows.size();
    keys(line + "\n");
    if (!finished(before + 1) || !prompt()) ADD_FAILURE() << "no row for " << line << " in:\n" << shown();
    return rows.size() > before ? outputs.back() : "";
  }

  [[nodiscard]] std::string shown(std::size_t from = 0) const {  // what came since, readable
    std::string out;
    for (char c : bytes.substr(from)) {
      if (c == '\x1b') out += "␛";
      else out += c;
    }
    return out;
  }

  const os::ScratchDir home;
  std::string bytes;
  std::vector<std::string> rows;     // "text|code" of finished commands, code "-" when none was told
  std::vector<std::string> outputs;  // their output, without markers
  std::vector<std::string> cwds;
  std::optional<int> exited;

 private:
  template <class Condition>
  bool wait(Condition condition) {
    while (!condition()) {
      if (exited) return false;
      auto frame = init_.next(patience);
      if (!frame) return false;
      if (frame->has_output()) take(frame->output().data());
      if (frame->has_exit()) {
        exited = frame->exit().signal() != 0 ? 128 + frame->exit().signal() : frame->exit().code();
        monitor_.finish(monitor_.position(), exited, [this](const vt::CommandEvent& event) { on_event(event); });
      }
    }
    return true;
  }

  void take(const std::string& data) {
    bytes += data;
    monitor_.feed(
        data, [this](const vt::CommandEvent& event) { on_event(event); },
        [this](const vt::Marker& marker, bool trusted) {
          using Kind = vt::Marker::Kind;
          if (!trusted) return;
          const bool input = marker.kind == Kind::InputStart || marker.kind == Kind::LineStart;
          if (marker.kind == Kind::PromptStart) at_prompt_ = true;
          if (at_prompt_ && (input || (marker.kind == Kind::PromptStart && !tells_input_))) {
            ++prompts_;  // once, however often it is drawn again
            at_prompt_ = false;
          }
          tells_input_ = tells_input_ || input;
        });
  }

  void on_event(const vt::CommandEvent& event) {
    if (event.kind == vt::CommandEvent::Kind::Started) {
      ++started_;
      return;
    }
    prompts_at_row_ = prompts_;
    rows.push_back(event.text + "|" + (event.exit_code ? std::to_string(*event.exit_code) : "-"));
    outputs.push_back(plain(bytes.substr(event.output_begin.value, event.output_end - event.output_begin)));
    cwds.push_back(event.cwd);
  }

  static std::string plain(const std::string& raw) {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw.compare(i, 2, "\x1b]") == 0) {
        const std::size_t st = raw.find("\x1b\\", i), bel = raw.find('\x07', i);
        i = std::min(st == std::string::npos ? raw.size() : st + 1, bel);
      }
      else if (raw[i] != '\r') out += raw[i];
    }
    return out;
  }

  InitClient init_{InitClient::Over::Socket};
  vt::Monitor monitor_{nonce};
  std::uint64_t typed_ = 0;
  std::size_t prompts_ = 0, prompts_seen_ = 0, prompts_at_row_ = 0, rows_seen_ = 0, started_ = 0, from_ = 0;
  bool tells_input_ = false, at_prompt_ = false;
};

using Strings = std::vector<std::string>;
enum Which : unsigned { Bash = 1, Zsh = 2, Fish = 4, Dash = 8, Ash = 16, Bourne = Bash | Zsh, Full = Bash | Zsh | Fish, All = 31, NotFish = All & ~4u };

struct Shell {
  Which which;
  Strings argv;
  ShellSession::Files files;
};

const std::vector<Shell> shells{
    {Bash, {"bash"}, {{".bashrc", "PS1='$ '\n"}, {".inputrc", "set enable-bracketed-paste off\nset bell-style none\n"}}},
    {Zsh, {"zsh"}, {{".zshrc", "PS1='$ '\nsetopt interactivecomments histignorespace\nKEYTIMEOUT=1\n"}}},
    {Fish, {"fish"}, {{".config/fish/config.fish", "set -U fish_greeting\nfunction fish_prompt; echo -n '$ '; end\n"}}},
    {Dash, {"dash"}, {}},
    {Ash, {"busybox", "ash"}, {}},
};

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
    {"history expansion", Bourne, {"echo one\n", Prompt, "!!\n"}, {"echo one|0", "echo one|0"}},
    {"a completion of zsh", Zsh, {"mkdir -p some-folder\n", Prompt, "ls some-fo\t\n"}, {"mkdir -p some-folder|0", "ls some-folder|0"}},
    {"a completion", Bash | Fish, {"mkdir -p some-folder\n", Prompt, "ls some-fo\t\n"}, {"mkdir -p some-folder|0", "ls some-folder/|0"}},
    {"vi mode", Bash, {"set -o vi\n", Prompt, "echo ab\x1b" "xac\n", Prompt, "set -o emacs\n"}, {"set -o vi|0", "echo ac|0", "set -o emacs|0"}},
    {"10,000 characters", Full, {"true " + std::string(10'000, 'x') + "\n"}, {"true " + std::string(10'000, 'x') + "|0"}},
    {"binary output", All, {"head -c 20000 /dev/urandom | tr -d '\\033\\007'\n"}, {"head -c 20000 /dev/urandom | tr -d '\\033\\007'|0"}},
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

class Shells : public testing::TestWithParam<Shell> {
 protected:
  static std::string expected(const std::string& row, Which which) {
    return which == Dash ? row.substr(row.rfind('|')) : row;
  }
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

TEST_P(Shells, EverySituationGivesItsRows) {
  const Shell& shell = GetParam();
  ShellSession session(shell.argv, shell.files);
  session.patience = std::chrono::milliseconds{3'000};
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
    for (const std::string& row : situation.rows) wanted.push_back(expected(row, shell.which));
    EXPECT_EQ(Strings(session.rows.begin() + static_cast<std::ptrdiff_t>(before), session.rows.end() - 1), wanted)
        << session.shown(begin);
    session.next_situation();
  }
  std::cout << count << " situations\n";
}

void PrintTo(const Shell& shell, std::ostream* out) { *out << shell.argv.back(); }

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
    EXPECT_EQ(session.rows[i], expected(text + (i % 7 == 0 ? "|0" : "|1"), shell.which));
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
