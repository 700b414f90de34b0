#pragma once
// For tests: a real shell on a real terminal, seen through the command monitor, and the shells that there are.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guest/init_client.hpp"
#include "os/scratch_dir.hpp"
#include "vt/monitor.hpp"

namespace berth::guest {

// Every wait is for an event (a prompt, a row, some output) and has a deadline.
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

  // dash knows no text of its commands.
  [[nodiscard]] std::string tells(const std::string& row) const { return which == Dash ? row.substr(row.rfind('|')) : row; }
};

inline const std::vector<Shell> shells{
    {Bash, {"bash"}, {{".bashrc", "PS1='$ '\n"}, {".inputrc", "set enable-bracketed-paste off\nset bell-style none\n"}}},
    {Zsh, {"zsh"}, {{".zshrc", "PS1='$ '\nsetopt interactivecomments histignorespace\nKEYTIMEOUT=1\n"}}},
    {Fish, {"fish"}, {{".config/fish/config.fish", "set -U fish_greeting\nfunction fish_prompt; echo -n '$ '; end\n"}}},
    {Dash, {"dash"}, {}},
    {Ash, {"busybox", "ash"}, {}},
};

inline void PrintTo(const Shell& shell, std::ostream* out) { *out << shell.argv.back(); }

}  // namespace berth::guest
