#pragma once
// Seals what sessions keep at rest, so that who can write the database can neither read, change, move nor swap a record.
//
// A data key of 32 bytes, wrapped by the machine's (crypto/machine_keys.hpp), is kept among the store's settings and
// unwrapped once per process. Each record gets a key of its own from it and 16 random bytes, so that no nonce ever repeats,
// whatever fails and is done again. Private to sessions and their benchmark. Thread: const calls from any.
//
//   record   format u8 = 1 | algorithm u8 | data key u32, little endian | salt 16 | sealed bytes | tag 16
//            associated: these 22 bytes, and what the caller says the record is
//
// Errors: RecordDamaged (fails its check), NotFound and others as MachineKeys when the machine's key is missing.
//
// Example (store::Unit& unit, const std::filesystem::path& keys):
//   TRY_ASSIGN(const auto vault, sessions::Vault::open(unit, keys));
//   const std::string sealed = vault->seal("what it is", "plain");
//   TRY_ASSIGN(const std::string plain, vault->open("what it is", sealed));

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/aead.hpp"
#include "crypto/secret.hpp"
#include "store/store.hpp"

namespace berth::sessions {

class Vault {
 public:
  // `keys`: the directory of the machine's keys. A key is made when there is none in the store; while the store has one
  // that needs it, the machine's key is never made anew.
  static Result<std::unique_ptr<const Vault>> open(store::Unit& unit, const std::filesystem::path& keys);

  // A record in the making: its key is derived, what is put into text() behind `begin` bytes is what it holds. So a large
  // record is written once and sealed where it stands, and a small one is made ready before the writer's turn.
  class Box {
   public:
    [[nodiscard]] std::string& text() { return text_; }
    [[nodiscard]] std::string_view plain() const { return std::string_view(text_).substr(begin); }
    [[nodiscard]] std::string seal(std::string_view associated) &&;
    static constexpr std::size_t begin = 22;

   private:
    friend class Vault;
    Box(crypto::Aead key, std::string head) : key_(std::move(key)), text_(std::move(head)) {}
    crypto::Aead key_;
    std::string text_;
  };
  [[nodiscard]] Box box(std::size_t bytes = 0) const;  // with room for them

  [[nodiscard]] std::string seal(std::string_view associated, std::string_view plain) const;
  [[nodiscard]] Result<std::string> open(std::string_view associated, std::string_view sealed) const;
  [[nodiscard]] static std::string tag(std::string_view sealed) { return std::string(sealed.substr(sealed.size() - 16)); }
  [[nodiscard]] std::string sign(std::string_view text) const;  // 32 hexadecimal digits
  [[nodiscard]] std::string device_key(std::string_view owner, std::string_view device) const;  // 32 bytes

 private:
  std::map<std::uint32_t, crypto::Secret> keys_;
};

}  // namespace berth::sessions
