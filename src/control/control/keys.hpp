#pragma once
// The API keys that may be used, in memory as their hashes. Comparing takes the same time for a wrong and for an unknown
// key. Any thread; loaded once, changed only through this object.

#include <boost/asio/awaitable.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "control/actions.hpp"
#include "crypto/secret.hpp"
#include "control/service.hpp"
#include "store/store.hpp"

namespace berth::control {

class Keys {
 public:
  Keys(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  boost::asio::awaitable<Result<>> load();
  // A key for `owner`, when there is none at all. Its text exists nowhere else.
  boost::asio::awaitable<Result<std::optional<crypto::Secret>>> ensure_first(std::string owner, KeepKey keep);
  Result<Caller> authenticate(std::string_view presented) const;

 private:
  store::Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<KeyId, store::KeyRow> rows_;
};

}  // namespace berth::control
