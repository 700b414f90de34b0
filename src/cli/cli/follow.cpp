#include "cli/follow.hpp"

#include <fmt/format.h>

#include <csignal>
#include <random>
#include <utility>

#include "cli/keyboard.hpp"
#include "cli/screen_state.hpp"
#include "client/attach.hpp"
#include "client/terminal.hpp"
#include "os/file.hpp"
#include "pty/pty.hpp"
#include "pty/raw_mode.hpp"
#include "vt/screen.hpp"

namespace berth::cli {
using namespace std::chrono_literals;
namespace {

// What is shown here. On the main thread.
class Screen final : public client::Viewer {
 public:
  Screen(const Context& context, bool person) : context_(context), person_(person) {}
  Keyboard* keyboard = nullptr;
  ScreenState state;
  bool output_gone = false;  // nobody reads our stdout any more

  void connected(const boost::json::object&) override {
    if (said_ && state.alternate()) (void)output(false, {});
    else if (said_) note("connected again");
    lost_.reset();
    said_ = false;
  }

  // With the first output after a note that spoiled the screen of a full-screen program comes the whole screen.
  Result<> output(bool error, std::string_view bytes) override {
    if (person_) mirror(bytes);
    std::string drawn;
    if (std::exchange(spoiled_, false)) bytes = drawn = vt::redraw(screen_, {.reset = true});
    auto written = os::write_all(error ? context_.output.streams().err : context_.output.streams().out, bytes);
    output_gone = !written && written.error().sys_errno == EPIPE;
    return written;
  }

  // A restart of the server takes less than a second: nothing is said about it.
  void waiting(const Error& cause, std::chrono::milliseconds) override {
    auto now = context_.clock->steady();
    if (!lost_) lost_ = now;
    if (said_ || now - *lost_ < 1s) return;
    note(cause.message + " Trying again; ctrl-p ctrl-q leaves.");
    said_ = true;
  }

  void room() override {
    if (keyboard != nullptr) keyboard->room();
  }

  // The one who types is told nothing until that changes.
  void seat(bool writer, std::string_view reason) override {
    const bool news = writer != writer_;
    writer_ = writer;
    refused_ = false;
    if (!person_ || !news || reads_only) return;
    if (writer) return note("you type now");
    note(reason == "taken_over" ? "another viewer took over; ctrl-p ctrl-t takes it back"
                                : "another viewer types here, you watch; ctrl-p ctrl-t takes over");
  }

  Result<> skipped(ByteOffset from, ByteOffset to, std::string_view reason) override {
    if (person_ && reason == "slow") return {};  // the screen says it all
    note(fmt::format("the output from byte {} to {} {}", from.value, to.value,
                     reason == "removed" ? "is not kept any more" : reason == "damaged" ? "cannot be read" : "was passed over"));
    return {};
  }

  // Who has no screen here has all of the bytes, and nothing else.
  Result<> screen(std::string_view stream) override { return person_ ? output(false, stream) : Result<>{}; }

  void refused(std::string_view, std::string_view detail) override {
    if (std::exchange(refused_, true)) return;  // each key of a word
    note(person_ && !reads_only ? "you watch only; ctrl-p ctrl-t takes over" : std::string(detail));
  }

  bool reads_only = false;

 private:
  void note(const std::string& sentence) {
    (void)os::write_all(context_.output.streams().err,
                        person_ ? fmt::format("\r\n[berth: {}]\r\n", sentence) : fmt::format("berth: {}\n", sentence));
    spoiled_ = spoiled_ || state.alternate();
  }

  // What the person's terminal has, but for our notes.
  void mirror(std::string_view bytes) {
    state.feed(bytes);
    if (const auto size = pty::size(context_.output.streams().out)) screen_.resize(vt::Screen::clamp(*size));
    screen_.feed(bytes);
    (void)screen_.take_replies();
  }

  const Context& context_;
  bool person_;
  bool said_ = false, writer_ = true, refused_ = false, spoiled_ = false;
  vt::Screen screen_{{}};
  std::optional<SteadyTime> lost_;
};

Result<Followed> result_of(const Context& context, const FollowOptions& options, const client::AttachEnd& end) {
  if (end.detached) {
    if (options.input)
      context.output.note(
          fmt::format("\nLeft {}; it goes on. Back to it: berth attach {}", options.name, options.name));
    return Followed{.left = true};
  }
  if (end.exit_code) return Followed{.code = *end.exit_code};
  if (end.signal) return Followed{.code = 128 + *end.signal};
  return fail(Code::Unavailable,
              fmt::format("The terminal ended with its sandbox{}{}", end.reason.empty() ? "." : ": ", end.reason));
}

client::AttachOptions attach_options(const FollowOptions& options, bool person, std::optional<TerminalSize> size) {
  std::random_device random;
  using Slow = client::AttachOptions::Slow;
  // What goes into a pipe or a file is whole; a person has more of the present than of what passed by.
  const auto slow = options.slow == Slow::AsConfigured && !person ? Slow::Wait : options.slow;
  return {.terminal = options.terminal,
          .from = options.from,
          .at = options.at,
          .slow = slow,
          .seat = options.input ? options.seat : client::AttachOptions::Seat::Never,
          .answers = person,
          .name = fmt::format("cli-{:08x}{:08x}{:08x}", random(), random(), random()),
          .size = size,
          .seed = random()};
}

Result<client::AttachEnd> attach(const Context& context, client::AttachOptions options, Screen& screen, Keyboard& keyboard) {
  client::Attach session(context.endpoint, std::move(options), screen, *context.clock);
  screen.keyboard = &keyboard;
  keyboard.start(session);
  auto end = session.run();
  keyboard.stop();  // before the session goes
  return end;
}

}  // namespace

bool at_terminal(const Context& context) {
  const auto& streams = context.output.streams();
  return pty::is_terminal(streams.in) && pty::is_terminal(streams.out);
}

std::optional<TerminalSize> own_size(const Context& context) {
  auto size = pty::size(context.output.streams().in);
  if (!size || size->cols == 0 || size->rows == 0) return std::nullopt;
  return *size;
}

Result<Followed> follow(const Context& context, const FollowOptions& options) {
  bool person = options.pty && options.input && at_terminal(context);
  Screen screen(context, person);
  screen.reads_only = !options.input || options.seat == client::AttachOptions::Seat::Never;
  os::ignore_signal(SIGPIPE);  // a write that fails tells us
  std::optional<pty::RawMode> raw;
  auto again = [&raw] {
    if (raw) (void)raw->enter_again();
  };
  TRY_ASSIGN(auto keyboard, Keyboard::make({.input = context.output.streams().in,
                                            .read_input = options.input,
                                            .person = person,
                                            .leave_on_signal = person || !options.input,
                                            .size = [&] { return person ? own_size(context) : std::nullopt; },
                                            .continued = again}));
  if (person) {
    TRY_ASSIGN(auto mode, pty::RawMode::enter(context.output.streams().in));
    raw.emplace(std::move(mode));
  }
  TRY(screen.output(false, options.drawn));
  auto end = attach(context, attach_options(options, person, person ? own_size(context) : std::nullopt), screen, *keyboard);
  if (person && (!end || end->detached || screen.state.alternate()))
    (void)os::write_all(context.output.streams().out, screen.state.leave());
  raw.reset();
  if (!end && screen.output_gone) {
    // As a pipeline on one machine: whoever writes into a pipe that nobody reads is told by SIGPIPE.
    if (options.input) (void)client::Terminal(context.api(), options.terminal).signal(SIGPIPE);
    return Followed{.code = 128 + SIGPIPE, .left = true};
  }
  TRY(end);
  return result_of(context, options, *end);
}

}  // namespace berth::cli
