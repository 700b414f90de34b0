#pragma once
// The hash of a document, as manifests have it: SHA-256 in hexadecimal digits.
//
// Made by OpenSSL, which uses the processor's instructions for it: 1 MiB takes a fifth of the time of the portable form in
// room crypto, and a save of a document waits for it. Pure; any thread. Source: FIPS 180-4.

#include <string>
#include <string_view>

namespace berth::sessions {

[[nodiscard]] std::string content_hash(std::string_view bytes);

}  // namespace berth::sessions
