#pragma once
// The versions of one document as sealed records, each naming the one before: from rows to a document, and back.
//
// A record's associated data are session, version, kind and the tag of the record before it (of a checkpoint: of the link of
// its own version). So none can be changed, left out, moved or swapped, and the session's head names the last one: a tail
// that was cut off is noticed. Private to sessions; pure but for the randomness of sealing.
// Errors: RecordDamaged.

#include <string>
#include <vector>

#include "document/json.hpp"
#include "sessions/vault.hpp"
#include "store/session.hpp"

namespace berth::sessions {

// What a link holds, before it is sealed.
struct LinkContent {
  enum class Form : char { Document = 'D', Patch = 'P', MergePatch = 'M' } form = Form::Document;
  std::string bytes;  // canonical JSON
};

struct Link {
  store::RevisionRow row;
  std::string tag;
};

// A link of `row.version` after the one with tag `row.previous`: sets row.sealed and row.bytes.
[[nodiscard]] Link make_link(const Vault& vault, store::RevisionRow row, const LinkContent& content);

// A whole document that is to be a link, written in its one form where it will be sealed.
class WholeContent {
 public:
  WholeContent(const Vault& vault, const document::Value& value, std::size_t about);  // about: its size, more or less
  WholeContent(const Vault& vault, std::string_view canonical);
  [[nodiscard]] std::string_view bytes() const { return box_.plain().substr(1); }
  [[nodiscard]] Link link(store::RevisionRow row) &&;

 private:
  Vault::Box box_;
};

struct Chain {
  document::Value value;
  std::string tag;           // of the last link
  std::uint64_t changes = 0; // since the last whole document
};

// `rows` as revisions_for gives them. `bytes`: what a document may have.
[[nodiscard]] Result<Chain> read_chain(const Vault& vault, const std::vector<store::RevisionRow>& rows, std::uint64_t version);

}  // namespace berth::sessions
