// `berth secret …`: the machine's keys on the disk of this home, with the server down or up.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/passphrase.hpp"
#include "cli/table.hpp"
#include "crypto/machine_key_files.hpp"
#include "crypto/machine_keys.hpp"
#include "crypto/passphrase.hpp"
#include "crypto/secret.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t largest_export = 1 << 20;

Result<std::filesystem::path> keys_of(const Context& context) {
  if (!context.local) return fail(Code::InvalidArgument, "The keys of a server elsewhere are not told.", "Run this on its machine.");
  return context.home / "keys";
}

Result<std::string> seal(const Context& context, const verb::PassphraseFrom& from, std::string_view text) {
  TRY_ASSIGN(const auto passphrase, new_passphrase(context, from));
  return crypto::seal_with_passphrase(passphrase, text);
}

// All of it, or no file.
Result<> write_new(const std::string& path, std::string_view bytes) {
  TRY_ASSIGN(const auto file, os::create_new(path, 0600));
  auto written = os::write_all(file.get(), bytes);
  if (written) written = os::sync(file.get());
  if (!written) (void)os::remove_file(path);
  return written;
}

}  // namespace

Result<int> show_secret_id(const Context& context) {
  TRY_ASSIGN(const auto dir, keys_of(context));
  TRY_ASSIGN(const auto ids, crypto::machine_key_ids(dir));
  json::array out;
  Table table({"NUMBER", "FINGERPRINT", "USE"});
  for (const auto& id : ids) {
    const bool newest = &id == &ids.back();
    out.push_back(json::object{{"number", id.number}, {"fingerprint", id.fingerprint}, {"seals", newest}});
    table.add({fmt::format("{}", id.number), id.fingerprint, newest ? "seals and opens" : "opens"});
  }
  if (context.output.json()) context.output.print_json(out);
  else if (ids.empty()) context.output.note("There is no key yet; the server makes one when it first needs it.");
  else context.output.print(table.text());
  return Success;
}

Result<int> export_secret(const Context& context, const verb::SecretExport& verb) {
  TRY_ASSIGN(const auto dir, keys_of(context));
  std::error_code error;
  if (std::filesystem::exists(verb.file, error))
    return fail(Code::AlreadyExists, fmt::format("\"{}\" is there already; an export replaces nothing.", verb.file), "Take another name.");
  TRY_ASSIGN(auto text, crypto::export_machine_keys(dir));
  if (verb.sealed) {
    auto sealed = seal(context, verb.passphrase, text);
    crypto::wipe(text);
    if (!sealed) return pass(std::move(sealed).error());
    text = *std::move(sealed);
  }
  auto written = write_new(verb.file, text);
  crypto::wipe(text);
  if (!written) return pass(std::move(written).error());
  if (context.output.json()) context.output.print_json(json::object{{"file", verb.file}, {"sealed", verb.sealed}});
  context.output.note(verb.sealed ? fmt::format("{} and its passphrase open everything that this home seals.", verb.file)
                                  : fmt::format("{} opens everything that this home seals. Keep it where nobody else comes.", verb.file));
  return Success;
}

Result<int> import_secret(const Context& context, const verb::SecretImport& verb) {
  TRY_ASSIGN(const auto dir, keys_of(context));
  TRY_ASSIGN(auto text, os::read_file(verb.file, largest_export));
  if (crypto::is_sealed_with_passphrase(text)) {
    TRY_ASSIGN(const auto passphrase, known_passphrase(context, verb.passphrase, verb.file));
    TRY_ASSIGN(const auto plain, crypto::open_with_passphrase(passphrase, text));
    text = plain.reveal();
  } else if (!verb.passphrase.file.empty()) {
    context.output.note(fmt::format("{} has no passphrase; the one that was given is not used.", verb.file));
  }
  const auto added = crypto::import_machine_keys(dir, text);
  crypto::wipe(text);
  if (!added) return pass(added.error());
  if (context.output.json()) context.output.print_json(json::object{{"added", *added}});
  else context.output.print(fmt::format("{} {} added.\n", *added, *added == 1 ? "key was" : "keys were"));
  if (*added > 0) context.output.note("A server that runs takes them when it starts again.");
  return Success;
}

Result<int> rotate_secret(const Context& context) {
  TRY_ASSIGN(const auto dir, keys_of(context));
  TRY_ASSIGN(auto keys, crypto::MachineKeys::open_existing(dir));
  TRY(keys.rotate());
  if (context.output.json()) context.output.print_json(json::object{{"number", keys.current()}});
  else context.output.print(fmt::format("Key {} seals from now on; the others still open.\n", keys.current()));
  context.output.note("A server that runs uses it when it starts again. Export the keys anew: berth secret export FILE");
  return Success;
}

}  // namespace berth::cli
