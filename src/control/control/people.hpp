#pragma once
// Users and API keys (links to terminals among them), in memory, keys as their hashes. Comparing takes the same time for a wrong and for an unknown key.
// Any thread; loaded once, changed only through this object. `also`: written with the change.

#include <boost/asio/awaitable.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "control/actions.hpp"
#include "control/service.hpp"
#include "crypto/secret.hpp"
#include "store/also.hpp"
#include "store/store.hpp"

namespace berth::control {

inline constexpr std::string_view local_owner = "local";  // of the home, and of its unix socket; no row, may everything
inline constexpr std::string_view local_key = "socket";   // who comes by the unix socket has no key; this is its name

class People {
 public:
  People(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  boost::asio::awaitable<Result<>> load();
  // A key for `owner`, when there is none at all. Its text exists nowhere else.
  boost::asio::awaitable<Result<std::optional<crypto::Secret>>> ensure_first(std::string owner, KeepKey keep, store::Also also);
  // Unauthenticated: unknown, revoked, expired, or its user is disabled.
  Result<Caller> authenticate(std::string_view presented);
  // Whether a key that was taken before still gives this, and until when; "socket" always. Unauthenticated, PermissionDenied.
  [[nodiscard]] Result<std::optional<WallTime>> still_allows(const std::string& key, store::Permission permission) const;
  // Writes down when keys were used last.
  boost::asio::awaitable<Result<>> keep_used();

  boost::asio::awaitable<Result<store::UserRow>> add(AddUser wanted, store::Also also);
  boost::asio::awaitable<Result<store::UserRow>> change(ChangeUser wanted, store::Also also);
  [[nodiscard]] std::vector<store::UserRow> users() const;
  boost::asio::awaitable<Result<NewKey>> create_key(Caller caller, CreateKey wanted, std::optional<TerminalId> terminal, store::Also also);
  boost::asio::awaitable<Result<>> revoke_key(Caller caller, KeyId id, store::Also also);
  [[nodiscard]] Result<std::vector<store::KeyRow>> keys(const Caller& caller, const std::string& user) const;

 private:
  struct Known {
    store::KeyRow row;
    bool unwritten = false;  // `used` is newer than in the store
  };
  [[nodiscard]] Result<store::Permissions> permissions_of(const std::string& user) const;  // with the lock held
  [[nodiscard]] Result<store::Permissions> opens(const store::KeyRow& row, WallTime now) const;           // with the lock held

  store::Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, store::UserRow> users_;
  std::unordered_map<KeyId, Known> keys_;
};

}  // namespace berth::control
