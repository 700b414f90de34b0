#include "control/keys.hpp"

#include "crypto/api_key.hpp"
#include "crypto/crypto.hpp"

namespace berth::control {

using boost::asio::awaitable;

awaitable<Result<>> Keys::load() {
  CO_TRY_ASSIGN(auto rows, co_await store_.read([](store::Reader& reader) { return reader.keys(); }));
  const std::lock_guard lock(mutex_);
  rows_.clear();
  for (auto& row : rows) rows_.emplace(row.id, std::move(row));
  co_return Result<>{};
}

awaitable<Result<std::optional<crypto::Secret>>> Keys::ensure_first(std::string owner, KeepKey keep) {
  CO_TRY_ASSIGN(const auto known, co_await store_.read([](store::Reader& reader) { return reader.keys(); }));
  if (!known.empty()) {
    CO_TRY(co_await load());
    co_return std::nullopt;
  }
  auto key = crypto::new_api_key();
  const store::KeyRow row{.id = key.id, .owner = std::move(owner), .label = "first", .hash = key.hash, .created = clock_.now()};
  CO_TRY(keep(key.text));  // before anybody could need it: a crash in between leaves a text that opens nothing
  CO_TRY_ASSIGN(const bool made, co_await store_.write([row](store::Unit& unit) -> Result<bool> {
    TRY_ASSIGN(const auto known, unit.keys());
    if (!known.empty()) return false;
    TRY(unit.insert_key(row));
    return true;
  }));
  CO_TRY(co_await load());
  if (!made) co_return std::nullopt;
  co_return std::optional<crypto::Secret>{std::move(key.text)};
}

Result<Caller> Keys::authenticate(std::string_view presented) const {
  TRY_ASSIGN(const auto key, crypto::parse_api_key(presented));
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(key.id);
  const std::string nobody(key.hash.size(), '0');
  const bool right = crypto::equal(found == rows_.end() ? nobody : found->second.hash, key.hash);
  if (!right || found == rows_.end()) return fail(Code::Unauthenticated, "This key is not known.");
  return Caller{.owner = found->second.owner, .key = key.id.str(), .address = {}, .request_id = {}};
}

}  // namespace berth::control
