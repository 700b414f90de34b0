#include "journal/key.hpp"

#include "base/check.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

constexpr std::size_t max_wrapped_bytes = 4096;

std::string identity_of(const std::filesystem::path& dir) { return "journal " + dir.filename().string(); }

}  // namespace

Key::Key(crypto::Secret secret) : secret_(std::make_shared<const crypto::Secret>(std::move(secret))) {
  BERTH_CHECK(secret_->size() == bytes);
}

Key Key::random() { return Key(crypto::Secret::random(bytes)); }

Result<Key> Key::from(std::string_view given) {
  if (given.empty()) return Key();
  if (given.size() != bytes) return fail(Code::InvalidArgument, "A journal's key has a wrong size.");
  return Key(crypto::Secret(given));
}

Result<> store_key(const std::filesystem::path& dir, const Key& key, const crypto::MachineKeys& machine) {
  TRY(os::make_directory(dir, 0700));
  TRY_ASSIGN(const auto file, os::create_new(dir / key_file_name, 0600));
  return os::write_all(file.get(), machine.wrap(key.secret(), identity_of(dir)));
}

Result<Key> load_key(const std::filesystem::path& dir, const crypto::MachineKeys& machine) {
  auto wrapped = os::read_file(dir / key_file_name, max_wrapped_bytes);
  if (!wrapped && wrapped.error().code == Code::NotFound) return Key();
  if (!wrapped) return pass(std::move(wrapped).error());
  TRY_ASSIGN(auto secret, machine.unwrap(*wrapped, identity_of(dir)));
  return Key(std::move(secret));
}

}  // namespace berth::journal
