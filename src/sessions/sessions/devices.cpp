// Devices of an owner, one row of settings each owner, and their keys, which are derived and stored nowhere.

#include <fmt/format.h>

#include <boost/json.hpp>

#include <algorithm>

#include "base/id.hpp"
#include "crypto/crypto.hpp"
#include "sessions/details.hpp"
#include "sessions/sessions.hpp"
#include "sessions/vault.hpp"

namespace berth::sessions {
namespace {

using boost::asio::awaitable;

std::string setting_of(const std::string& owner) { return "sessions.devices." + owner; }

std::int64_t nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

std::string written(const std::vector<Device>& devices) {
  boost::json::array out;
  for (const Device& device : devices)
    out.push_back({{"id", device.id}, {"name", device.name}, {"added_ns", nanoseconds(device.added)}, {"expires_ns", nanoseconds(device.expires)}});
  return boost::json::serialize(out);
}

std::unexpected<Error> damaged_list() { return fail(Code::Damaged, "The list of devices is damaged.", "Restore a backup."); }

std::optional<Device> read_one(const boost::json::value& item) {
  const auto* object = item.if_object();
  if (object == nullptr) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto* value = object->if_contains(name);
    return value == nullptr ? nullptr : value->if_string();
  };
  const auto time = [&](const char* name) -> std::optional<WallTime> {
    const auto* value = object->if_contains(name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return WallTime{std::chrono::nanoseconds{value->get_int64()}};
  };
  const auto *id = text("id"), *name = text("name");
  const auto added = time("added_ns"), expires = time("expires_ns");
  if (id == nullptr || name == nullptr || !added || !expires) return std::nullopt;
  return Device{.id = std::string(*id), .name = std::string(*name), .added = *added, .expires = *expires};
}

// What is written is ours; anything else is damage, and hands out no key.
Result<std::vector<Device>> read(store::Reader& reader, const std::string& owner, WallTime now) {
  std::vector<Device> out;
  TRY_ASSIGN(const auto text, reader.setting(setting_of(owner)));
  if (!text) return out;
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  const auto* items = error ? nullptr : value.if_array();
  if (items == nullptr) return damaged_list();
  for (const auto& item : *items) {
    auto device = read_one(item);
    if (!device) return damaged_list();
    if (device->expires > now) out.push_back(*std::move(device));
  }
  return out;
}

std::unexpected<Error> no_device() {
  return fail(Code::NotFound, "There is no such device.", "It was revoked, or its time is over; add it again for a new key.");
}

}  // namespace

awaitable<Result<DeviceKey>> Sessions::add_device(std::string owner, std::string name) {
  CO_TRY(usable());
  CO_TRY(check_title(name));
  const WallTime now = context_.clock->now();
  Device device{.id = "dev_" + encode_id_bits(crypto::random_array<16>()), .name = std::move(name), .added = now,
                .expires = now + context_.limits.device_lifetime};
  CO_TRY(co_await context_.store->write([owner, device, now, most = context_.limits.devices](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(auto devices, read(unit, owner, now));
    if (devices.size() >= most)
      return fail(Code::ResourceExhausted, fmt::format("You have {} devices; the limit is {}.", devices.size(), most), "Revoke one first.");
    devices.push_back(device);
    return unit.put_setting(setting_of(owner), written(devices));
  }));
  std::string key = vault_->device_key(owner, device.id);
  co_return DeviceKey{std::move(device), std::move(key)};
}

awaitable<Result<std::vector<Device>>> Sessions::devices(std::string owner) {
  CO_TRY(usable());
  co_return co_await context_.store->read(
      [owner, now = context_.clock->now()](store::Reader& reader) { return read(reader, owner, now); });
}

awaitable<Result<DeviceKey>> Sessions::device(std::string owner, std::string id) {
  CO_TRY_ASSIGN(auto all, co_await devices(owner));
  const auto found = std::ranges::find(all, id, &Device::id);
  if (found == all.end()) co_return no_device();
  co_return DeviceKey{std::move(*found), vault_->device_key(owner, id)};
}

awaitable<Result<>> Sessions::revoke_device(std::string owner, std::string id) {
  CO_TRY(usable());
  co_return co_await context_.store->write([owner, id, now = context_.clock->now()](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(auto devices, read(unit, owner, now));
    if (std::erase_if(devices, [&](const Device& device) { return device.id == id; }) == 0) return no_device();
    return unit.put_setting(setting_of(owner), written(devices));
  });
}

}  // namespace berth::sessions
