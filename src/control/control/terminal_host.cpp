#include "control/terminal_host.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>

#include "aio/deadline.hpp"
#include "control/program.hpp"
#include "crypto/crypto.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using terminals::Terminal;

constexpr std::size_t nonce_bytes = 16;

class LinkOutlet final : public terminals::Outlet {
 public:
  explicit LinkOutlet(std::shared_ptr<link::Link> link) : link_(std::move(link)) {}
  awaitable<Result<>> send(wire::ToShim frame) override { return link_->send(std::move(frame)); }

 private:
  std::shared_ptr<link::Link> link_;
};

Result<std::uint64_t> next_number(store::Reader& reader, const store::TerminalRow& row) {
  TRY_ASSIGN(const auto open, reader.open_commands(row.id));
  if (!open.empty())
    return std::ranges::min(open, {}, &store::CommandRow::number).number;
  TRY_ASSIGN(const auto last, reader.commands({.owner = row.owner, .sandbox = {}, .terminal = row.id}, {.after = {}, .limit = 1}));
  return last.rows.empty() ? 1 : last.rows.front().number + 1;
}

}  // namespace

std::shared_ptr<terminals::Shared> Domain::shared_for(const std::shared_ptr<aio::TaskGroup>& lane) const {
  auto shared = std::make_shared<terminals::Shared>();
  shared->executor = lane->executor();
  shared->store = parts.store;
  shared->clock = parts.clock;
  shared->journals = parts.home / "terminals";
  shared->machine_keys = parts.machine_keys.get();
  shared->settings.chunk_bytes = parts.settings.terminal_chunk_bytes;
  shared->settings.seal = parts.settings.journal_seal;
  shared->settings.record_input = parts.settings.journal_record_input;
  shared->settings.journal_bytes = parts.settings.journal_terminal_bytes;
  shared->settings.checkpoint_bytes = parts.settings.terminal_checkpoint_bytes;
  shared->settings.screen = parts.settings.terminal_screen;
  shared->settings.viewer_window_bytes = parts.settings.terminal_viewer_window_bytes;
  shared->settings.viewer_lag_bytes = parts.settings.terminal_viewer_lag_bytes;
  shared->settings.seat_grace = parts.settings.terminal_seat_grace;
  if (parts.settings.terminal_smallest_size) shared->settings.size_by = terminals::Seats::SizeBy::Smallest;
  shared->pool = pool;
  shared->spawn = [lane](awaitable<void> work) { lane->spawn(std::move(work)); };
  shared->report = [log = parts.log](const Error& error, const TerminalId& id) {
    log.error("terminal", {{"terminal", id}, {"error", error}});
  };
  return shared;
}

TerminalHost::TerminalHost(Domain& domain, const std::shared_ptr<sandboxes::Sandbox>& sandbox)
    : domain_(domain),
      sandbox_(sandbox),
      id_(sandbox->id()),
      owner_(sandbox->owner()),
      remove_on_exit_(sandbox->row().remove_on_exit),
      lane_(sandbox->lane()),
      executor_(lane_->executor()),
      shared_(domain.shared_for(lane_)),
      changed_(executor_) {}

// ---- what an earlier server left ----

Result<TerminalHost::History> TerminalHost::read_rows(store::Reader& reader, const SandboxId& id) {
  TRY_ASSIGN(auto rows, reader.terminals(id));
  History history{.terminals = rows.size(), .running = {}};
  for (auto& row : rows) {
    if (!row.running) continue;
    TRY_ASSIGN(const auto number, next_number(reader, row));
    history.running.push_back({std::move(row), number});
  }
  return history;
}

awaitable<Result<>> TerminalHost::restore() {
  history_known_ = false;
  CO_TRY_ASSIGN(auto history, co_await domain_.parts.store->read([id = id_](store::Reader& reader) { return read_rows(reader, id); }));
  for (auto& [row, number] : history.running) enter(Terminal::restore(shared_, std::move(row), number));
  started_ = history.terminals;
  history_known_ = true;
  co_return Result<>{};
}

// ---- the shim ----

void TerminalHost::attached(std::shared_ptr<link::Link> link, const wire::Welcome& welcome) {
  outlet_ = std::make_shared<LinkOutlet>(link);
  std::unordered_map<std::string_view, const wire::TerminalState*> known;
  for (const auto& state : welcome.terminals()) known.emplace(state.terminal_id(), &state);
  for (const auto& terminal : all()) {
    const auto found = known.find(terminal->row().id.str());
    terminal->on_attached(outlet_, found == known.end() ? nullptr : found->second);
  }
  // Started by a server that died before its row was written: nobody was told of it.
  for (const auto& [terminal, state] : known)
    if (history_known_ && state->running() && !terminals_.contains(std::string(terminal))) lane_->spawn(kill_unknown(link, std::string(terminal)));
  consider_removal();
}

awaitable<void> TerminalHost::kill_unknown(std::shared_ptr<link::Link> link, std::string terminal) {
  wire::ToShim frame;
  frame.mutable_signal()->set_terminal_id(std::move(terminal));
  frame.mutable_signal()->set_signal(SIGKILL);
  frame.mutable_signal()->set_group(true);
  (void)co_await link->send(std::move(frame));
}

void TerminalHost::frame(wire::FromShim frame) {
  const auto find = [this](const std::string& id) -> std::shared_ptr<Terminal> {
    const auto found = terminals_.find(id);
    return found == terminals_.end() ? nullptr : found->second;
  };
  using Kind = wire::FromShim::MessageCase;
  switch (frame.message_case()) {
    case Kind::kOutput:
      if (const auto terminal = find(frame.output().terminal_id())) terminal->on_output(std::move(*frame.mutable_output()));
      return;
    case Kind::kInputAck:
      if (const auto terminal = find(frame.input_ack().terminal_id())) terminal->on_input_ack(frame.input_ack());
      return;
    case Kind::kStarted:
      if (const auto terminal = find(frame.started().terminal_id())) terminal->on_started(frame.started());
      return;
    case Kind::kStartFailed:
      if (const auto terminal = find(frame.start_failed().terminal_id())) terminal->on_start_failed(frame.start_failed());
      return;
    case Kind::kExit:
      if (const auto terminal = find(frame.exit().terminal_id())) terminal->on_exit(frame.exit());
      return;
    case Kind::kJournalFailed:
      domain_.parts.log.error("journal not written; its program waits",
                              {{"terminal", frame.journal_failed().terminal_id()},
                               {"error", fail_errno(frame.journal_failed().sys_errno(), "append").error()}});
      return;
    default: return;  // of a later version, or not ours
  }
}

awaitable<void> TerminalHost::ended(std::string reason) {
  const auto self = shared_from_this();
  outlet_.reset();
  for (const auto& terminal : all()) terminal->on_sandbox_ended(reason);
  const auto settled = [](std::shared_ptr<TerminalHost> host) -> awaitable<Result<>> {
    while (host->running_ > 0) CO_TRY(co_await host->changed_.wait());
    co_return Result<>{};
  };
  if (auto done = co_await aio::with_deadline(settled(self), settle_limit, "The rows of its terminals were not written in time."); !done)
    domain_.parts.log.error("sandbox ended", {{"sandbox", id_}, {"error", done.error()}});
  consider_removal();
}

// ---- starting and ending ----

awaitable<Result<std::shared_ptr<Terminal>>> TerminalHost::start(StartTerminal wanted, store::Also also) {
  const auto self = shared_from_this();
  const auto sandbox = sandbox_.lock();
  if (!sandbox || !outlet_) co_return fail(Code::FailedPrecondition, "The sandbox does not run.");
  CO_TRY(sandbox->link());
  const auto most = domain_.parts.settings.terminal_max;
  if (running_ >= most)
    co_return fail(Code::ResourceExhausted, fmt::format("There are {} terminals in this sandbox already.", running_),
                   "End one, or raise terminal.max.");
  store::TerminalRow row{.id = crypto::new_id<TerminalId>(),
                         .sandbox = id_,
                         .owner = owner_,
                         .kind = wanted.kind,
                         .argv = wanted.argv,
                         .cwd = wanted.cwd.empty() ? std::string(workspace) : wanted.cwd,
                         .size = wanted.size,
                         .created = domain_.parts.clock->now(),
                         .name = wanted.name};
  if (!row.name.empty()) CO_TRY(co_await check_free(row.name));
  if (is_integrated_shell(wanted)) row.nonce = crypto::random_hex(nonce_bytes);
  auto process = make_process(row, sandbox->environment(), wanted.env);
  const auto terminal = Terminal::create(shared_, std::move(row), std::move(also));
  looked_at_ = false;
  enter(terminal);
  CO_TRY(co_await terminal->start(outlet_, std::move(process)));
  co_return terminal;
}

// A friendly answer before anything is started; that a name is unique the store sees to.
awaitable<Result<>> TerminalHost::check_free(std::string name) {
  const auto there = co_await domain_.parts.store->read(
      [id = id_, name](store::Reader& reader) { return reader.terminal_named(id, name); });
  if (there)
    co_return fail(Code::AlreadyExists, "A terminal of this sandbox has this name already.",
                   "Rename that one, also when it has ended, or take another name.");
  if (there.error().code != Code::NotFound) co_return std::unexpected(there.error());
  co_return Result<>{};
}

void TerminalHost::enter(const std::shared_ptr<Terminal>& terminal) {
  const TerminalId id = terminal->row().id;
  if (!shared_->told) shared_->told = [host = weak_from_this()](const TerminalId& ended) {
    if (const auto self = host.lock()) self->told(ended);
  };
  terminals_.emplace(id.str(), terminal);
  domain_.index.put(id, {owner_, terminal, weak_from_this()});
  ++running_;
  ++started_;
  ++domain_.running;
}

void TerminalHost::told(const TerminalId& id) {
  --running_;
  --domain_.running;
  ended_ids_.push_back(id);
  while (ended_ids_.size() > (remove_on_exit_ ? kept_ended : 0)) {
    domain_.index.erase(ended_ids_.front());
    terminals_.erase(ended_ids_.front().str());
    ended_ids_.pop_front();
  }
  changed_.notify();
  consider_removal();
}

std::vector<std::shared_ptr<Terminal>> TerminalHost::all() const {
  std::vector<std::shared_ptr<Terminal>> out;
  out.reserve(terminals_.size());
  for (const auto& [id, terminal] : terminals_) out.push_back(terminal);
  return out;
}

// ---- removal on exit ----

void TerminalHost::viewer_came() {
  ++viewers_;
  looked_at_ = true;
  ++domain_.viewers;
}

void TerminalHost::viewer_left() {
  --viewers_;
  --domain_.viewers;
  consider_removal();
}

void TerminalHost::consider_removal() {
  if (!remove_on_exit_ || removing_ || started_ == 0 || running_ > 0 || viewers_ > 0) return;
  if (looked_at_) {
    removing_ = true;
    domain_.remove_soon(id_);
    return;
  }
  lane_->spawn(remove_later(weak_from_this(), started_));
}

awaitable<void> TerminalHost::remove_later(std::weak_ptr<TerminalHost> weak, std::size_t started) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, linger);
  const auto [stopped] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  const auto self = weak.lock();
  if (stopped || !self || self->started_ != started) co_return;
  self->looked_at_ = true;  // nobody came
  self->consider_removal();
}

}  // namespace berth::control
