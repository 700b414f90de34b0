// `berth replay`: what a terminal showed, in time, with keys; where the output is no terminal, all of it at once.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "cli/actions.hpp"
#include "cli/cast_playback.hpp"
#include "cli/json.hpp"
#include "cli/query_filter.hpp"
#include "cli/screen_state.hpp"
#include "cli/spool.hpp"
#include "cli/targets.hpp"
#include "config/types.hpp"
#include "os/file.hpp"
#include "os/poll.hpp"
#include "pty/pty.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace {

using std::chrono::milliseconds;
using vt::CastTime;

constexpr double slowest = 1.0 / 64, fastest = 1024;
constexpr CastTime far_away = std::chrono::hours{24 * 366 * 10};

bool is_file(const std::string& target) {
  if (target.find('.') == std::string::npos) return false;
  const auto found = os::stat_path(target);
  return found && S_ISREG(found->st_mode);
}

struct Part {  // of a file: from and to are times
  CastTime from{}, to = far_away;
};

Result<Part> part_of(const verb::Replay& verb) {
  Part part;
  for (const auto& [text, into] : {std::pair{&verb.from, &part.from}, std::pair{&verb.to, &part.to}}) {
    if (text->empty()) continue;
    const auto time = config::parse_milliseconds(*text);
    if (!time) return fail(Code::InvalidArgument, fmt::format("\"{}\" is no place in a file.", *text), "A file has times since its beginning, as 90s.");
    *into = *time;
  }
  return part;
}

class Player {
  enum Token : std::uint64_t { Signals, Keys, Grown };

 public:
  Player(const Context& context, const verb::Replay& verb, int file, Spool* spool, os::SignalFd signals, Part part)
      : context_(context), playback_(file), spool_(spool), signals_(std::move(signals)), part_(part),
        idle_limit_(verb.idle_limit), speed_(verb.speed), keys_(context.output.streams().in) {
    if (spool_ == nullptr) playback_.complete();
  }

  Result<> watch(bool keys) {
    TRY_ASSIGN(epoll_, os::Epoll::open());
    TRY(epoll_->add(signals_.fd(), EPOLLIN, Signals));
    if (keys) TRY(epoll_->add(keys_, EPOLLIN, Keys));
    if (spool_ != nullptr) TRY(epoll_->add(spool_->grown().fd(), EPOLLIN, Grown));
    return {};
  }

  Result<> run() {
    TRY(enter());
    while (!left_) {
      TRY(settle());
      TRY_ASSIGN(const auto due, playback_.next_time());
      if (due && *due > part_.to) break;
      if (!due && ended() && !paused_) break;
      if (due && !paused_ && clock_ >= stretched(*due)) {
        TRY(step());
      } else {
        TRY(wait(due));
      }
    }
    if (dirty_) draw();  // the last event came without a pause behind it
    if (spool_ != nullptr && spool_->done()) TRY(spool_->outcome());
    return {};
  }
  // The person's terminal as it was, and a word where it showed something else than was recorded.
  void leave() const {
    context_.output.print(state_.leave() + "\r\n");
    if (too_large_)
      context_.output.note(fmt::format("This was recorded at {} x {}; here are {} x {}, so it was shown as after a resize.\r", too_large_->cols,
                                       too_large_->rows, here_.cols, here_.rows));
  }

 private:
  // What came before `from` is passed over; the first thing on the terminal is the screen there.
  Result<> enter() {
    while (!playback_.header()) {
      TRY(playback_.next_time());
      if (playback_.header()) break;
      TRY(settle());
      if (ended()) return {};
      TRY(os::wait_ready(spool_->grown().fd(), POLLIN));
    }
    if (!idle_limit_ && playback_.header()->idle_time_limit)
      idle_limit_ = milliseconds(static_cast<std::int64_t>(*playback_.header()->idle_time_limit * 1000));
    for (;;) {
      TRY_ASSIGN(const auto due, playback_.next_time());
      if (!due || *due >= part_.from || part_.from == CastTime{}) break;
      TRY(playback_.next());
    }
    last_ = part_.from;
    now_ = std::chrono::steady_clock::now();
    look_at_size();
    draw();
    return {};
  }

  // The recording's time, with pauses as long as they may be.
  [[nodiscard]] CastTime stretched(CastTime due) const {
    const CastTime pause = due - std::min(due, last_);
    return idle_limit_ ? std::min<CastTime>(pause, *idle_limit_) : pause;
  }
  void tick() {
    const auto now = std::chrono::steady_clock::now();
    if (!paused_) clock_ += std::chrono::duration_cast<CastTime>((now - now_) * speed_);
    now_ = now;
  }

  Result<> step() {
    TRY_ASSIGN(const auto event, playback_.next());
    if (!event) return {};
    clock_ -= std::min(clock_, stretched(event->time));
    last_ = event->time;
    if (event->kind == vt::CastEvent::Kind::Output) show(event->text);
    if (event->kind != vt::CastEvent::Kind::Resize) return {};
    dirty_ = dirty_ || !direct_;
    if (direct_ != fits()) draw();
    return {};
  }
  void show(std::string_view text) {
    if (!direct_) {
      dirty_ = true;
      return;
    }
    state_.feed(text);
    context_.output.print(filter_.feed(text));
  }

  [[nodiscard]] bool fits() const {
    const auto size = playback_.screen().size();
    return size.cols <= here_.cols && size.rows <= here_.rows;
  }
  void look_at_size() {
    if (const auto size = pty::size(context_.output.streams().out)) here_ = *size;
  }
  // Everything anew: the screen itself where it fits, else as it would be after a resize.
  void draw() {
    direct_ = fits();
    if (!direct_) too_large_ = playback_.screen().size();
    dirty_ = false;
    filter_ = QueryFilter();
    std::string stream;
    if (direct_) {
      stream = vt::redraw(playback_.screen(), {.reset = true});
    } else if (auto copy = vt::load(vt::save(playback_.screen()))) {
      copy->resize(here_);
      stream = vt::redraw(*copy, {.reset = true});
    }
    state_.feed(stream);
    context_.output.print(stream);
  }

  [[nodiscard]] bool ended() const { return spool_ == nullptr || completed_; }
  // What the spool says: more, or that it was all.
  Result<> settle() {
    if (spool_ == nullptr || completed_) return {};
    spool_->grown().clear();
    if (!spool_->done()) return {};
    TRY(spool_->outcome());
    playback_.complete();
    completed_ = true;
    return {};
  }

  Result<> wait(std::optional<CastTime> due) {
    if (dirty_) draw();
    tick();
    std::optional<milliseconds> timeout;
    if (due && !paused_) {
      const CastTime left = stretched(*due) - std::min(clock_, stretched(*due));
      timeout = std::chrono::ceil<milliseconds>(std::min<CastTime>(std::chrono::duration_cast<CastTime>(left / speed_), std::chrono::hours{1}));
    }
    std::array<epoll_event, 4> space;
    TRY_ASSIGN(const auto ready, epoll_->wait(space, timeout));
    tick();
    for (const epoll_event& event : ready) {
      if (event.data.u64 == Signals) TRY(take_signals());
      if (event.data.u64 == Keys) TRY(take_keys());
    }
    return {};
  }

  Result<> take_signals() {
    for (;;) {
      TRY_ASSIGN(const auto signal, signals_.next());
      if (!signal) return {};
      if (*signal != SIGWINCH) {
        left_ = true;
        continue;
      }
      look_at_size();
      draw();
    }
  }

  Result<> take_keys() {
    std::array<char, 64> bytes{};
    TRY_ASSIGN(const auto size, os::read_some(keys_, bytes));
    if (!size) return {};
    if (*size == 0) left_ = true;  // the window is gone
    std::string_view typed(bytes.data(), *size);
    while (!typed.empty() && !left_) {
      const bool arrow = typed.size() >= 3 && typed[0] == '\x1b' && (typed[1] == '[' || typed[1] == 'O');
      const char key = arrow ? (typed[2] == 'C' ? '.' : typed[2] == 'D' ? ',' : '\0') : typed[0];
      typed.remove_prefix(arrow ? 3 : 1);
      TRY(take_key(key));
    }
    return {};
  }
  Result<> take_key(char key) {
    switch (key) {
      case ' ': paused_ = !paused_; break;
      case '+': speed_ = std::min(speed_ * 2, fastest); break;
      case '-': speed_ = std::max(speed_ / 2, slowest); break;
      case '.': return step_now();
      case ',': {
        TRY(playback_.back());
        clock_ = {};
        last_ = playback_.time();
        draw();
        break;
      }
      case 'q':
      case '\x03':
      case '\x04': left_ = true; break;
      default: break;
    }
    return {};
  }
  Result<> step_now() {
    TRY_ASSIGN(const auto due, playback_.next_time());
    if (!due || *due > part_.to) return {};
    TRY(step());
    clock_ = {};
    if (dirty_) draw();
    return {};
  }

  const Context& context_;
  CastPlayback playback_;
  Spool* spool_;
  os::SignalFd signals_;
  std::optional<os::Epoll> epoll_;
  Part part_;
  std::optional<milliseconds> idle_limit_;
  double speed_;
  int keys_;
  bool paused_ = false, left_ = false, completed_ = false;
  bool direct_ = true, dirty_ = false;  // output goes as it is; something is to be drawn
  TerminalSize here_;
  std::optional<TerminalSize> too_large_;  // what did not fit
  CastTime last_{}, clock_{};           // of the last event; since then
  std::chrono::steady_clock::time_point now_;
  QueryFilter filter_;
  ScreenState state_;
};

// No terminal to play in: the bytes, from a file as text.
Result<> print_file(const Context& context, int file, Part part) {
  CastPlayback playback(file);
  playback.complete();
  bool begun = part.from == CastTime{};
  for (;;) {
    TRY_ASSIGN(const auto event, playback.next());
    if (!event || event->time > part.to) return {};
    if (event->time < part.from) continue;
    if (!std::exchange(begun, true)) {
      context.output.print(vt::redraw(playback.screen(), {.reset = true}));
    } else if (event->kind == vt::CastEvent::Kind::Output) {
      context.output.print(event->text);
    }
  }
}

Result<> play(const Context& context, const verb::Replay& verb, int file, Spool* spool, os::SignalFd signals, Part part) {
  std::optional<pty::RawMode> raw;
  const bool keys = pty::is_terminal(context.output.streams().in);
  if (keys) {
    TRY_ASSIGN(auto entered, pty::RawMode::enter(context.output.streams().in));
    raw.emplace(std::move(entered));
  }
  Player player(context, verb, file, spool, std::move(signals), part);
  TRY(player.watch(keys));
  const auto played = player.run();
  player.leave();
  return played;
}

}  // namespace

Result<int> replay(const Context& context, const verb::Replay& verb) {
  const bool terminal_here = pty::is_terminal(context.output.streams().out);
  TRY_ASSIGN(auto signals, os::SignalFd::open({SIGINT, SIGTERM, SIGHUP, SIGWINCH}));
  if (is_file(verb.target)) {
    TRY_ASSIGN(const auto part, part_of(verb));
    TRY_ASSIGN(const auto file, os::open_read(verb.target));
    if (!terminal_here)
      TRY(print_file(context, file.get(), part));
    else
      TRY(play(context, verb, file.get(), nullptr, std::move(signals), part));
    return Success;
  }
  TRY_ASSIGN(const auto terminal, find_terminal(context, verb.target, Want::Any));
  client::Api::Recording wanted{.terminal = text_of(terminal, "id"), .format = terminal_here ? "asciicast-v3" : "raw", .from = verb.from, .to = verb.to};
  if (!terminal_here) {
    TRY(context.api().recording(wanted, [&](std::string_view piece) -> Result<> {
      context.output.print(piece);
      return os::has_bytes(signals.fd()) ? Result<>(fail(Code::Cancelled, "Interrupted.")) : Result<>{};
    }));
    return Success;
  }
  TRY_ASSIGN(const auto spool, Spool::open(context, std::move(wanted)));
  TRY(play(context, verb, spool->fd(), spool.get(), std::move(signals), {}));
  return Success;
}

}  // namespace berth::cli
