#include "control/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/api_key.hpp"
#include "crypto/crypto.hpp"
#include "sandboxes/name.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;
using store::Permission;
using store::Permissions;

constexpr std::size_t most_label = 100;
constexpr std::size_t most_users = 10'000, most_keys_of_one = 100;
constexpr std::chrono::hours longest_key{24 * 3650};

constexpr std::array<std::pair<std::string_view, Permission>, 3> words{
    {{"read", Permission::Read}, {"run", Permission::Run}, {"admin", Permission::Admin}}};

Result<Permissions> parse_scopes(const std::vector<std::string>& scopes) {
  if (scopes.empty()) return Permissions::all();
  Permissions out;
  for (const auto& scope : scopes) {
    const auto found = std::ranges::find(words, scope, [](const auto& pair) { return pair.first; });
    if (found == words.end()) return fail(Code::InvalidArgument, "There is no such scope.", "Scopes are read, run and admin.");
    out = out.with(found->second);
  }
  return out;
}

std::unexpected<Error> no_user(const std::string& name) {
  return fail(Code::NotFound, fmt::format("There is no user \"{}\".", name), "An administrator adds one with \"berth user add\".");
}

std::unexpected<Error> no_key() { return fail(Code::NotFound, "There is no such key."); }

Result<> check_user_name(const std::string& name) {
  if (name == local_owner) return fail(Code::InvalidArgument, "\"local\" is the machine's own user.", "Take another name.");
  if (sandboxes::check_name(name)) return {};
  return fail(Code::InvalidArgument, "This is not a name for a user.", "A name has 1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit.");
}

}  // namespace

awaitable<Result<>> People::load() {
  using Both = std::pair<std::vector<store::UserRow>, std::vector<store::KeyRow>>;
  CO_TRY_ASSIGN(auto rows, co_await store_.read([](store::Reader& reader) -> Result<Both> {
    TRY_ASSIGN(auto users, reader.users());
    TRY_ASSIGN(auto keys, reader.keys());
    return Both{std::move(users), std::move(keys)};
  }));
  const std::lock_guard lock(mutex_);
  users_.clear();
  keys_.clear();
  for (auto& user : rows.first) users_.emplace(user.name, user);
  for (auto& key : rows.second) keys_.emplace(key.id, Known{.row = key});
  co_return Result<>{};
}

awaitable<Result<std::optional<crypto::Secret>>> People::ensure_first(std::string owner, KeepKey keep, store::Also also) {
  CO_TRY_ASSIGN(const auto known, co_await store_.read([](store::Reader& reader) { return reader.keys(); }));
  if (!known.empty()) {
    CO_TRY(co_await load());
    co_return std::nullopt;
  }
  auto key = crypto::new_api_key();
  const store::KeyRow row{.id = key.id, .owner = std::move(owner), .label = "first", .hash = key.hash, .created = clock_.now(),
                          .revoked = {}, .expires = {}, .used = {}};
  CO_TRY(keep(key.text));  // before anybody could need it: a crash in between leaves a text that opens nothing
  CO_TRY_ASSIGN(const bool made, co_await store_.write([row, also](store::Unit& unit) -> Result<bool> {
    TRY_ASSIGN(const auto known, unit.keys());
    if (!known.empty()) return false;
    TRY(unit.insert_key(row));
    TRY(store::write_also(also, unit, row.id.str()));
    return true;
  }));
  CO_TRY(co_await load());
  if (!made) co_return std::nullopt;
  co_return std::optional<crypto::Secret>{std::move(key.text)};
}

Result<Permissions> People::permissions_of(const std::string& user) const {
  if (user == local_owner) return Permissions::all();
  const auto found = users_.find(user);
  if (found == users_.end()) return no_user(user);
  if (found->second.disabled) return fail(Code::Unauthenticated, "This user is disabled.", "An administrator may enable it again.");
  return store::permissions_of(found->second.role);
}

Result<Caller> People::authenticate(std::string_view presented) {
  TRY_ASSIGN(const auto key, crypto::parse_api_key(presented));
  const WallTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key.id);
  const std::string nobody(key.hash.size(), '0');
  const bool right = crypto::equal(found == keys_.end() ? nobody : found->second.row.hash, key.hash);
  if (!right || found == keys_.end()) return fail(Code::Unauthenticated, "This key is not known.");
  store::KeyRow& row = found->second.row;
  TRY_ASSIGN(const auto allowed, opens(row, now));
  row.used = now;
  found->second.unwritten = true;
  return Caller{.owner = row.owner, .key = key.id.str(), .address = {}, .request_id = {}, .permissions = allowed.both(row.scopes), .only = row.terminal};
}

Result<Permissions> People::opens(const store::KeyRow& row, WallTime now) const {
  if (row.expires && *row.expires <= now) return fail(Code::Unauthenticated, "This key has expired.", "Make a new one.");
  auto allowed = permissions_of(row.owner);
  if (!allowed) return fail(Code::Unauthenticated, allowed.error().message, allowed.error().hint);
  return *allowed;
}

Result<std::optional<WallTime>> People::still_allows(const std::string& key, Permission permission) const {
  if (key == local_key) return std::nullopt;
  const auto id = KeyId::parse(key);
  const std::lock_guard lock(mutex_);
  const auto found = id ? keys_.find(*id) : keys_.end();
  if (found == keys_.end()) return fail(Code::Unauthenticated, "This key was revoked.");
  const store::KeyRow& row = found->second.row;
  TRY_ASSIGN(const auto allowed, opens(row, clock_.now()));
  if (!allowed.both(row.scopes).has(permission))
    return fail(Code::PermissionDenied, "This key may not do this any more.", "An administrator gives its user another role.");
  return row.expires;
}

awaitable<Result<>> People::keep_used() {
  std::vector<std::pair<KeyId, WallTime>> used;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, known] : keys_)
      if (std::exchange(known.unwritten, false)) used.emplace_back(id, *known.row.used);
  }
  if (used.empty()) co_return Result<>{};
  co_return co_await store_.write([used](store::Unit& unit) -> Result<> {
    for (const auto& [id, when] : used) TRY(unit.set_key_used(id, when));
    return {};
  });
}

// ---- users ----

awaitable<Result<store::UserRow>> People::add(AddUser wanted, store::Also also) {
  CO_TRY(check_user_name(wanted.name));
  const store::UserRow row{.name = wanted.name, .role = wanted.role, .disabled = {}, .created = clock_.now()};
  CO_TRY(co_await store_.write([row, also](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(const auto known, unit.users());
    if (known.size() >= most_users) return fail(Code::ResourceExhausted, fmt::format("There are {} users already.", most_users));
    TRY(unit.insert_user(row));
    return store::write_also(also, unit, row.name);
  }));
  const std::lock_guard lock(mutex_);
  users_.insert_or_assign(row.name, row);
  co_return row;
}

awaitable<Result<store::UserRow>> People::change(ChangeUser wanted, store::Also also) {
  if (wanted.name == local_owner)
    co_return fail(Code::FailedPrecondition, "\"local\" is the machine's own user: it stays as it is.");
  const WallTime now = clock_.now();
  CO_TRY_ASSIGN(const auto row, co_await store_.write([wanted, now, also](store::Unit& unit) -> Result<store::UserRow> {
    TRY_ASSIGN(const auto known, unit.users());
    const auto found = std::ranges::find(known, wanted.name, &store::UserRow::name);
    if (found == known.end()) return no_user(wanted.name);
    store::UserRow changed = *found;
    changed.role = wanted.role.value_or(changed.role);
    if (wanted.disabled && *wanted.disabled != changed.disabled.has_value())
      changed.disabled = *wanted.disabled ? std::optional(now) : std::nullopt;
    TRY(unit.update_user(changed));
    TRY(store::write_also(also, unit, changed.name));
    return changed;
  }));
  const std::lock_guard lock(mutex_);
  users_.insert_or_assign(row.name, row);
  co_return row;
}

std::vector<store::UserRow> People::users() const {
  const std::lock_guard lock(mutex_);
  std::vector<store::UserRow> out;
  for (const auto& [name, row] : users_) out.push_back(row);
  return out;
}

// ---- keys ----

awaitable<Result<NewKey>> People::create_key(Caller caller, CreateKey wanted, std::optional<TerminalId> terminal, store::Also also) {
  const std::string user = wanted.user.empty() ? caller.owner : wanted.user;
  const bool admin = caller.permissions.has(Permission::Admin);
  if (user != caller.owner && !admin) co_return fail(Code::PermissionDenied, "Only an administrator makes keys for others.");
  CO_TRY_ASSIGN(auto scopes, parse_scopes(wanted.scopes));
  if (terminal && !wanted.scopes.empty() && wanted.scopes != std::vector<std::string>{"read"})
    co_return fail(Code::InvalidArgument, "A link to a terminal only reads.", "Leave the scopes away.");
  if (terminal) scopes = Permissions().with(Permission::Read);
  if (wanted.label.size() > most_label)
    co_return fail(Code::InvalidArgument, fmt::format("The label is longer than {} bytes.", most_label));
  if (wanted.expires && (wanted.expires->count() <= 0 || *wanted.expires > longest_key))
    co_return fail(Code::InvalidArgument, "A key lasts from a millisecond to ten years.");
  if (user == caller.owner) scopes = scopes.both(caller.permissions);  // a key makes no key that may more
  {
    const std::lock_guard lock(mutex_);
    CO_TRY(permissions_of(user));
  }
  auto key = crypto::new_api_key();
  const WallTime now = clock_.now();
  store::KeyRow row{.id = key.id, .owner = user, .label = wanted.label, .hash = key.hash, .created = now, .revoked = {},
                    .scopes = scopes, .expires = {}, .used = {}, .terminal = std::move(terminal)};
  if (wanted.expires) row.expires = now + *wanted.expires;
  CO_TRY(co_await store_.write([row, also](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(const auto known, unit.keys());
    if (std::ranges::count(known, row.owner, &store::KeyRow::owner) >= static_cast<std::ptrdiff_t>(most_keys_of_one))
      return fail(Code::ResourceExhausted, fmt::format("This user has {} keys.", most_keys_of_one), "Revoke one first.");
    TRY(unit.insert_key(row));
    return store::write_also(also, unit, row.id.str());
  }));
  {
    const std::lock_guard lock(mutex_);
    keys_.emplace(row.id, Known{.row = row});
  }
  co_return NewKey{.row = std::move(row), .text = std::move(key.text)};
}

awaitable<Result<>> People::revoke_key(Caller caller, KeyId id, store::Also also) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end()) co_return no_key();
    if (found->second.row.owner != caller.owner && !caller.permissions.has(Permission::Admin)) co_return no_key();
  }
  CO_TRY(co_await store_.write([id, also, now = clock_.now()](store::Unit& unit) -> Result<> {
    TRY(unit.revoke_key(id, now));
    return store::write_also(also, unit, id.str());
  }));
  const std::lock_guard lock(mutex_);
  keys_.erase(id);
  co_return Result<>{};
}

Result<std::vector<store::KeyRow>> People::keys(const Caller& caller, const std::string& user) const {
  const std::string of = user.empty() ? caller.owner : user;
  if (of != caller.owner && !caller.permissions.has(Permission::Admin))
    return fail(Code::PermissionDenied, "Only an administrator sees the keys of others.");
  std::vector<store::KeyRow> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, known] : keys_)
      if (of == "*" || known.row.owner == of) out.push_back(known.row);
  }
  std::ranges::sort(out, {}, [](const store::KeyRow& row) { return std::pair(row.created, row.id.str()); });
  return out;
}

}  // namespace berth::control
