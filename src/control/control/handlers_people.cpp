// Users and keys. Who may is in control/permissions.hpp; whose keys, in control/people.hpp.

#include "control/service_impl.hpp"

namespace berth::control {

ServiceImpl::Answer ServiceImpl::handle(Caller caller, AddUser action) {
  CO_TRY_ASSIGN(auto row, co_await people_.add(std::move(action), audit_.of(caller, "user.added")));
  domain_.parts.log.info("user added", {{"user", row.name}, {"by", caller.key}, {"request_id", caller.request_id}});
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller, ListUsers) { co_return Outcome{people_.users()}; }

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ChangeUser action) {
  const std::string what = !action.disabled ? "user.role_changed" : *action.disabled ? "user.disabled" : "user.enabled";
  CO_TRY_ASSIGN(auto row, co_await people_.change(std::move(action), audit_.of(caller, what)));
  turn_away_strangers();
  domain_.parts.log.info("user changed", {{"user", row.name}, {"disabled", row.disabled.has_value()}, {"by", caller.key},
                                          {"request_id", caller.request_id}});
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CreateKey action) {
  std::optional<TerminalId> terminal;
  if (!action.terminal.empty()) {
    const std::string user = action.user.empty() ? caller.owner : action.user;
    if (user != caller.owner && !caller.permissions.has(store::Permission::Admin))
      co_return fail(Code::PermissionDenied, "Only an administrator makes keys for others.");
    CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(user, TerminalTarget::named(action.terminal)));
    terminal = found.id;
  }
  const auto also = audit_.of(caller, terminal ? "link.created" : "key.created");
  CO_TRY_ASSIGN(auto made, co_await people_.create_key(caller, std::move(action), std::move(terminal), also));
  domain_.parts.log.info("key made", {{"key", made.row.id}, {"user", made.row.owner}, {"by", caller.key},
                                      {"request_id", caller.request_id}});
  co_return Outcome{std::move(made)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListKeys action) {
  CO_TRY_ASSIGN(auto rows, people_.keys(caller, action.user));
  co_return Outcome{std::move(rows)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RevokeKey action) {
  const KeyId id = action.key;
  CO_TRY(co_await people_.revoke_key(caller, std::move(action.key), audit_.of(caller, "key.revoked")));
  domain_.parts.log.info("key revoked", {{"key", id}, {"by", caller.key}, {"request_id", caller.request_id}});
  turn_away_strangers();
  co_return Outcome{Done{}};
}

// What was opened with a right that is gone ends at once.
void ServiceImpl::turn_away_strangers() {
  viewers_->turn_away([this](const OpenViewers::Right& right) -> Result<> {
    TRY(people_.still_allows(right.key, right.permission));
    return {};
  });
}

}  // namespace berth::control
