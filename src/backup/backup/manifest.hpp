#pragma once
// What a backup says of itself, behind everything else: its parts with their hashes, when and by which machine it was made.
// Private to backup. Pure.
//
// A part is what has the same first piece of its path: "berth.db", "terminals", …; its hash is over all of its bytes in the archive,
// headers too. Canonical JSON (document/json.hpp), so that the signature is of one form only.
//
//   {"form":"berth backup","made":"2026-01-02T03:04:05Z","parts":[{"bytes":4096,"files":1,"name":"berth.db","sha256":"…"}],
//    "signer":"64 hexadecimal digits","version":1,"writer":"0.1.0"}
//
// Errors: InvalidArgument (no manifest), Unsupported (newer).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::backup {

inline constexpr std::string_view manifest_name = "manifest.json", signature_name = "manifest.sig";
inline constexpr std::string_view secrets_name = "secrets", database_name = "berth.db";
inline constexpr std::string_view signature_context = "berth backup manifest, version 1";
inline constexpr std::string_view signing_purpose = "berth: signs backups, version 1";
inline constexpr std::size_t most_manifest_bytes = 1 << 20, most_parts = 1'000;

struct Part {
  std::string name;
  std::uint64_t files = 0, bytes = 0;  // bytes: in the archive, not compressed
  std::string sha256;
  bool operator==(const Part&) const = default;
};

struct Manifest {
  WallTime made{};                     // whole seconds
  std::string writer;                  // the version of Berth that made it
  std::string signer;                  // its public key, 64 lower-case hexadecimal digits
  std::vector<Part> parts;             // in their order
};

[[nodiscard]] std::string encode(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view bytes);

}  // namespace berth::backup
