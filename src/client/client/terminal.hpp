#pragma once
// One terminal of a server, and what people and agents do with it: type, wait for what happens, read what a command printed,
// search, and change its size, name and life. The command line's verbs are written with this. Its screen, output and
// recording: client/api.hpp; being at it: client/attach.hpp.
//
// Blocking. A Terminal keeps nothing but its name and how the server is reached: no connection, no state; copies are
// equal, and any thread may use one. Offsets are bytes of the terminal's output.
// What is absent in an answer, or of a kind that this client does not know, is empty in a result; `document` has all of it.
// Errors: those of client/api.hpp. NotFound (terminal, command), FailedPrecondition (it has ended), InvalidArgument (a key
// that has no such name, with the nearest; a pattern; a size), Internal (an answer that is not understood).
//
// Example (const std::string& socket):
//   const client::Terminal shell(client::Api(client::unix_endpoint(socket)), "box/main");
//   TRY_ASSIGN(const auto before, shell.state());
//   TRY(shell.send({.text = "make test", .enter = true}));
//   TRY_ASSIGN(const auto happened, shell.wait(client::until::CommandEnd{}, {.from = before.end}));  // misses nothing
//   if (happened.command && happened.command->exit_code != 0) {
//     TRY_ASSIGN(const auto text, shell.command_text(happened.command->number, {.tail = 20}));
//   }

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "client/api.hpp"

namespace berth::client {

struct TerminalState {
  std::string id, sandbox, name, kind, cwd, title;
  TerminalSize size;
  bool running = false;
  std::optional<int> exit_code, signal;  // of its program, once it ended
  ByteOffset end;                        // of its output so far
  boost::json::object document;
};

struct Command {
  std::string terminal, sandbox, text, cwd, started;  // started: RFC 3339
  std::uint64_t number = 0;
  bool open = false, trusted = false, full_screen = false;  // open: it runs
  std::optional<int> exit_code;
  std::optional<std::chrono::nanoseconds> duration;
  ByteOffset output_begin, output_end;
  boost::json::object document;
};

// Typed in this order. Keys as docs/api.md names them: "ctrl-c", "up", "f5".
struct Input {
  std::string text, paste;
  std::vector<std::string> keys;
  bool enter = false;
};

namespace until {
struct Pattern { std::string expression; };  // RE2's, over the bytes of the output as they are
struct Idle { std::chrono::milliseconds time; };  // no output for so long
struct CommandEnd {};
struct Exit {};
using Any = std::variant<Pattern, Idle, CommandEnd, Exit>;
}  // namespace until

struct WaitOptions {
  std::optional<ByteOffset> from;  // absent: what comes from now on
  std::chrono::milliseconds timeout{30'000};
};

// Time that is over, and an exit while something else was waited for, are answers and no errors.
struct Happened {
  enum class Event { Pattern, Idle, CommandEnd, Exit, Timeout };
  Event event = Event::Timeout;
  std::string match;               // of a pattern
  std::optional<Command> command;  // that ended
  ByteOffset from, end;            // what was looked at
  boost::json::object document;
};

// All of what is set must be true of a command.
struct CommandFilter {
  bool failed = false, running = false, full_screen = false, untrusted = false;
  std::optional<std::chrono::milliseconds> slower;
  std::string cwd, text;
  std::size_t most = 0;  // of the newest; 0: all
};

struct CommandTextOptions {
  bool raw = false;                         // the bytes, else text as it stood on the screen
  std::optional<std::uint32_t> head, tail;  // lines; at most one of them
};

struct GrepOptions {
  std::string pattern;  // RE2's
  bool literal = false, ignore_case = false;
  std::uint32_t before = 0, after = 0;  // lines of context
  std::size_t most = 1000;              // matches
};

struct GrepLine {
  std::string terminal, text, time;
  bool match = false;                            // else context
  std::size_t match_begin = 0, match_end = 0;    // bytes of the text, within it
  std::optional<std::uint64_t> command;
  ByteOffset offset, end;
  boost::json::object document;
};

struct GrepResult {
  std::vector<GrepLine> lines;  // oldest first
  std::size_t matches = 0;
  bool more = false;            // there may be more than `most`
  bool missing = false;         // some output is no longer kept, or damaged
};

class Terminal {
 public:
  using Sink = std::function<Result<>(std::string_view)>;  // bytes in order; its error ends the call

  // `name`: its id, or SANDBOX/NAME. Whether there is one shows with the first call.
  Terminal(Api api, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  Result<TerminalState> state() const;

  Result<> send(const Input& input) const;
  Result<Happened> wait(const until::Any& until, const WaitOptions& options = {}) const;

  Result<std::vector<Command>> commands(const CommandFilter& filter = {}) const;  // newest first
  Result<Command> command(std::optional<std::uint64_t> number = {}) const;        // absent: the last
  // As much as one answer holds, and whether that is all.
  Result<Api::Text> command_text(std::uint64_t number, const CommandTextOptions& options = {}) const;
  // Every byte of it that is kept; of an open command what is there now.
  Result<> command_bytes(const Command& command, const Sink& sink) const;
  // The same, and what comes until the command, or the terminal, ends: gives the command as it is then.
  Result<Command> follow_command(Command command, const Sink& sink) const;
  Result<GrepResult> grep(const GrepOptions& options) const;

  Result<> resize(TerminalSize size) const;
  Result<> signal(std::string_view name) const;  // "INT" or "SIGINT"; to what is in the foreground
  Result<> signal(int number) const;
  Result<TerminalState> rename(std::string_view name) const;  // "": none
  // Hung up, after `grace` (absent: the server's) killed; gives its state when it has ended.
  Result<TerminalState> close(std::optional<std::chrono::milliseconds> grace = {}) const;

 private:
  [[nodiscard]] std::string path(std::string_view below = {}) const;
  [[nodiscard]] std::string command_path(std::string_view number, std::string_view below = {}) const;
  Result<> read(ByteOffset from, ByteOffset end, const Sink& sink) const;

  Api api_;
  std::string name_;
};

// The same over more than one terminal: of a sandbox, those that ended too; for commands "" is everywhere. Ended sandboxes are
// named by their id.
Result<std::vector<Command>> commands_of_sandbox(const Api& api, std::string_view sandbox, const CommandFilter& filter);
Result<GrepResult> grep_sandbox(const Api& api, std::string_view sandbox, const GrepOptions& options);

}  // namespace berth::client
