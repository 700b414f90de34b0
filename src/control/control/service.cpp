#include "control/service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>

#include "base/check.hpp"
#include "control/permissions.hpp"
#include "control/service_impl.hpp"
#include "crypto/crypto.hpp"
#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "sessions/needs_keys.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::size_t pool_queue = 1024;
constexpr std::size_t home_digest = 12;  // characters that tell the homes of a machine apart

sandboxes::Context context_of(Domain& domain, aio::Pool& pool) {
  const Dependencies& parts = domain.parts;
  const Settings& settings = parts.settings;
  return {.store = parts.store,
          .clock = parts.clock,
          .pool = &pool,
          .log = parts.log,
          .leaves = parts.leaves,
          .options = {.directory = parts.home / "sandboxes",
                      .journals = parts.home / "terminals",
                      .shim = parts.shim,
                      .init = parts.init,
                      .cgroup_parent = "/berth/" + crypto::sha256_hex(parts.home.native()).substr(0, home_digest),
                      .max_per_owner = settings.sandbox_max,
                      .start_timeout = settings.sandbox_start_timeout,
                      .stop_grace = settings.sandbox_stop_grace,
                      .send_buffer_bytes = settings.terminal_send_buffer_bytes,
                      .journal_segment_bytes = settings.terminal_journal_segment_bytes,
                      .journal_sync = settings.terminal_journal_sync},
          .make_keeper = [&domain](std::shared_ptr<sandboxes::Sandbox> sandbox) -> std::shared_ptr<sandboxes::Keeper> {
            return std::make_shared<TerminalHost>(domain, sandbox);
          }};
}

// The first key is made here, unless records need the one that is gone.
Result<crypto::MachineKeys> open_keys(store::Store& store, const std::filesystem::path& dir) {
  boost::asio::io_context context;
  auto asked = boost::asio::co_spawn(
      context, store.read([](store::Reader& reader) { return sessions::needs_keys(reader); }), boost::asio::use_future);
  context.run();
  TRY_ASSIGN(const bool needed, asked.get());
  if (!needed) return crypto::MachineKeys::open(dir);
  auto keys = crypto::MachineKeys::open_existing(dir);
  if (!keys && keys.error().code == Code::NotFound)
    return fail(Code::FailedPrecondition, "The key of this machine is missing, and sessions are sealed with it.",
                "Bring it back: berth secret import FILE, or the directory keys of a backup.");
  return keys;
}

}  // namespace

Result<std::unique_ptr<Service>> Service::open(Dependencies dependencies) {
  BERTH_CHECK(dependencies.runtime != nullptr && dependencies.store != nullptr && dependencies.clock != nullptr &&
              dependencies.templates != nullptr && dependencies.home.is_absolute());
  for (const char* directory : {"sandboxes", "terminals", "snapshots"}) TRY(os::make_private_directory(dependencies.home / directory));
  TRY_ASSIGN(auto keys, open_keys(*dependencies.store, dependencies.home / "keys"));
  dependencies.machine_keys = std::make_shared<const crypto::MachineKeys>(std::move(keys));
  return std::make_unique<ServiceImpl>(std::move(dependencies));
}

ServiceImpl::ServiceImpl(Dependencies dependencies)
    : domain_(std::move(dependencies)),
      pool_("blocking", std::max(1u, domain_.parts.settings.pool_threads), pool_queue),
      sandboxes_(context_of(domain_, pool_), domain_.lanes),
      finder_(domain_, sandboxes_),
      templates_(*domain_.parts.templates, *domain_.parts.store),
      people_(*domain_.parts.store, *domain_.parts.clock),
      expiry_lane_(domain_.lanes.next()),
      expiry_(expiry_lane_->executor(), *domain_.parts.clock, [this] { turn_away_strangers(); }),
      journals_(domain_, pool_),
      rate_({.per_second = domain_.parts.settings.rate_requests_per_second,
             .burst = domain_.parts.settings.rate_burst,
             .keys = domain_.parts.settings.rate_keys},
            *domain_.parts.clock),
      audit_(*domain_.parts.store, *domain_.parts.clock, domain_.parts.log,
             [this](awaitable<void> work) { domain_.lanes.next()->spawn(std::move(work)); },
             {.per_second = std::max(1u, domain_.parts.settings.audit_refusals / 60),
              .burst = domain_.parts.settings.audit_refusals,
              .keys = domain_.parts.settings.rate_keys}),
      jobs_(std::make_shared<jobs::Jobs>(
          jobs::Parts{domain_.parts.store, domain_.parts.clock, domain_.parts.log}, domain_.parts.settings.jobs)),
      timeline_(events::Timeline::open(*domain_.parts.store, domain_.parts.settings.events)),
      room_(session_context()),
      transfers_("transfers", std::max(1u, domain_.parts.settings.snapshot_imports), 0),
      misses_({.per_second = domain_.parts.settings.snapshot_misses_per_second,
               .burst = domain_.parts.settings.snapshot_misses_burst,
               .keys = domain_.parts.settings.rate_keys},
              *domain_.parts.clock),
      snapshots_(snapshot_context()),
      started_(domain_.parts.clock->now()) {
  domain_.pool = &pool_;
  add_housekeeping(*jobs_, domain_, pool_);
  jobs_->handle(snapshots::remove_kind, {.work = [this](store::JobRow job) { return snapshots_.remove_now(std::move(job)); },
                                         .limit = std::chrono::hours{1}});
  domain_.remove_soon = [this](const SandboxId& id) { domain_.lanes.next()->spawn(remove_ended(id)); };
}

awaitable<Result<std::optional<crypto::Secret>>> ServiceImpl::ensure_first_key(KeepKey keep) {
  co_return co_await people_.ensure_first(std::string(local_owner), std::move(keep), audit_.of(AuditTrail::server(), "key.created"));
}

awaitable<Result<>> ServiceImpl::recover() {
  CO_TRY(co_await people_.load());
  CO_TRY(co_await sandboxes_.recover());
  if (auto opened = co_await room_.open(); !opened)  // they stay closed, and every call says why
    domain_.parts.log.error("sessions cannot be opened", {{"error", opened.error()}});
  if (auto opened = co_await snapshots_.open(); !opened)  // the same
    domain_.parts.log.error("snapshots cannot be opened", {{"error", opened.error()}});
  CO_TRY(co_await note_machine_key());
  const auto& lane = domain_.lanes.next();
  CO_TRY(co_await aio::on(lane->executor(), jobs_->start(*lane)));
  ready_ = true;
  domain_.lanes.next()->spawn(journals_.run());
  domain_.lanes.next()->spawn(note_used_keys());
  expiry_lane_->spawn(expiry_.run());
  if (auto collected = co_await templates_.collect(); !collected)
    domain_.parts.log.warning("old templates stay", {{"error", collected.error()}});
  co_return Result<>{};
}

awaitable<void> ServiceImpl::stop(std::chrono::milliseconds limit) {
  stopping_ = true;
  ready_ = false;
  journals_.stop();
  pool_.request_stop();
  snapshots_.close();
  co_await sandboxes_.let_go(limit);
  if (!co_await domain_.lanes.stop(limit)) domain_.parts.log.warning("some work did not end in time");
  if (sandboxes_.live() > 0) co_return;  // they go on
  auto tidied = co_await pool_.run([group = sandboxes_.context().options.cgroup_parent]() -> Result<> {
    TRY_ASSIGN(const auto cgroups, os::Cgroups::find());
    return cgroups.remove(group);
  });
  if (!tidied) domain_.parts.log.debug("cgroup stays", {{"error", tidied.error()}});
}

awaitable<Result<Caller>> ServiceImpl::authenticate(std::string presented_key, std::string address) {
  auto caller = people_.authenticate(presented_key);
  if (caller) co_return caller;
  CO_TRY(rate_.take("unknown\n" + address));
  audit_.refused({.owner = {}, .key = {}, .address = address, .request_id = {}}, "authenticate", address, caller.error().code);
  co_return caller;
}

namespace {

// What a link opens: the look of its own terminal, named by its id.
const TerminalTarget* opened_by_link(const Action& action) {
  if (const auto* attach = std::get_if<AttachTerminal>(&action)) return attach->wish.seat == SeatWish::Never ? &attach->terminal : nullptr;
  if (const auto* screen = std::get_if<GetScreen>(&action)) return &screen->terminal;
  if (const auto* output = std::get_if<ReadOutput>(&action)) return &output->terminal;
  if (const auto* recording = std::get_if<ExportTerminal>(&action)) return &recording->terminal;
  return nullptr;
}

}  // namespace

Result<> check_permission(const Caller& caller, const Action& action) {
  if (caller.only) {
    const auto* target = opened_by_link(action);
    if (target == nullptr || target->text() != caller.only->str())
      return fail(Code::PermissionDenied, "This link shows one terminal and opens nothing else.", "Watch it with seat=read.");
  }
  const auto permission = needed(action);
  if (caller.permissions.has(permission)) return {};
  if (permission == store::Permission::Admin) return fail(Code::PermissionDenied, "Only an administrator may do this.");
  return fail(Code::PermissionDenied, "This key may only look.", "A key with the scope \"run\", of a member, may do more.");
}

Result<> ServiceImpl::admit(const Caller& caller) {
  TRY(rate_.take(caller.key + '\n' + caller.address));
  if (stopping_) return fail(Code::Unavailable, "The server is stopping.");
  if (!ready_) return fail(Code::Unavailable, "The server is starting.", "Try again in a moment.");
  return {};
}

awaitable<Result<Outcome>> ServiceImpl::perform(Caller caller, Action action) {
  const auto began = domain_.parts.clock->steady();
  const std::size_t kind = action.index();
  const std::string request_id = caller.request_id, owner = caller.owner, key = caller.key;
  const Caller refused = caller;
  std::string subject = subject_of(action);  // what is left of it afterwards says nothing
  Result<Outcome> outcome = Done{};
  if (auto admitted = admit(caller); !admitted) {
    outcome = std::unexpected(std::move(admitted).error());
  } else if (auto allowed = check_permission(caller, action); !allowed) {
    outcome = std::unexpected(std::move(allowed).error());
  } else {
    const auto permission = needed(action);
    outcome = co_await std::visit([&](auto& wanted) { return handle(std::move(caller), std::move(wanted)); }, action);
    if (permission == store::Permission::Read && outcome) {  // it may have waited for an hour
      if (auto still = people_.still_allows(key, permission); !still) outcome = std::unexpected(std::move(still).error());
    }
  }
  if (!outcome && (outcome.error().code == Code::PermissionDenied || outcome.error().code == Code::NotFound))
    audit_.refused(refused, action_name(kind), std::move(subject), outcome.error().code);
  const auto took = domain_.parts.clock->steady() - began;
  metrics_.count(kind, outcome ? nullptr : &outcome.error(), took);
  domain_.parts.log.debug("action", {{"request_id", request_id}, {"owner", owner}, {"action", action_name(kind)},
                                     {"ok", outcome.has_value()}, {"took_ms", took}});
  co_return outcome;
}

std::string ServiceImpl::metrics() {
  const auto up = domain_.parts.clock->now() - started_;
  return metrics_.text({.sandboxes = sandboxes_.live(),
                        .terminals = domain_.running,
                        .viewers = domain_.viewers,
                        .event_readers = timeline_->readers(),
                        .rate_buckets = rate_.size(),
                        .uptime_seconds = std::chrono::duration<double>(up).count(),
                        .jobs = jobs_->statistics(),
                        .sessions = room_.statistics(),
                        .audit_unrecorded = audit_.unrecorded()},
                       domain_.parts.store->statistics());
}

awaitable<void> ServiceImpl::note_used_keys() {
  while (!stopping_) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, domain_.parts.settings.keys_used_every);
    const auto [cancelled] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (auto kept = co_await people_.keep_used(); !kept)
      domain_.parts.log.warning("last use of keys not kept", {{"error", kept.error()}});
    if (cancelled) co_return;
  }
}

// Rotation happens on the disk, with the server down or up; it is recorded when the key is first used.
awaitable<Result<>> ServiceImpl::note_machine_key() {
  Caller person = AuditTrail::server();
  person.owner = local_owner;
  co_return co_await domain_.parts.store->write(
      [number = std::to_string(domain_.parts.machine_keys->current()), created = audit_.of(AuditTrail::server(), "secret.created"),
       rotated = audit_.of(person, "secret.rotated")](store::Unit& unit) -> Result<> {
        static constexpr const char* setting = "audit.machine_key";
        TRY_ASSIGN(const auto known, unit.setting(setting));
        if (known == number) return {};
        TRY(unit.put_setting(setting, number));
        return store::write_also(known ? rotated : created, unit, "key " + number);
      });
}

// Its last terminal ended, and it was to go then.
awaitable<void> ServiceImpl::remove_ended(SandboxId id) {
  auto row = co_await domain_.parts.store->read([id](store::Reader& reader) { return reader.sandbox(id); });
  if (!row) co_return;
  if (auto removed = co_await remove_sandbox(AuditTrail::server(), *std::move(row), true); !removed && removed.error().code != Code::NotFound)
    domain_.parts.log.error("sandbox not removed on exit", {{"sandbox", id}, {"error", removed.error()}});
}

}  // namespace berth::control
