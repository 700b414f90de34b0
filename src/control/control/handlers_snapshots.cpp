// Snapshots and visits: who is turned away, what is told and recorded; the rest is the room's.

#include "audit/chain.hpp"
#include "control/recordings.hpp"
#include "control/service_impl.hpp"
#include "events/told.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::uint32_t page_limit = 100;

snapshots::Who who(const Caller& caller, SnapshotChange change = {}) {
  return {.owner = caller.owner, .key = caller.key, .client = std::move(change.client), .once = std::move(change.once),
          .request = caller.request_id};
}

snapshots::Look look(const Caller& caller, SnapshotTarget target, SnapshotChange change = {}) {
  return {.who = who(caller, std::move(change)), .id = std::move(target.snapshot), .token = std::move(target.token)};
}

Result<> check_limit(std::uint32_t limit) {
  if (limit >= 1 && limit <= page_limit) return {};
  return fail(Code::InvalidArgument, "The limit must be from 1 to 100.");
}

class Pooled final : public SnapshotStream {
 public:
  Pooled(aio::Pool& pool, std::string name, bool bundle, snapshots::Pieces next)
      : pool_(pool), name_(std::move(name)), bundle_(bundle), next_(std::move(next)) {}
  [[nodiscard]] bool bundle() const override { return bundle_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  awaitable<Result<std::optional<std::string>>> next() override {
    co_return co_await pool_.run([next = next_] { return next(); });  // a copy of the same: also the pool's, when who asked has gone
  }

 private:
  aio::Pool& pool_;
  std::string name_;
  bool bundle_;
  snapshots::Pieces next_;
};

}  // namespace

snapshots::Context ServiceImpl::snapshot_context() {
  const auto& parts = domain_.parts;
  return {.store = parts.store, .clock = parts.clock, .pool = &pool_, .transfers = &transfers_, .sessions = &room_, .log = parts.log,
          .dir = parts.home / "snapshots", .keys = parts.home / "keys", .known_signers = parts.home / "known_signers",
          .signer = parts.settings.snapshot_signer,
          .recording = [this](const store::TerminalRow& row) -> Result<snapshots::Pieces> {
            TRY_ASSIGN(auto opened, open_recording(domain_, row, RecordingFormat::Cast3, {}));
            return [recording = std::shared_ptr<terminals::Recording>(std::move(opened))] { return recording->next(); };
          },
          .workspace = [home = parts.home](const std::string& sandbox) { return home / "sandboxes" / sandbox / "workspace"; },
          .record = [clock = parts.clock](store::Unit& unit, const store::SnapshotRow& row, const std::string& what,
                                          const snapshots::Who& by) -> Result<> {
            const WallTime now = clock->now();
            if (what != "opened") TRY(events::snapshot_changed(unit, row, what, by.owner, now));  // a look changes nothing
            return audit::append(unit, {.time = now, .actor = by.owner, .key = by.key, .action = "snapshot." + what,
                                        .subject = row.id.str(), .request = by.request});
          },
          .refused = [clock = parts.clock](store::Unit& unit, const SnapshotId& id, const snapshots::Who& by) {
            return audit::append(unit, {.time = clock->now(), .actor = by.owner, .key = by.key, .action = "snapshot.refused",
                                        .subject = id.str(), .outcome = "not_found", .request = by.request});
          },
          .before = {}, .limits = parts.settings.snapshots};
}

// Taken before the work and given back when it counted for nothing: so a thousand at once are no way around it.
template <class T>
awaitable<Result<T>> ServiceImpl::guarded(std::string address, awaitable<Result<T>> work) {
  const std::string key = "snapshots\n" + address;
  CO_TRY(misses_.take(key));
  auto out = co_await std::move(work);
  if (out || out.error().code != Code::NotFound) misses_.give_back(key);
  co_return out;
}

// ---- making ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CreateSnapshot action) {
  CO_TRY_ASSIGN(auto made, co_await snapshots_.create(who(caller, std::move(action.change)), std::move(action.wanted)));
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, DeriveSnapshot action) {
  CO_TRY_ASSIGN(auto made, co_await guarded(caller.address, snapshots_.derive(who(caller, std::move(action.change)), action.snapshot,
                                                                              std::move(action.wanted))));
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ImportSnapshot action) {
  CO_TRY_ASSIGN(auto received, co_await snapshots_.receive(who(caller, std::move(action.change)), std::move(action.source),
                                                           std::move(action.title)));
  co_return Outcome{std::move(received)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RemoveSnapshot action) {
  CO_TRY(co_await guarded(caller.address, snapshots_.remove(who(caller), action.snapshot)));
  jobs_->wake();
  co_return Outcome{Done{}};
}

// ---- reading ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListSnapshots action) {
  CO_TRY(check_limit(action.limit));
  action.filter.owner = caller.owner;
  CO_TRY_ASSIGN(auto page, co_await snapshots_.list(std::move(action.filter), std::move(action.after), action.limit));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetSnapshot action) {
  CO_TRY_ASSIGN(auto view, co_await guarded(caller.address, snapshots_.get(look(caller, std::move(action.target)))));
  co_return Outcome{std::move(view)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ReadPart action) {
  CO_TRY_ASSIGN(auto part, co_await guarded(caller.address, snapshots_.part(look(caller, std::move(action.target)), std::move(action.name))));
  co_return Outcome{std::shared_ptr<SnapshotStream>(std::make_shared<Pooled>(pool_, part.name, false, std::move(part.next)))};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ExportSnapshot action) {
  const std::string name = action.target.snapshot.str();
  CO_TRY_ASSIGN(auto bundle, co_await guarded(caller.address, snapshots_.bundle(look(caller, std::move(action.target)))));
  co_return Outcome{std::shared_ptr<SnapshotStream>(std::make_shared<Pooled>(pool_, name, true, std::move(bundle.next)))};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CopySnapshot action) {
  CO_TRY_ASSIGN(auto made, co_await guarded(caller.address, snapshots_.copy(look(caller, std::move(action.target), std::move(action.change)),
                                                                            std::move(action.title))));
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, VerifySnapshot action) {
  CO_TRY_ASSIGN(auto row, co_await guarded(caller.address, snapshots_.verify(who(caller), action.snapshot)));
  co_return Outcome{std::move(row)};
}

// ---- sharing ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ScanSnapshot action) {
  CO_TRY_ASSIGN(auto found, co_await guarded(caller.address, snapshots_.scan(who(caller), action.snapshot)));
  co_return Outcome{std::move(found)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ShareSnapshot action) {
  CO_TRY_ASSIGN(auto shared, co_await guarded(caller.address, snapshots_.share(who(caller), action.snapshot, std::move(action.wanted))));
  co_return Outcome{std::move(shared)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, UnshareSnapshot action) {
  CO_TRY_ASSIGN(auto row, co_await guarded(caller.address, snapshots_.unshare(who(caller), action.snapshot, action.access)));
  co_return Outcome{std::move(row)};
}

// ---- visits ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, VisitSnapshot action) {
  CO_TRY_ASSIGN(auto visited, co_await guarded(caller.address, snapshots_.visit(look(caller, std::move(action.target)))));
  co_return Outcome{std::move(visited)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListVisits action) {
  CO_TRY(check_limit(action.limit));
  action.filter.visitor = caller.owner;
  CO_TRY_ASSIGN(auto page, co_await snapshots_.visits(std::move(action.filter), std::move(action.after), action.limit));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ForgetVisit action) {
  CO_TRY(co_await snapshots_.hide_visit(who(caller), action.snapshot));
  co_return Outcome{Done{}};
}

}  // namespace berth::control
