#include "terminals/terminal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "terminals/viewer.hpp"
#include "vt/screen.hpp"
#include "wire/frame.hpp"

namespace berth::terminals {
namespace {

constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t input_piece_bytes = 64 << 10;
constexpr std::size_t max_title_bytes = 256;

WallTime from_ns(std::int64_t ns) { return WallTime{std::chrono::nanoseconds{ns}}; }

// As text that may be shown: whole characters, no controls.
std::string valid_prefix(std::string_view text, std::size_t limit) {
  if (limit < text.size())
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  std::string out = to_utf8(text.substr(0, limit));
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return out;
}

Exit make_exit(int code, int signal) {
  if (signal != 0) return Killed{signal};
  return Exited{code};
}

}  // namespace

std::shared_ptr<Terminal> Terminal::create(std::shared_ptr<const Shared> shared, store::TerminalRow row, store::Also also) {
  std::shared_ptr<Terminal> terminal(new Terminal(std::move(shared), std::move(row), State::Starting));
  terminal->records_->insert(terminal->row_, std::move(also));
  return terminal;
}

std::shared_ptr<Terminal> Terminal::restore(std::shared_ptr<const Shared> shared, store::TerminalRow row,
                                            std::uint64_t next_number) {
  std::shared_ptr<Terminal> terminal(new Terminal(std::move(shared), std::move(row), State::Running, true));
  terminal->next_number_ = next_number;
  terminal->size_owed_ = true;  // the last one may have been stored and not told
  if (!terminal->monitored()) terminal->open_own_command(terminal->row_.created);
  return terminal;
}

std::shared_ptr<Terminal> Terminal::ended(std::shared_ptr<const Shared> shared, store::TerminalRow row) {
  std::shared_ptr<Terminal> terminal(new Terminal(std::move(shared), std::move(row), State::Ended));
  terminal->ending_ = terminal->told_ = true;
  if (auto summary = terminal->journal_summary()) terminal->end_ = summary->end;
  return terminal;
}

Terminal::Terminal(std::shared_ptr<const Shared> shared, store::TerminalRow row, State state, bool restored)
    : shared_(std::move(shared)),
      records_(std::make_shared<Records>(shared_, row.id)),
      row_(std::move(row)),
      state_(state),
      monitor_(row_.nonce, row_.monitored),
      audience_(*this, *shared_,
                {.grace = shared_->settings.seat_grace, .size_by = shared_->settings.size_by,
                 .restarted = restored ? std::optional(shared_->clock->steady()) : std::nullopt}),
      changed_(shared_->executor) {
  changed_.expires_at(boost::asio::steady_timer::time_point::max());
}

// ---- starting ----

boost::asio::awaitable<Result<>> Terminal::start(std::shared_ptr<Outlet> outlet, wire::StartProcess process) {
  const auto self = shared_from_this();
  outlet_ = std::move(outlet);
  wire::ToShim frame;
  frame.mutable_start()->set_terminal_id(row_.id.str());
  *frame.mutable_start()->mutable_process() = std::move(process);
  frame.mutable_start()->set_journal_max_bytes(shared_->settings.journal_bytes);
  frame.mutable_start()->set_record_input(shared_->settings.record_input);
  if (auto made = make_key(*frame.mutable_start()); !made) {
    end_with(std::nullopt, shared_->clock->now(), made.error().message);
    co_return made;
  }
  if (auto sent = co_await send(std::move(frame)); !sent) {
    end_with(std::nullopt, shared_->clock->now(), sent.error().message);
    co_return sent;
  }
  while (state_ == State::Starting) {
    const auto [error] = co_await changed_.async_wait(no_throw);
    if (!error) continue;
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
      co_return fail(Code::Cancelled, "The request was cancelled.");
  }
  if (state_ == State::Ended && !row_.exit) co_return fail(failure_code_, failure_);
  co_return Result<>{};
}

// Stored before the shim writes: no record is ever on the disk without the key that opens it.
Result<> Terminal::make_key(wire::StartTerminal& request) {
  if (!shared_->settings.seal || shared_->machine_keys == nullptr) return {};
  const auto key = journal::Key::random();
  TRY(journal::store_key(journal(), key, *shared_->machine_keys));
  request.set_journal_key(std::string(key.reveal()));
  return {};
}

Result<journal::Cursor> Terminal::read_from(ByteOffset from) const {
  TRY_ASSIGN(const auto key, shared_->journal_key(row_.id));
  return journal::Cursor::open(journal(), from, key);
}

Result<journal::Summary> Terminal::journal_summary() const {
  TRY_ASSIGN(const auto key, shared_->journal_key(row_.id));
  return journal::summary(journal(), key);
}

void Terminal::on_started(const wire::TerminalStarted& frame) {
  if (state_ != State::Starting) return;
  state_ = State::Running;
  row_.created = from_ns(frame.time_ns());
  if (!monitored()) open_own_command(row_.created);
  wake();
}

void Terminal::on_start_failed(const wire::TerminalStartFailed& frame) {
  if (state_ != State::Starting) return;
  if (code_from_errno(frame.sys_errno()) == Code::NoSpace) {  // no exit code of a program says that
    const bool disk = frame.operation() == "journal";         // else it was a PTY: of those a sandbox has so many
    failure_code_ = disk ? Code::NoSpace : Code::ResourceExhausted;
    return end_with(std::nullopt, shared_->clock->now(),
                    disk ? "The disk is full: the terminal could not be started." : "The sandbox has no terminal left.");
  }
  const bool absent = frame.sys_errno() == ENOENT;
  const std::string program = frame.operation() == "chdir" ? row_.cwd : row_.argv.empty() ? "shell" : row_.argv.front();
  const WallTime now = shared_->clock->now();
  open_own_command(now);
  end_with(Exited{absent ? 127 : 126}, now, program + (absent ? ": not found" : ": cannot be executed"));
}

// After a reconnect the counters of input begin anew: they belong to the connection.
void Terminal::on_attached(std::shared_ptr<Outlet> outlet, const wire::TerminalState* state) {
  outlet_ = std::move(outlet);
  input_sent_ = input_taken_ = 0;
  if (state == nullptr) {
    if (state_ != State::Ended) end_with(std::nullopt, shared_->clock->now(), "The sandbox does not know this terminal.");
    return;
  }
  if (state_ == State::Starting) {  // its answer was lost with the connection
    state_ = State::Running;
    if (!monitored()) open_own_command(row_.created);
  }
  end_ = std::max(end_, ByteOffset{state->end()});
  if (!state->running()) end_with(make_exit(state->code(), state->signal()), shared_->clock->now(), {});
  else if (monitored()) catch_up();
  if (state->running() && size_owed_ && row_.kind == store::TerminalKind::Pty) shared_->spawn(run_tell_size(shared_from_this()));
  wake();
}

// ---- output ----

void Terminal::on_output(wire::TerminalOutput frame) {
  const ByteOffset offset{frame.offset()};
  const ByteOffset end = offset + frame.data().size();
  if (end <= end_ && !frame.data().empty()) return;  // known already
  end_ = std::max(end_, end);
  const bool continues = !catching_up_ && !frame.data().empty() && offset == monitor_.position();
  if (monitored() && continues && !records_->full()) parse(frame.data(), from_ns(frame.time_ns()));
  else if (monitored()) catch_up();
  else watch(frame);
  look_for_questions(frame);
  keep_recent(frame);
  wake();
}

void Terminal::look_for_questions(const wire::TerminalOutput& frame) {
  if (row_.kind != store::TerminalKind::Pty || frame.data().empty() || audience_.answers()) return;
  if (!answers_) answers_ = std::make_unique<Answers>(*this);
  answers_->output({frame.offset()}, frame.data());
}

void Terminal::keep_recent(wire::TerminalOutput& frame) {
  const ByteOffset offset{frame.offset()};
  if (audience_.size() == 0 || frame.data().empty() ||
      (!recent_.empty() && recent_.back().offset + recent_.back().data->size() != offset)) {
    recent_.clear();  // a gap: viewers find the rest in the journal
    recent_bytes_ = 0;
    if (audience_.size() == 0 || frame.data().empty()) return;
  }
  recent_bytes_ += frame.data().size();
  recent_.push_back({offset, std::make_shared<const std::string>(std::move(*frame.mutable_data())), frame.error()});
  while (recent_bytes_ > shared_->settings.recent_bytes) {
    recent_bytes_ -= recent_.front().data->size();
    recent_.pop_front();
  }
}

// What every viewer has is not kept: an idle terminal holds no output.
void Terminal::trim_recent() {
  if (recent_.empty()) return;
  ByteOffset least = end_;
  for (const Viewer* viewer : audience_.viewers()) least = std::min(least, viewer->position());
  while (!recent_.empty() && recent_.front().offset + recent_.front().data->size() <= least) {
    recent_bytes_ -= recent_.front().data->size();
    recent_.pop_front();
  }
}

void Terminal::parse(std::string_view bytes, WallTime time) {
  monitor_.feed(bytes, [this, time](const vt::CommandEvent& event) { on_command(event, time); },
                [this](const vt::Marker& marker, bool) { on_marker(marker); });
}

// What was missed is not looked for: a title is told again with the next change.
void Terminal::watch(const wire::TerminalOutput& frame) {
  if (row_.kind != store::TerminalKind::Pty || frame.data().empty()) return;
  if (watch_.position() != ByteOffset{frame.offset()}) watch_ = vt::MarkerParser({frame.offset()});
  watch_.feed(frame.data(), [this](const vt::Marker& marker) { on_marker(marker); });
}

// A title goes to the store with the next other change: a program that sets a thousand in a second costs no commit.
void Terminal::on_marker(const vt::Marker& marker) {
  if (marker.kind == vt::Marker::Kind::Title) row_.title = valid_prefix(marker.text, max_title_bytes);
  if (marker.kind == vt::Marker::Kind::Alternate && !monitored() && open_) open_->full_screen = true;
}

void Terminal::on_command(const vt::CommandEvent& event, WallTime time) {
  if (event.depth > 0) return;  // inside of a command that is a row
  if (event.kind == vt::CommandEvent::Kind::Started) {
    open_ = store::CommandRow{.terminal = row_.id, .number = next_number_, .sandbox = row_.sandbox, .owner = row_.owner,
                              .text = event.text, .cwd = event.cwd, .started = time,
                              .output_begin = event.output_begin, .output_end = event.output_begin,
                              .full_screen = event.full_screen, .trusted = event.trusted};
    records_->put(*open_);
    return;
  }
  BERTH_CHECK(open_.has_value());
  open_->done = true;
  open_->text = event.text;
  open_->exit_code = event.exit_code;
  open_->output_end = event.output_end;
  open_->full_screen = event.full_screen;
  open_->trusted = event.trusted;
  open_->duration_ns = std::max<std::int64_t>(0, (time - open_->started).count());
  last_ = std::exchange(open_, std::nullopt);
  ++next_number_;
  row_.monitored = event.resume_at;
  records_->put(*last_, row_);
  changed_.cancel();
}

// A program that was started directly is one command: its whole run.
void Terminal::open_own_command(WallTime time) {
  if (open_) return;
  open_ = store::CommandRow{.terminal = row_.id, .number = next_number_, .sandbox = row_.sandbox, .owner = row_.owner,
                            .text = shell_quote(row_.argv), .cwd = row_.cwd, .started = time};
  records_->put(*open_);
}

void Terminal::close_own_command(WallTime time) {
  if (!open_) return;
  open_->done = true;
  if (row_.exit) open_->exit_code = shell_code(*row_.exit);
  open_->output_end = end_;
  open_->duration_ns = std::max<std::int64_t>(0, (time - open_->started).count());
  last_ = std::exchange(open_, std::nullopt);
  ++next_number_;
  records_->put(*last_, row_);
}

// ---- reading what was missed ----

void Terminal::catch_up() {
  if (std::exchange(catching_up_, true)) return;
  shared_->spawn(run_catch_up(shared_from_this()));
}

boost::asio::awaitable<void> Terminal::run_catch_up(std::shared_ptr<Terminal> self) {
  auto read = co_await self->read_journal();
  self->catching_up_ = false;
  if (!read) self->shared_->report(read.error(), self->row_.id);
  if (self->ending_) self->finish();
}

// The journal's limit may have taken output that nobody had read: commands are known from behind it on.
Result<> Terminal::pass_over_removed() {
  TRY_ASSIGN(const auto range, journal_range());
  if (monitor_.position() < range.begin) monitor_ = vt::Monitor(row_.nonce, range.begin, monitor_.cwd());
  return {};
}

Result<journal::Range> Terminal::journal_range() const {
  TRY_ASSIGN(const auto key, shared_->journal_key(row_.id));
  return journal::range(journal(), key);
}

boost::asio::awaitable<Result<>> Terminal::read_journal() {
  CO_TRY(pass_over_removed());
  CO_TRY_ASSIGN(auto cursor, read_from(monitor_.position()));
  while (monitor_.position() < end_) {
    if (records_->full()) (void)co_await records_->settled();
    auto piece = cursor.next(shared_->settings.chunk_bytes);
    if (!piece && piece.error().code == Code::Damaged) {
      shared_->report(piece.error(), row_.id);
      CO_TRY_ASSIGN(const ByteOffset next, cursor.skip_damage());
      monitor_ = vt::Monitor(row_.nonce, next, monitor_.cwd());
      continue;
    }
    if (!piece) co_return std::unexpected(piece.error());
    if (!*piece) break;  // not there yet: the next frame asks again
    if ((*piece)->kind == journal::Kind::Gap) monitor_ = vt::Monitor(row_.nonce, (*piece)->end, monitor_.cwd());
    if (journal::is_bytes((*piece)->kind)) parse((*piece)->data, (*piece)->time);
    co_await boost::asio::post(shared_->executor, boost::asio::use_awaitable);  // others have their turn
  }
  co_return Result<>{};
}

// ---- ending ----

void Terminal::on_exit(const wire::TerminalExit& frame) {
  if (ending_) return;
  end_ = std::max(end_, ByteOffset{frame.end()});
  end_with(make_exit(frame.code(), frame.signal()), from_ns(frame.time_ns()), {});
}

void Terminal::on_sandbox_ended(const std::string& reason) {
  if (ending_) return;
  std::optional<Exit> exit;
  WallTime time = shared_->clock->now();
  if (auto summary = journal_summary()) {
    end_ = std::max(end_, summary->end);
    exit = summary->exit;
    if (summary->exit_time) time = *summary->exit_time;
  }
  end_with(exit, time, exit ? std::string{} : reason);
}

void Terminal::end_with(std::optional<Exit> exit, WallTime time, std::string reason) {
  if (std::exchange(ending_, true)) return;
  row_.exit = exit;
  row_.ended = time;
  failure_ = std::move(reason);
  if (monitored() && monitor_.position() < end_) catch_up();
  if (!catching_up_) finish();
}

void Terminal::finish() {
  if (state_ == State::Ended) return;
  const WallTime time = row_.ended.value_or(shared_->clock->now());
  std::optional<std::int64_t> code;
  if (const auto* exited = row_.exit ? std::get_if<Exited>(&*row_.exit) : nullptr) code = exited->code;
  monitor_.finish(end_, code, [this, time](const vt::CommandEvent& event) { on_command(event, time); });
  row_.running = false;
  close_own_command(time);
  state_ = State::Ended;
  outlet_.reset();
  records_->update(row_, std::move(at_end_));
  shared_->spawn(run_finish(shared_from_this()));
  wake();
}

boost::asio::awaitable<void> Terminal::run_finish(std::shared_ptr<Terminal> self) {
  (void)co_await self->records_->settled();
  self->told_ = true;
  self->wake();
  if (self->shared_->told) self->shared_->told(self->row_.id);
}

void Terminal::wake() {
  changed_.cancel();
  audience_.wake();
}

boost::asio::awaitable<Result<>> Terminal::changed() {
  const auto self = shared_from_this();
  (void)co_await changed_.async_wait(no_throw);
  if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
    co_return fail(Code::Cancelled, "The request was cancelled.");
  co_return Result<>{};
}

// ---- towards the process ----

boost::asio::awaitable<Result<>> Terminal::send(wire::ToShim frame) {
  if (ending_) co_return fail(Code::FailedPrecondition, "The terminal has ended.");
  if (!outlet_) co_return fail(Code::Unavailable, "The sandbox cannot be reached at the moment.");
  const auto outlet = outlet_;
  co_return co_await outlet->send(std::move(frame));
}

boost::asio::awaitable<Result<>> Terminal::input(std::string data) {
  const auto self = shared_from_this();
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t n = std::min(input_piece_bytes, data.size() - at);
    while (!ending_ && input_sent_ - input_taken_ + n > wire::input_window_bytes) {
      (void)co_await changed_.async_wait(no_throw);
      if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
        co_return fail(Code::Cancelled, "The request was cancelled.");
    }
    wire::ToShim frame;
    frame.mutable_input()->set_terminal_id(row_.id.str());
    frame.mutable_input()->set_data(data.substr(at, n));
    input_sent_ += n;
    at += n;
    CO_TRY(co_await send(std::move(frame)));
  }
  co_return Result<>{};
}

void Terminal::on_input_ack(const wire::TerminalInputAck& frame) {
  if (frame.taken() > input_sent_ || frame.taken() < input_taken_) return;
  input_taken_ = frame.taken();
  changed_.cancel();
}

boost::asio::awaitable<Result<>> Terminal::close_input() {
  wire::ToShim frame;
  frame.mutable_close_input()->set_terminal_id(row_.id.str());
  co_return co_await send(std::move(frame));
}

boost::asio::awaitable<Result<>> Terminal::resize(TerminalSize size) {
  wire::ToShim frame;
  frame.mutable_resize()->set_terminal_id(row_.id.str());
  frame.mutable_resize()->mutable_size()->set_cols(size.cols);
  frame.mutable_resize()->mutable_size()->set_rows(size.rows);
  if (row_.size != size) {
    row_.size = size;
    records_->update(row_);
    audience_.tell_size();
  }
  size_owed_ = true;
  auto sent = co_await send(std::move(frame));
  if (sent) size_owed_ = false;
  else if (sent.error().code == Code::Unavailable && !ending_) co_return Result<>{};  // on_attached() sends it
  co_return sent;
}

// The size is what was wanted last, whoever runs the terminal: a shim that did not hear of it is told when it is back.
boost::asio::awaitable<void> Terminal::run_tell_size(std::shared_ptr<Terminal> self) {
  (void)co_await self->resize(self->row_.size);  // an error is the end of the connection: the next one tells it
}

boost::asio::awaitable<Result<>> Terminal::signal(int signal, bool group) {
  wire::ToShim frame;
  frame.mutable_signal()->set_terminal_id(row_.id.str());
  frame.mutable_signal()->set_signal(signal);
  frame.mutable_signal()->set_group(group);
  co_return co_await send(std::move(frame));
}

boost::asio::awaitable<Result<>> Terminal::committed() { return records_->settled(); }

Result<ScreenSource> Terminal::screen_source() const {
  TRY_ASSIGN(auto key, shared_->journal_key(row_.id));
  return ScreenSource{.journal = journal(), .key = std::move(key), .size = row_.size,
                      .checkpoint_bytes = shared_->settings.checkpoint_bytes,
                      .stop = shared_->pool == nullptr ? std::stop_token{} : shared_->pool->stopping(),
                      .budget = shared_->settings.screen};
}

boost::asio::awaitable<Result<Terminal::Drawn>> Terminal::draw() {
  CO_TRY_ASSIGN(auto source, screen_source());
  auto work = [source = std::move(source)]() -> Result<Drawn> {
    TRY_ASSIGN(const auto now, screen_at(source, std::nullopt));
    return Drawn{now.offset, now.screen.size(), vt::redraw(now.screen, {.reset = true})};
  };
  if (shared_->pool == nullptr) co_return work();
  co_return co_await shared_->pool->run(std::move(work));
}

boost::asio::awaitable<Result<std::unique_ptr<vt::Screen>>> Terminal::screen(ByteOffset at, std::chrono::milliseconds budget) {
  CO_TRY_ASSIGN(auto source, screen_source());
  source.budget = std::min(source.budget, budget);
  auto work = [source = std::move(source), at]() -> Result<std::unique_ptr<vt::Screen>> {
    TRY_ASSIGN(auto then, screen_at(source, at));
    return std::make_unique<vt::Screen>(std::move(then.screen));
  };
  if (shared_->pool == nullptr) co_return work();
  co_return co_await shared_->pool->run(std::move(work));
}

}  // namespace berth::terminals
