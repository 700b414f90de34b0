#pragma once
// Which commands ran in a terminal: a state machine over markers (marker.hpp). It never guesses from prompts or text.
//
// With a nonce, markers that do not carry it are ignored: what a program prints cannot forge a command. Without one every
// marker counts. States and what each marker does in them are one table, printed by transition_table().
//
// Restart: a Monitor made at the end of a finished command (CommandEvent::resume_at) on the same bytes gives the same
// later events; a command that was open then is opened again with the same offsets.
//
// One Monitor is one terminal; used on one strand. Memory: one payload and one command text, bounded by
// MarkerParser::max_payload_bytes each.
//
// Example (std::string_view output):
//   vt::Monitor monitor("a0b1c2");
//   monitor.feed(output, [](const vt::CommandEvent& event) {
//     if (event.kind == vt::CommandEvent::Kind::Finished) std::string_view typed = event.text;
//   });

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vt/marker.hpp"

namespace berth::vt {

struct CommandEvent {
  enum class Kind { Started, Finished };
  Kind kind;
  std::string text;                       // as typed; empty when the shell told none
  std::string cwd;                        // when it started; empty when the shell told none
  ByteOffset output_begin;                // after the marker that opened it
  ByteOffset output_end;                  // Finished: before the marker that closed it
  std::optional<std::int64_t> exit_code;  // Finished: absent when none was told
  ByteOffset resume_at;                   // Finished: a new Monitor may start here
};

class Monitor {
 public:
  enum class State : std::uint8_t { Idle, Prompt, Input, Running };
  enum class Step : std::uint8_t { Ignore, ToPrompt, ToInput, Open, Close, CloseToPrompt, CloseToInput, Remember };
  using Sink = std::function<void(const CommandEvent&)>;

  explicit Monitor(std::string nonce = {}, ByteOffset start = {}, std::string cwd = {});

  void feed(std::string_view bytes, const Sink& sink);
  // The shell ended: an open command (`exit 5`, `exec …`) ends at `end` with what the shell ended with, if it was a code.
  void finish(ByteOffset end, std::optional<std::int64_t> code, const Sink& sink);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& cwd() const { return cwd_; }
  [[nodiscard]] ByteOffset position() const { return parser_.position(); }
  [[nodiscard]] std::uint64_t untrusted() const { return untrusted_; }  // markers ignored for their nonce

  [[nodiscard]] static Step step_for(State state, Marker::Kind kind);

 private:
  void on_marker(const Marker& marker, const Sink& sink);
  void open(const Marker& marker, const Sink& sink);
  void close(ByteOffset output_end, ByteOffset resume_at, std::optional<std::int64_t> code, const Sink& sink);

  std::string nonce_;
  MarkerParser parser_;
  State state_ = State::Idle;
  std::string cwd_;
  std::string pending_text_;
  CommandEvent command_{};
  std::uint64_t untrusted_ = 0;
};

[[nodiscard]] std::string transition_table();  // Markdown, for docs and for a test

}  // namespace berth::vt
