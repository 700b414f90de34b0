#pragma once
// Where a passphrase comes from: a person who types it unseen, or a file or descriptor. Never an argument or the environment,
// which other processes of the machine can read.
//
// Example (const cli::Context& context):
//   TRY_ASSIGN(const crypto::Secret one, cli::new_passphrase(context, {.file = "/run/secrets/berth"}));

#include "cli/context.hpp"
#include "crypto/secret.hpp"

namespace berth::cli {

// From `from.file` (its first line; "-" is stdin, "/dev/fd/3" a descriptor), else asked for; the new one twice, at least 8 characters.
Result<crypto::Secret> new_passphrase(const Context& context, const verb::PassphraseFrom& from);
Result<crypto::Secret> known_passphrase(const Context& context, const verb::PassphraseFrom& from, std::string_view what);

}  // namespace berth::cli
