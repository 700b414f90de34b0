#pragma once
// The verbs about sessions and the machine's keys, as plain values; a part of cli/verbs.hpp. A session is named by its id or title.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli::verb {

struct SessionList {
  std::string title, tag, state, sort = "updated";
  std::size_t limit = 0;  // 0: all
};
struct SessionShow { std::string session; };
struct SessionNew {
  std::string title, description, sandbox, file;  // file: of the document; "" is an empty one
  std::vector<std::string> tags;
};
struct SessionOpen {
  std::string session, output;  // output: "" or "-" is stdout
  std::optional<std::uint64_t> version;
};
struct SessionSave {
  std::string file, session;    // session: "" as it was noted beside the file when it was opened
  std::optional<std::uint64_t> from;
};
struct SessionCopy { std::string session, title; };
struct SessionRename {
  std::string session, title;
  std::optional<std::string> description;
};
struct SessionTag {
  std::string session;
  std::vector<std::string> tags;  // all that it has then
};
struct SessionClose { std::vector<std::string> sessions; };
struct SessionResume { std::vector<std::string> sessions; };
struct SessionRemove { std::vector<std::string> sessions; };
struct SessionHistory {
  std::string session;
  std::size_t limit = 20;
};
struct SessionRestore {
  std::string session;
  std::uint64_t version = 0;
};
struct SessionDiff {
  std::string session;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;  // absent: the newest
};
struct SessionLog {
  std::string session, log = "conversation";
  std::uint64_t from = 0;
  std::size_t limit = 20;
};
struct SessionClean {
  std::optional<std::chrono::milliseconds> older;
  std::optional<std::uint32_t> keep;
  bool dry_run = false;
};
// ---- the machine's keys on the disk of this home; no server ----
struct SecretShowId {};
struct PassphraseFrom { std::string file; };  // "": it is asked for at the terminal
struct SecretExport {
  std::string file;
  bool sealed = false;                      // with a passphrase
  PassphraseFrom passphrase;
};
struct SecretImport {
  std::string file;
  PassphraseFrom passphrase;
};
struct SecretRotate {};
// ---- all of this home in a file; no server is needed, and one may run ----
struct BackupCreate {
  std::string file;
  bool templates = false;
  PassphraseFrom passphrase;
};
struct BackupVerify {
  std::string file;
  bool opened = false;                      // the secrets, too: with a passphrase
  PassphraseFrom passphrase;
};
struct BackupRestore {
  std::string file;
  PassphraseFrom passphrase;
};

}  // namespace berth::cli::verb
