#include "sandboxes/sandbox.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

#include "aio/deadline.hpp"
#include "events/told.hpp"
#include "sandboxes/insist.hpp"

namespace berth::sandboxes {
namespace {

using boost::asio::awaitable;
using store::SandboxState;

constexpr std::chrono::seconds welcome_margin{5};    // beyond the shim's own deadline for its runtime
constexpr std::chrono::milliseconds shortest_wait{10}, longest_wait{500};

awaitable<bool> cancelled() {
  co_return (co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none;
}

awaitable<void> pause_for(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

Error start_error(const wire::SandboxExit& exit) {
  Error error{.code = Code::Internal, .message = "The sandbox could not be started.", .operation = "shim", .subject = exit.code()};
  if (!exit.reason().empty()) error.message = "The sandbox could not be started: " + exit.reason();
  for (const Code code : {Code::NoSpace, Code::Timeout, Code::ResourceExhausted, Code::Unsupported, Code::FailedPrecondition})
    if (to_string(code) == exit.code()) error.code = code;
  return error;
}

}  // namespace

Sandbox::Sandbox(const Context& context, store::SandboxRow row, std::shared_ptr<aio::TaskGroup> lane, Gone gone)
    : context_(context),
      id_(row.id),
      owner_(row.owner),
      name_(row.name),
      lane_(std::move(lane)),
      gone_(std::move(gone)),
      log_(context.log.with({{"sandbox", row.id}})),
      row_(std::move(row)),
      cgroup_(context.options.cgroup_parent + "/" + id_.str()),
      changed_(lane_->executor()) {}

// The shim outlives us.
Sandbox::~Sandbox() {
  if (shim_.running()) (void)shim_.release();
}

Result<std::shared_ptr<link::Link>> Sandbox::link() const {
  if (row_.state == SandboxState::Paused || paused_)
    return fail(Code::FailedPrecondition, "The sandbox is paused.", "Resume it first.");
  if (row_.state != SandboxState::Running || ended_) return fail(Code::FailedPrecondition, "The sandbox does not run.");
  if (!link_ || !link_->open()) return fail(Code::Unavailable, "The sandbox cannot be reached at the moment.");
  return link_;
}

// ---- starting ----

awaitable<Result<>> Sandbox::start(wire::ShimSpec spec) {
  const auto self = shared_from_this();
  keeper_ = context_.make_keeper(self);
  secret_ = spec.secret();
  for (const auto& variable : spec.env()) environment_[variable.name()] = variable.value();
  auto greeted = co_await greet(std::move(spec));
  if (!greeted) {
    log_.error("sandbox did not start", {{"error", greeted.error()}});
    co_await abandon(greeted.error());
    co_return greeted;
  }
  serving_ = true;
  lane_->spawn(serve(self));
  log_.info("sandbox started", {{"name", name_}, {"runtime", row_.runtime}});
  co_return Result<>{};
}

awaitable<Result<>> Sandbox::greet(wire::ShimSpec spec) {
  auto launched = co_await context_.pool->run(
      [shim = context_.options.shim, spec = std::move(spec)]() { return launch_shim(shim, spec); });
  if (!launched) {
    Error error = std::move(launched).error();
    if (error.code == Code::NotFound || error.code == Code::PermissionDenied || error.code == Code::AlreadyExists) {
      error.code = Code::Internal;  // ours, not the caller's
      error.message = "The sandbox could not be started.";
    }
    co_return std::unexpected(std::move(error));
  }
  shim_ = std::move(launched->process);
  CO_TRY_ASSIGN(auto link, link::Link::adopt(executor(), std::move(launched->link), {}));
  CO_TRY_ASSIGN(auto first, co_await link->welcome(context_.options.start_timeout + welcome_margin));
  if (auto* exit = std::get_if<wire::SandboxExit>(&first)) co_return std::unexpected(start_error(*exit));
  const auto& welcome = std::get<wire::Welcome>(first);
  CO_TRY(co_await record_start(WallTime{std::chrono::nanoseconds{welcome.started_ns()}}));
  attach(std::move(link), welcome);
  co_return Result<>{};
}

awaitable<Result<>> Sandbox::record_start(WallTime started) {
  auto row = row_;
  row.state = SandboxState::Running;
  row.started = started;
  co_return co_await write_row(std::move(row));
}

void Sandbox::attach(std::shared_ptr<link::Link> link, const wire::Welcome& welcome) {
  link_ = std::move(link);
  if (shim_.running()) (void)shim_.try_wait();  // what made the daemon has ended by now
  if (!welcome.cgroup().empty()) cgroup_ = welcome.cgroup();
  paused_ = welcome.paused();
  keeper_->attached(link_, welcome);
}

awaitable<void> Sandbox::readopt() {
  const auto self = shared_from_this();
  keeper_ = context_.make_keeper(self);
  auto spec = co_await insist(*context_.pool, [dir = directory()]() { return Result<std::optional<wire::ShimSpec>>{read_spec(dir)}; });
  Found found = Found::Dead;
  if (auto restored = co_await keeper_->restore(); !restored) log_.error("terminals not restored", {{"error", restored.error()}});
  if (spec && *spec) {
    secret_ = (*spec)->secret();
    for (const auto& variable : (*spec)->env()) environment_[variable.name()] = variable.value();
    found = co_await reconnect(context_.options.reconnect_timeout, row_.state == SandboxState::Provisioning);
  }
  if (found == Found::Attached && row_.state == SandboxState::Provisioning) {
    if (auto recorded = co_await record_start(context_.clock->now()); !recorded)
      log_.error("row not written", {{"error", recorded.error()}});
  }
  if (found == Found::Attached) co_await agree_on_pause();
  log_.info("sandbox of an earlier server", {{"name", name_}, {"found", found != Found::Dead}, {"answers", found == Found::Attached}});
  serving_ = found == Found::Attached || found == Found::Silent;
  if (serving_) lane_->spawn(serve(self));
  else if (found == Found::Dead && row_.state == SandboxState::Provisioning) co_await abandon(std::nullopt);
  else if (found == Found::Dead) co_await finish();
}

// ---- running ----

awaitable<void> Sandbox::serve(std::shared_ptr<Sandbox> self) {
  for (;;) {
    if (self->link_ && self->link_->open()) {
      const Error why = co_await self->link_->run([raw = self.get()](wire::FromShim frame) { raw->take(std::move(frame)); });
      if (co_await cancelled()) co_return;
      if (self->told_) break;
      if (self->leaving_) {
        self->changed_.notify();
        co_return;
      }
      self->log_.warning("connection to the shim was lost", {{"error", why}});
    }
    // A shim that lives and is silent is waited for: its sandbox goes on.
    const Found found = co_await self->reconnect(self->context_.options.reconnect_timeout, false);
    self->serving_ = found != Found::Foreign;
    if (co_await cancelled() || !self->serving_) co_return;
    if (found == Found::Dead) break;
    if (found == Found::Attached) co_await self->agree_on_pause();
  }
  co_await self->finish();
}

awaitable<void> Sandbox::let_go(std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  leaving_ = true;
  if (auto parted = co_await aio::with_deadline(part(), limit, "The shim did not take all in time."); !parted)
    log_.warning("not all that was sent may have come in", {{"error", parted.error()}});
}

awaitable<Result<>> Sandbox::part() {
  const auto link = link_;
  if (!link || !link->open()) co_return Result<>{};
  CO_TRY(co_await link->finish());
  while (link->open()) CO_TRY(co_await changed_.wait());
  co_return Result<>{};
}

void Sandbox::take(wire::FromShim frame) {
  if (frame.has_sandbox_exit()) told_ = std::move(*frame.mutable_sandbox_exit());
  else keeper_->frame(std::move(frame));
}

awaitable<Sandbox::Found> Sandbox::reconnect(std::chrono::milliseconds limit, bool wait_for_record) {
  struct Seen { std::optional<ShimRecord> record; bool alive = false; };
  const auto until = context_.clock->steady() + limit;
  for (auto wait = shortest_wait;; wait = std::min(wait * 2, longest_wait)) {
    auto seen = co_await insist(*context_.pool, [dir = directory()]() -> Result<Seen> {
      Seen now{.record = read_shim_record(dir)};
      now.alive = now.record && now.record->process.verify();
      return now;
    });
    if (!seen || (!seen->alive && (seen->record || !wait_for_record))) co_return Found::Dead;
    if (seen->alive) {
      if (!seen->record->cgroup.empty()) cgroup_ = seen->record->cgroup;
      auto connected = co_await connect(std::max<std::chrono::milliseconds>(
          std::chrono::ceil<std::chrono::milliseconds>(until - context_.clock->steady()), shortest_wait));
      if (connected) co_return Found::Attached;
      if (told_) co_return Found::Dead;
      log_.warning("shim not reached", {{"error", connected.error()}});
      if (connected.error().code == Code::Unsupported) co_return Found::Foreign;
    }
    if (context_.clock->steady() + wait > until || co_await cancelled()) co_return seen->alive ? Found::Silent : Found::Dead;
    co_await pause_for(wait);
  }
}

awaitable<void> Sandbox::agree_on_pause() {
  if (row_.state != SandboxState::Running && row_.state != SandboxState::Paused) co_return;
  auto row = row_;
  row.state = paused_ ? SandboxState::Paused : SandboxState::Running;
  if (row.state == row_.state) co_return;
  if (auto written = co_await write_row(std::move(row)); !written) log_.error("row not written", {{"error", written.error()}});
}

awaitable<Result<>> Sandbox::connect(std::chrono::milliseconds limit) {
  CO_TRY_ASSIGN(auto link, co_await link::Link::connect(directory() / "shim.sock", secret_, {}));
  CO_TRY_ASSIGN(auto first, co_await link->welcome(limit));
  if (auto* exit = std::get_if<wire::SandboxExit>(&first)) {
    told_ = std::move(*exit);
    co_return fail(Code::Unavailable, "The sandbox has ended.");
  }
  attach(std::move(link), std::get<wire::Welcome>(first));
  co_return Result<>{};
}

awaitable<Result<store::SandboxRow>> Sandbox::set_paused(bool paused, store::Also also) {
  const auto self = shared_from_this();
  const auto wanted = paused ? SandboxState::Paused : SandboxState::Running;
  if (row_.state == wanted && paused_ == paused && !ended_) co_return row_;
  if (ended_ || (row_.state != SandboxState::Running && row_.state != SandboxState::Paused))
    co_return fail(Code::FailedPrecondition, "The sandbox does not run.");
  if (!link_ || !link_->open()) co_return fail(Code::Unavailable, "The sandbox cannot be reached at the moment.");
  if (paused_ != paused) CO_TRY(co_await link_->pause(paused));
  paused_ = paused;
  auto row = row_;
  row.state = wanted;
  CO_TRY(co_await write_row(std::move(row), std::move(also)));
  co_return row_;
}

awaitable<Result<os::CgroupUsage>> Sandbox::usage() {
  if (ended_ || row_.state == SandboxState::Provisioning)
    co_return fail(Code::FailedPrecondition, "The sandbox does not run.");
  co_return co_await context_.pool->run([group = cgroup_]() -> Result<os::CgroupUsage> {
    TRY_ASSIGN(const auto cgroups, os::Cgroups::find());
    return cgroups.usage(group);
  });
}

// Writes of one row follow each other: each expects the state that the one before it left.
awaitable<Result<>> Sandbox::write_row(store::SandboxRow row, store::Also also) {
  while (writing_) CO_TRY(co_await changed_.wait());
  writing_ = true;
  auto written = co_await context_.store->write(
      [row, also, expected = row_.state, now = context_.clock->now()](store::Unit& unit) -> Result<> {
        TRY(events::update_sandbox(unit, row, expected, now));
        return store::write_also(also, unit, row.id.str());
      });
  writing_ = false;
  changed_.notify();
  if (written) row_ = std::move(row);
  co_return written;
}

}  // namespace berth::sandboxes
