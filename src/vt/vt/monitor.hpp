#pragma once
// Follows a terminal's output and tells which commands ran in it: markers (marker.hpp), whom to trust, what the
// alternate screen hides, and the state machine (commands.hpp).
//
// With a nonce, markers that do not carry it make no command: what a program prints cannot forge one. Untrusted::Follow
// lets them make commands of their own, marked untrusted, beside the trusted ones. VS Code's scripts sign the command
// line (633 E) alone: a command that begins right after such a one is trusted. Without a nonce every marker counts.
// While a program has the alternate screen, markers without the nonce are its own business and are ignored.
//
// Restart: a Monitor made at the end of a finished command (CommandEvent::resume_at) on the same bytes gives the same
// later events; a command that was open then is opened again with the same offsets.
//
// One Monitor is one terminal; used on one strand. Memory: that of MarkerParser and Commands.
//
// Example (std::string_view output):
//   vt::Monitor monitor("a0b1c2");
//   monitor.feed(output, [](const vt::CommandEvent& event) {
//     if (event.kind == vt::CommandEvent::Kind::Finished) std::string_view typed = event.text;
//   });

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vt/commands.hpp"
#include "vt/marker.hpp"

namespace berth::vt {

enum class Untrusted { Ignore, Follow };

class Monitor {
 public:
  using Sink = Commands::Sink;
  using Watcher = std::function<void(const Marker&, bool trusted)>;  // every marker, before its command event

  explicit Monitor(std::string nonce = {}, ByteOffset start = {}, std::string cwd = {},
                   Untrusted untrusted = Untrusted::Ignore);

  void feed(std::string_view bytes, const Sink& sink, const Watcher& watcher = {});
  // The shell ended: an open command (`exit 5`, `exec …`) ends at `end` with what the shell ended with, if it was a code.
  void finish(ByteOffset end, std::optional<std::int64_t> code, const Sink& sink);

  [[nodiscard]] Commands::State state() const { return commands_.state(); }
  [[nodiscard]] const std::string& cwd() const { return commands_.cwd(); }
  [[nodiscard]] ByteOffset position() const { return parser_.position(); }
  [[nodiscard]] bool alternate() const { return alternate_; }
  [[nodiscard]] std::uint64_t untrusted() const { return untrusted_; }  // markers that did not have the nonce
  [[nodiscard]] std::vector<CommandEvent> open() const;                 // Started events, by their begin

 private:
  void on_marker(const Marker& marker, const Sink& sink, const Watcher& watcher);
  void tell_others(const Marker& marker, const Sink& sink);
  void on_screen(const Marker& marker);

  std::string nonce_;
  Untrusted mode_;
  MarkerParser parser_;
  Commands commands_;
  std::optional<Commands> others_;  // Untrusted::Follow: of markers without the nonce
  bool alternate_ = false;
  bool line_trusted_ = false;       // who asked for the end of the line
  std::uint64_t untrusted_ = 0;
};

}  // namespace berth::vt
