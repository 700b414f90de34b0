#include "sandboxes/sandbox.hpp"

#include <signal.h>

#include <boost/asio/steady_timer.hpp>

#include <utility>

#include "aio/deadline.hpp"
#include "events/told.hpp"
#include "os/file.hpp"
#include "sandboxes/insist.hpp"

namespace berth::sandboxes {
namespace {

using boost::asio::awaitable;
using store::SandboxState;

constexpr std::chrono::seconds clear_limit{30};  // from the kill to the last trace
constexpr std::chrono::seconds retry_row{1};

}  // namespace

awaitable<Result<store::SandboxRow>> Sandbox::stop(std::chrono::milliseconds grace, store::Also also) {
  const auto self = shared_from_this();
  if (!ended_ && row_.state == SandboxState::Provisioning)
    co_return fail(Code::FailedPrecondition, "The sandbox is still starting.", "Try again in a while.");
  stopping_ = true;
  if (also) asked_ = std::move(also);
  if (!ended_ && link_ && link_->open()) {
    wire::ToShim frame;
    frame.mutable_stop()->set_grace_ms(static_cast<std::uint32_t>(grace.count()));
    (void)co_await link_->send(std::move(frame));  // a lost connection is serve()'s business
  }
  const bool reachable = serving_ || ended_;
  if (!reachable || !co_await wait_ended(grace + context_.options.stop_margin)) {
    log_.warning("sandbox did not stop in time and is killed");
    forced_ = true;
    co_await kill();
    if (!std::exchange(serving_, true)) co_await finish();
    else (void)co_await wait_ended(clear_limit);
  }
  if (!ended_) co_return fail(Code::Timeout, "The sandbox did not stop in time.");
  if (row_.state == SandboxState::Running || row_.state == SandboxState::Paused)
    co_return fail(Code::Unavailable, "The sandbox has stopped, but this could not be recorded yet.");
  co_return row_;
}

awaitable<bool> Sandbox::wait_ended(std::chrono::milliseconds limit) {
  const auto ended = [](std::shared_ptr<Sandbox> self) -> awaitable<Result<>> {
    while (!self->ended_) CO_TRY(co_await self->changed_.wait());
    co_return Result<>{};
  };
  (void)co_await aio::with_deadline(ended(shared_from_this()), limit, "The sandbox did not end in time.");
  co_return ended_;
}

// The connection ends with the shim; serve() does the rest.
awaitable<void> Sandbox::kill() {
  if (shim_.running()) (void)shim_.kill(SIGKILL);
  (void)co_await insist(*context_.pool, [dir = directory()]() -> Result<> {
    const auto record = read_shim_record(dir);
    if (!record) return {};
    TRY_ASSIGN(const auto pidfd, record->process.open());
    return os::signal_pidfd(pidfd.get(), SIGKILL);
  });
  if (link_) link_->close();
}

awaitable<void> Sandbox::clear() {
  auto child = std::make_shared<os::Process>(std::exchange(shim_, {}));
  auto cleared = co_await insist(*context_.pool, [dir = directory(), group = cgroup_, child, leaves = context_.leaves]() -> Result<> {
    end_shim(dir, *child);
    return leaves.remove_traces(dir, group);
  });
  if (!cleared) log_.error("traces of the sandbox stay", {{"error", cleared.error()}});
}

awaitable<Sandbox::End> Sandbox::how_it_ended() {
  std::optional<ExitRecord> record;
  if (told_)
    record = ExitRecord{told_->code(), told_->reason(), WallTime{std::chrono::nanoseconds{told_->time_ns()}}};
  else if (auto read = co_await insist(*context_.pool, [dir = directory()]() { return Result<std::optional<ExitRecord>>{read_exit_record(dir)}; }))
    record = std::move(*read);
  if (forced_) co_return End{"killed", "It did not stop in time and was killed.", std::nullopt};
  if (record) co_return End{std::move(record->code), std::move(record->reason), record->time};
  if (stopping_) co_return End{"stopped", "It was stopped.", std::nullopt};
  co_return End{"shim_died", "Its shim ended unexpectedly, and the sandbox with it.", std::nullopt};
}

awaitable<void> Sandbox::finish() {
  if (link_) link_->close();
  co_await clear();
  End end = co_await how_it_ended();
  auto row = row_;
  row.state = stopping_ || end.code == "stopped" ? SandboxState::Stopped : SandboxState::Failed;
  row.reason_code = end.code;
  row.reason = end.reason;
  row.ended = end.time.value_or(context_.clock->now());
  log_.info("sandbox ended", {{"code", row.reason_code}, {"reason", row.reason}});
  co_await keeper_->ended(row.state == SandboxState::Stopped ? "The sandbox was stopped." : "The sandbox failed: " + row.reason);
  auto written = co_await write_row(row, asked_);
  set_ended();
  while (!written) {  // a full disk: what ended must not run in the list for ever
    log_.error("row not written", {{"error", written.error()}});
    const Code code = written.error().code;
    if (code != Code::NoSpace && code != Code::ResourceExhausted && code != Code::Internal) break;
    boost::asio::steady_timer wait(executor(), retry_row);
    const auto [stopped] = co_await wait.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (stopped) break;
    written = co_await write_row(row, asked_);
  }
  gone_(id_);
}

awaitable<void> Sandbox::abandon(std::optional<Error> why) {
  if (link_) link_->close();
  co_await clear();
  if (auto removed = co_await insist(*context_.pool, [dir = directory()]() { return os::remove_tree(dir); }); !removed)
    log_.error("directory stays", {{"error", removed.error()}});
  Result<> written;
  if (why && !row_.remove_on_exit) {
    auto row = row_;
    row.state = SandboxState::Failed;
    row.reason_code = to_string(why->code);
    row.reason = why->message;
    row.ended = context_.clock->now();
    written = co_await write_row(std::move(row));
  } else {
    written = co_await context_.store->write(
        [id = id_, now = context_.clock->now()](store::Unit& unit) { return events::remove_sandbox(unit, id, now); });
  }
  if (!written) log_.error("row not written", {{"error", written.error()}});
  set_ended();
  gone_(id_);
}

void Sandbox::set_ended() {
  ended_ = true;
  changed_.notify();
}

}  // namespace berth::sandboxes
