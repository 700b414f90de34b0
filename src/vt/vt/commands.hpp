#pragma once
// Which commands ran: a state machine over markers (marker.hpp). It never guesses from prompts or text. States and what
// each marker does in them are one table, printed by transition_table().
//
// Shells inside of shells: a marker's `aid` says which shell speaks. An unknown one while a command runs is a shell that
// runs inside of that command; what an outer shell says closes the inner ones. A shell without `aid` inside of another
// without looks like a lost end of the outer command, and is taken as that.
//
// Memory: a text and a directory per nested shell, each bounded by MarkerParser::max_payload_bytes; `max_depth` shells.
//
// Example (const vt::Marker& marker):
//   vt::Commands commands;
//   commands.apply(marker, [](const vt::CommandEvent& event) { std::string_view typed = event.text; });

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vt/marker.hpp"

namespace berth::vt {

struct CommandEvent {
  enum class Kind { Started, Finished };
  Kind kind;
  std::string text;                       // as typed; empty when the shell told none (some tell it at the end only)
  std::string cwd;                        // when it started; empty when the shell told none
  ByteOffset output_begin;                // after the marker that opened it
  ByteOffset output_end;                  // Finished: before the marker that closed it
  std::optional<std::int64_t> exit_code;  // Finished: absent when none was told
  ByteOffset resume_at;                   // Finished at depth 0: a new Monitor may start here
  std::size_t depth = 0;                  // 0: of the outermost shell; others ran inside of one of those
  bool trusted = true;                    // its markers had the nonce, or none was asked for
  bool full_screen = false;               // the alternate screen was active while it ran
};

class Commands {
 public:
  static constexpr std::size_t max_depth = 16;
  enum class State : std::uint8_t { Idle, Prompt, Input, Line, Running };
  enum class Step : std::uint8_t {
    Ignore, ToPrompt, ToInput, ToLine, Open, Close, CloseToPrompt, CloseToInput, CloseToLine, Remember, LateText, OpenClose, ToIdle
  };
  using Sink = std::function<void(const CommandEvent&)>;

  explicit Commands(std::string cwd = {}, bool trusted = true) : cwd_(std::move(cwd)), trusted_(trusted) {}

  void apply(const Marker& marker, const Sink& sink);
  // The next command's text, told by somebody who is trusted although the other markers are not.
  void vouch(const Marker& command_line);
  void forget_text();
  void set_cwd(std::string cwd) { cwd_ = std::move(cwd); }
  void mark_full_screen();  // every command that runs now
  // The outermost shell ended with `code`: what is open ends at `end`, inner ones first and without a code.
  void finish(ByteOffset end, std::optional<std::int64_t> code, const Sink& sink);

  [[nodiscard]] State state() const { return levels_.back().state; }
  [[nodiscard]] const std::string& cwd() const { return cwd_; }
  [[nodiscard]] std::vector<CommandEvent> open() const;  // Started events, outermost first

  [[nodiscard]] static Step step_for(State state, Marker::Kind kind);

 private:
  struct Level {
    std::string aid;
    State state = State::Idle;
    std::string pending_text;
    bool vouched = false;     // the pending text is trusted
    ByteOffset line_begin{};  // Line: after the marker
    CommandEvent command{};   // Running
  };

  bool enter_level(const Marker& marker, const Sink& sink);
  void leave_levels(std::size_t keep, ByteOffset at, const Sink& sink);
  void take_step(Step step, const Marker& marker, const Sink& sink);
  void begin(ByteOffset output, const Sink& sink);
  void end(ByteOffset output_end, ByteOffset resume_at, std::optional<std::int64_t> code, const Sink& sink);

  std::vector<Level> levels_{1};  // innermost last; never empty
  std::string cwd_;
  bool trusted_;
};

[[nodiscard]] std::string transition_table();  // Markdown, for docs and for a test

}  // namespace berth::vt
