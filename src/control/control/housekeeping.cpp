#include "control/housekeeping.hpp"

#include <algorithm>

#include "audit/chain.hpp"
#include "os/file.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::uint32_t terminals_at_once = 100, events_at_once = 2'000;
constexpr std::chrono::hours prune_every{1};

// Damage does not go away by trying again: it is said, and looked for again at the next time.
awaitable<Result<>> check_store(Domain* domain) {
  const auto checked = co_await domain->parts.store->read([](store::Reader& reader) { return reader.check(); });
  if (!checked && checked.error().code == Code::Damaged)
    domain->parts.log.error("the database is damaged", {{"error", checked.error()}});
  co_return checked;
}

awaitable<Result<>> prune_history(Domain* domain, aio::Pool* pool) {
  const WallTime before = domain->parts.clock->now() - domain->parts.settings.history_keep;
  for (;;) {
    CO_TRY_ASSIGN(const auto old, co_await domain->parts.store->read(
                                      [before](store::Reader& reader) { return reader.terminals_ended(before, terminals_at_once); }));
    if (old.empty()) co_return Result<>{};
    CO_TRY(co_await pool->run([old, directory = domain->parts.home / "terminals"]() -> Result<> {
      for (const TerminalId& id : old) TRY(os::remove_tree(directory / id.str()));
      return {};
    }));
    CO_TRY(co_await domain->parts.store->write([old](store::Unit& unit) -> Result<> {
      for (const TerminalId& id : old) TRY(unit.forget_terminal(id));
      return {};
    }));
    domain->parts.log.info("history forgotten", {{"terminals", old.size()}});
  }
}

// In pieces, so that no other write waits long for it.
awaitable<Result<>> prune_events(Domain* domain) {
  const Settings& settings = domain->parts.settings;
  const WallTime before = settings.events_keep.count() > 0 ? domain->parts.clock->now() - settings.events_keep : WallTime{};
  CO_TRY_ASSIGN(const auto cuts, co_await domain->parts.store->read([before, most = settings.events_most](store::Reader& reader) {
    return reader.events_to_forget(before, most);
  }));
  std::uint64_t forgotten = 0;
  for (const store::EventCut& cut : cuts) {
    for (std::uint64_t count = events_at_once; count == events_at_once; forgotten += count) {
      CO_TRY_ASSIGN(count, co_await domain->parts.store->write(
                               [cut](store::Unit& unit) { return unit.forget_events(cut, events_at_once); }));
    }
  }
  if (forgotten > 0) domain->parts.log.info("events forgotten", {{"events", forgotten}});
  co_return Result<>{};
}

// A segment after the other, so that no other write waits long for it.
awaitable<Result<>> trim_audit(Domain* domain) {
  const Settings& settings = domain->parts.settings;
  const std::uint64_t segment = std::min(settings.audit_segment, settings.audit_keep / 2);
  for (bool more = true; more;) {
    CO_TRY_ASSIGN(more, co_await domain->parts.store->write([keep = settings.audit_keep, segment, now = domain->parts.clock->now()](store::Unit& unit) {
      return audit::trim(unit, keep, segment, now);
    }));
    if (more) domain->parts.log.info("the oldest audit records are gone", {{"records", segment}});
  }
  co_return Result<>{};
}

}  // namespace

void add_housekeeping(jobs::Jobs& jobs, Domain& domain, aio::Pool& pool) {
  jobs.handle("store.check", {.work = [&domain](store::JobRow) { return check_store(&domain); },
                              .max_attempts = 1,
                              .limit = std::chrono::hours{6},
                              .every = domain.parts.settings.store_check_every});
  jobs.handle("events.prune", {.work = [&domain](store::JobRow) { return prune_events(&domain); },
                               .limit = std::chrono::hours{1},
                               .every = domain.parts.settings.events_prune});
  jobs.handle("audit.trim", {.work = [&domain](store::JobRow) { return trim_audit(&domain); },
                             .limit = std::chrono::hours{1},
                             .every = domain.parts.settings.audit_trim});
  if (domain.parts.settings.history_keep.count() > 0)
    jobs.handle("history.prune", {.work = [&domain, &pool](store::JobRow) { return prune_history(&domain, &pool); },
                                  .limit = std::chrono::hours{1},
                                  .every = prune_every});
}

}  // namespace berth::control
