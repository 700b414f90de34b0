#include "crypto/machine_key_files.hpp"

#include <unistd.h>

#include <charconv>
#include <map>

#include "crypto/aead.hpp"
#include "crypto/crypto.hpp"
#include "crypto/secret.hpp"
#include "os/file.hpp"

namespace berth::crypto {
namespace {

constexpr std::string_view magic = "BERTHKEYS 1\n";
constexpr std::size_t secret_bytes = 32;

using Secrets = std::map<std::uint32_t, Secret>;

std::string_view text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }
std::string hex_of(std::string_view bytes) { return hex(std::as_bytes(std::span(bytes))); }
std::string file_name(std::uint32_t number) {
  const std::string digits = std::to_string(number);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits + ".key";
}

Result<Secret> read_key(const std::filesystem::path& path) {
  TRY_ASSIGN(const auto file, os::open_read(path));
  TRY_ASSIGN(const auto state, os::stat_fd(file.get()));
  if (state.st_uid != ::geteuid() || (state.st_mode & 077) != 0)
    return fail(Code::PermissionDenied, "A key of this machine is not private to this user.", "chmod 600 " + path.string());
  TRY_ASSIGN(auto bytes, os::read_all(file.get(), 2 * secret_bytes, path));
  const bool whole = bytes.size() == secret_bytes;
  Secret secret(bytes);
  wipe(bytes);
  if (!whole) return fail(Code::Damaged, "A key of this machine has a wrong size.");
  return secret;
}

Result<Secrets> read_keys(const std::filesystem::path& dir) {
  Secrets out;
  std::error_code error;
  if (!std::filesystem::exists(dir, error)) return out;
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    std::uint32_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number == 0 || file_name(number) != name) continue;
    TRY_ASSIGN(auto key, read_key(entry->path()));
    out.emplace(number, std::move(key));
  }
  if (error) return fail_errno(error.value(), "list", dir);
  return out;
}

std::string sum_line(std::string_view text) { return "sum " + sha256_hex(text) + "\n"; }

std::unexpected<Error> no_export(std::string_view why) {
  return fail(Code::InvalidArgument, "The file does not hold exported keys: " + std::string(why) + ".", "It is what `berth secret export` writes.");
}

bool unhex(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return false;
    out += static_cast<char>(byte);
  }
  return out.size() == secret_bytes;
}

Result<Secrets> parse(std::string_view text) {
  if (!text.starts_with(magic)) return no_export("it begins otherwise");
  const auto at = text.rfind("sum ");
  if (at == std::string_view::npos || text.substr(at) != sum_line(text.substr(0, at))) return no_export("its sum is wrong");
  Secrets out;
  for (text = text.substr(magic.size(), at - magic.size()); !text.empty();) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    std::string bytes;
    const bool good = error == std::errc{} && number > 0 && number <= 99'999'999 && end + 1 + 2 * secret_bytes == line.data() + line.size() &&
                      *end == ' ' && unhex(line.substr(static_cast<std::size_t>(end - line.data()) + 1), bytes);
    if (good) out.emplace(number, Secret(bytes));
    wipe(bytes);
    if (!good) return no_export("a line of it is none");
  }
  return out;
}

Result<Secret> newest_for(const Secrets& keys, std::string_view purpose) {
  if (keys.empty()) return fail(Code::NotFound, "There is no key of this machine.");
  Digest derived = derive_key(keys.rbegin()->second.reveal(), purpose);
  Secret out(text_of(derived));
  wipe(std::span(reinterpret_cast<char*>(derived.data()), derived.size()));
  return out;
}

}  // namespace

Result<std::vector<MachineKeyId>> machine_key_ids(const std::filesystem::path& dir) {
  TRY_ASSIGN(const auto keys, read_keys(dir));
  std::vector<MachineKeyId> out;
  for (const auto& [number, key] : keys)
    out.push_back({number, hex_of(text_of(derive_key(key.reveal(), "berth: fingerprint of a machine's key, version 1"))).substr(0, 16)});
  return out;
}

Result<std::string> export_machine_keys(const std::filesystem::path& dir) {
  TRY_ASSIGN(const auto keys, read_keys(dir));
  if (keys.empty()) return fail(Code::NotFound, "There is no key of this machine.");
  std::string out(magic);
  for (const auto& [number, key] : keys) out += std::to_string(number) + " " + hex_of(key.reveal()) + "\n";
  return out + sum_line(out);
}

Result<Secret> machine_secret_for(const std::filesystem::path& dir, std::string_view purpose) {
  TRY_ASSIGN(const auto keys, read_keys(dir));
  return newest_for(keys, purpose);
}

Result<Secret> exported_secret_for(std::string_view text, std::string_view purpose) {
  TRY_ASSIGN(const auto keys, parse(text));
  return newest_for(keys, purpose);
}

Result<std::size_t> import_machine_keys(const std::filesystem::path& dir, std::string_view text) {
  TRY_ASSIGN(const auto wanted, parse(text));
  TRY(os::make_private_directory(dir));
  TRY_ASSIGN(const auto there, read_keys(dir));
  for (const auto& [number, key] : wanted)
    if (const auto found = there.find(number); found != there.end() && !equal(found->second.reveal(), key.reveal()))
      return fail(Code::AlreadyExists, "This home has another key with the number " + std::to_string(number) + ".",
                  "These keys are another machine's; nothing was changed.");
  std::size_t added = 0;
  for (const auto& [number, key] : wanted) {
    if (there.contains(number)) continue;
    TRY(os::durable_write(dir / file_name(number), key.reveal(), 0600));
    ++added;
  }
  return added;
}

}  // namespace berth::crypto
