#pragma once
// Who signed it: the installations that somebody knows, and by which name he knows them.
//
// Problem: a good signature says that a bundle is whole, not that its maker is who he says. A text file has a line for each
// installation that was checked by a person: its public key (64 hexadecimal digits), a space, a name; `#` begins a comment.
// Pure. Errors: InvalidArgument with the number of the line that is none.
//
// Example (std::string_view file, const bundle::Manifest& manifest):
//   TRY_ASSIGN(const auto known, bundle::KnownSigners::parse(file));
//   const std::string shown = known.describe(manifest.signer);  // "signed by office (3b1f…)", or that it is unknown

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "bundle/manifest.hpp"

namespace berth::bundle {

class KnownSigners {
 public:
  static Result<KnownSigners> parse(std::string_view text);
  [[nodiscard]] std::optional<std::string> name_of(std::string_view key) const;
  [[nodiscard]] std::string describe(const Signer& signer) const;  // a sentence

 private:
  std::map<std::string, std::string, std::less<>> names_;
};

// The first 16 digits of the key's SHA-256, in fours: what two people read to each other.
[[nodiscard]] std::string fingerprint(std::string_view key);

}  // namespace berth::bundle
