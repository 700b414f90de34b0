// Sessions: whose they are, which version a change was made from; the rest is the room's.

#include "audit/chain.hpp"
#include "control/service_impl.hpp"
#include "events/told.hpp"
#include "os/file.hpp"

namespace berth::control {
namespace {

constexpr std::uint32_t page_limit = 100;

sessions::Who who(const Caller& caller, std::string client, std::string once = {}) {
  return {.owner = caller.owner, .key = caller.key, .client = std::move(client), .once = std::move(once),
          .request = caller.request_id};
}
sessions::Who who(const Caller& caller, const SessionChange& change) { return who(caller, change.client, change.once); }

Result<> check_version(const SessionChange& change) {
  if (change.from) return {};
  return fail(Code::VersionRequired, "The change does not say from which version it was made.",
              "Send the version that you read as If-Match: \"7\".");
}

Result<> check_limit(std::uint32_t limit) {
  if (limit >= 1 && limit <= page_limit) return {};
  return fail(Code::InvalidArgument, "The limit must be from 1 to 100.");
}

}  // namespace

sessions::Context ServiceImpl::session_context() {
  return {.store = domain_.parts.store,
          .clock = domain_.parts.clock,
          .pool = &pool_,
          .lanes = &domain_.lanes,
          .log = domain_.parts.log,
          .keys = domain_.parts.home / "keys",
          .workspace = [home = domain_.parts.home](const std::string& sandbox) -> Result<store::WorkspaceMark> {
            TRY_ASSIGN(const auto state, os::stat_no_follow(home / "sandboxes" / sandbox / "workspace"));
            return store::WorkspaceMark{.device = state.st_dev, .inode = state.st_ino, .owner = state.st_uid, .mode = state.st_mode};
          },
          .record = [clock = domain_.parts.clock](store::Unit& unit, const store::SessionRow& row, const std::string& what,
                                                  const sessions::Who& by) -> Result<> {
            const WallTime now = clock->now();
            TRY(events::session_changed(unit, row, what, now));
            return audit::append(unit, {.time = now, .actor = by.owner, .key = by.key, .action = "session." + what,
                                        .subject = row.id.str(), .request = by.request});
          },
          .limits = domain_.parts.settings.sessions};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CreateSession action) {
  if (!action.wanted.sandbox.empty()) {
    CO_TRY_ASSIGN(const auto row, co_await finder_.row(caller.owner, action.wanted.sandbox));
    action.wanted.sandbox = row.id.str();
  }
  CO_TRY_ASSIGN(auto made, co_await room_.create(who(caller, action.client, action.once), std::move(action.wanted)));
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CopySession action) {
  CO_TRY_ASSIGN(auto made, co_await room_.copy(who(caller, action.client, action.once), action.session, std::move(action.title)));
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, DescribeSession action) {
  CO_TRY_ASSIGN(auto row, co_await room_.describe(caller.owner, action.session));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetSession action) {
  CO_TRY_ASSIGN(auto content, co_await room_.get(caller.owner, action.session, action.version));
  co_return Outcome{std::move(content)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListSessions action) {
  CO_TRY(check_limit(action.limit));
  action.filter.owner = caller.owner;
  CO_TRY_ASSIGN(auto page, co_await room_.list(std::move(action.filter), std::move(action.after), action.limit));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ReplaceSession action) {
  CO_TRY(check_version(action.change));
  CO_TRY_ASSIGN(auto row, co_await room_.replace(who(caller, action.change), action.change.session, action.change.from,
                                                 std::move(action.document)));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, PatchSession action) {
  CO_TRY(check_version(action.change));
  CO_TRY_ASSIGN(auto row, co_await room_.patch(who(caller, action.change), action.change.session, action.change.from, action.form,
                                               std::move(action.patch)));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RenameSession action) {
  CO_TRY(check_version(action.change));
  CO_TRY_ASSIGN(auto row, co_await room_.rename(who(caller, action.change), action.change.session, action.change.from,
                                                std::move(action.details)));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RestoreSession action) {
  CO_TRY(check_version(action.change));
  CO_TRY_ASSIGN(auto row, co_await room_.restore(who(caller, action.change), action.change.session, action.change.from, action.version));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CloseSession action) {
  CO_TRY_ASSIGN(auto row, co_await room_.close(who(caller, action.change), action.change.session));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ResumeSession action) {
  CO_TRY_ASSIGN(auto row, co_await room_.resume(who(caller, action.change), action.change.session));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RemoveSession action) {
  CO_TRY(co_await room_.remove(who(caller, action.change), action.change.session));
  co_return Outcome{Done{}};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListVersions action) {
  CO_TRY(check_limit(action.limit));
  CO_TRY_ASSIGN(auto rows, co_await room_.history(caller.owner, action.session, action.before, action.limit));
  co_return Outcome{std::move(rows)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CompareVersions action) {
  CO_TRY_ASSIGN(auto patch, co_await room_.difference(caller.owner, action.session, action.from, action.to));
  co_return Outcome{Difference{std::move(patch)}};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, AppendEntry action) {
  CO_TRY_ASSIGN(auto appended, co_await room_.append(who(caller, action.client), action.session, action.log, std::move(action.id),
                                                     std::move(action.entry)));
  co_return Outcome{std::move(appended)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListEntries action) {
  CO_TRY(check_limit(action.limit));
  CO_TRY_ASSIGN(auto entries, co_await room_.entries(caller.owner, action.session, action.log, action.from, action.limit));
  co_return Outcome{std::move(entries)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CleanSessions action) {
  sessions::Cleanup wanted{.before = {}, .keep = action.keep, .dry_run = action.dry_run};
  if (action.older) wanted.before = domain_.parts.clock->now() - *action.older;
  CO_TRY_ASSIGN(auto rows, co_await room_.clean_up(who(caller, action.client), wanted));
  co_return Outcome{std::move(rows)};
}

// ---- devices ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, AddDevice action) {
  CO_TRY_ASSIGN(auto added, co_await room_.add_device(caller.owner, std::move(action.name)));
  CO_TRY(co_await audit_.add(caller, "device.added", added.device.id));
  co_return Outcome{std::move(added)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetDevice action) {
  CO_TRY_ASSIGN(auto found, co_await room_.device(caller.owner, std::move(action.id)));
  co_return Outcome{std::move(found)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListDevices) {
  CO_TRY_ASSIGN(auto devices, co_await room_.devices(caller.owner));
  co_return Outcome{std::move(devices)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RevokeDevice action) {
  CO_TRY(co_await room_.revoke_device(caller.owner, action.id));
  CO_TRY(co_await audit_.add(caller, "device.revoked", action.id));
  co_return Outcome{Done{}};
}

}  // namespace berth::control
