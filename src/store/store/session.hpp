#pragma once
// Sessions as rows: a head, the chain of its versions, its logs, and the keys that make a create happen once.
//
// Every version from 1 on has one link in the chain: a whole document or what changed. A checkpoint is a whole document
// beside the link of its version, so that reading needs few links and old ones can go. What documents and logs hold is
// sealed by who writes; the store sees bytes. Errors: as store/store.hpp.
//
// Example (store::SessionReader& reader, store::SessionWriter& writer, store::SessionRow row, store::RevisionRow first):
//   TRY(writer.insert_session(row));
//   TRY(writer.insert_revision(first));
//   TRY_ASSIGN(const auto links, reader.revisions_for(row.id, row.version));

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store {

enum class SessionState { Active, Closed };

// Which directory a session's work is in; what it was when the session was closed.
struct WorkspaceMark {
  std::uint64_t device = 0, inode = 0;
  std::uint32_t owner = 0, mode = 0;
  bool operator==(const WorkspaceMark&) const = default;
};

struct SessionRow {
  SessionId id;
  std::string owner;
  std::string title, title_key;       // title_key: what titles are sorted and searched by
  std::string description;
  std::vector<std::string> tags;      // without line feeds
  SessionState state = SessionState::Active;
  bool damaged = false;               // a record of it failed its check
  std::uint64_t version = 1;
  std::string head;                   // tag of the newest link: a removed tail is noticed
  std::uint64_t document_bytes = 0;   // canonical
  std::uint64_t hash_version = 1;     // the version that `hash` is of
  std::string hash;                   // SHA-256 of the canonical bytes, hex
  std::string sandbox;                // id, or empty
  std::optional<WorkspaceMark> workspace;
  std::string changed_by, client;     // key and client of the newest version
  WallTime created{};
  WallTime updated{};
};

enum class RevisionKind { Whole, Change, Checkpoint };

struct RevisionRow {
  SessionId session;
  std::uint64_t version = 0;
  RevisionKind kind = RevisionKind::Whole;
  std::string previous;               // tag of the link before; of a checkpoint: of the link of its version
  std::string sealed;                 // empty in a history
  std::string what;                   // "created", "replaced", "patched", "renamed", …
  std::string changed_by, client;
  WallTime saved{};
  std::uint64_t bytes = 0;            // sealed
};

enum class SessionLog { Conversation, Prompts, Usage };

struct LogRow {
  SessionId session;
  SessionLog log = SessionLog::Conversation;
  std::uint64_t offset = 0;           // 0, 1, 2, …
  std::string client_id;              // given by who appends; one entry for each
  std::string sealed;
  WallTime appended{};
};

enum class SessionOrder { Title, Created, Updated };
enum class Direction { Up, Down };

struct SessionFilter {
  std::string owner;
  std::string title;                  // part of a title_key; "" is any
  std::string tag;                    // "" is any
  std::optional<SessionState> state;
  std::optional<WallTime> from, until;  // of the time that it is ordered by (of `updated` when ordered by title)
  SessionOrder order = SessionOrder::Updated;
  Direction direction = Direction::Down;
};

// After which row a page begins: its key in the order, and its number, which tells equal keys apart.
struct SessionPosition {
  std::string title_key;
  std::int64_t time_ns = 0;
  std::int64_t number = 0;
};
struct SessionPage {
  std::vector<SessionRow> rows;
  std::optional<SessionPosition> next;
};
struct SessionCounts { std::uint64_t active = 0, stored = 0; };

struct IdempotencyRow {
  std::string owner, key;
  std::string request;                // hash of what was asked for
  std::string result;                 // id of what was made
  WallTime made{};
};

class SessionReader {
 public:
  virtual Result<SessionRow> session(const SessionId& id) = 0;
  virtual Result<SessionPage> sessions(const SessionFilter&, const std::optional<SessionPosition>& after, std::uint32_t limit) = 0;
  virtual Result<SessionCounts> session_counts(const std::string& owner) = 0;
  // What the document of `version` is made from, oldest first: a whole document, then changes. Empty when it is gone.
  virtual Result<std::vector<RevisionRow>> revisions_for(const SessionId&, std::uint64_t version) = 0;
  // Newest first, without contents and checkpoints, below `before` (0: from the newest on).
  virtual Result<std::vector<RevisionRow>> session_history(const SessionId&, std::uint64_t before, std::uint32_t limit) = 0;
  virtual Result<std::vector<LogRow>> log_entries(const SessionId&, SessionLog, std::uint64_t from, std::uint32_t limit) = 0;
  virtual Result<std::uint64_t> log_end(const SessionId&, SessionLog) = 0;  // the offset of the next entry
  virtual Result<std::optional<LogRow>> log_entry_of(const SessionId&, SessionLog, const std::string& client_id) = 0;
  virtual Result<std::optional<IdempotencyRow>> idempotency(const std::string& owner, const std::string& key) = 0;

 protected:
  ~SessionReader() = default;
};

class SessionWriter {
 public:
  virtual Result<> insert_session(const SessionRow&) = 0;
  // FailedPrecondition when the row has another version or state by now.
  virtual Result<> update_session(const SessionRow&, std::uint64_t expected_version, SessionState expected_state) = 0;
  // As update_session, of what every new version changes: version, head, document_bytes, hash, hash_version, changed_by, client,
  // updated. The rest of the row is not looked at; so an autosave touches one index of a list, not all.
  virtual Result<> advance_session(const SessionRow&, std::uint64_t expected_version, SessionState expected_state) = 0;
  virtual Result<> mark_session_damaged(const SessionId&) = 0;
  virtual Result<> remove_session(const SessionId&) = 0;  // with all that belongs to it
  virtual Result<> insert_revision(const RevisionRow&) = 0;
  // What versions from `oldest` on do not need.
  virtual Result<> prune_revisions(const SessionId&, std::uint64_t oldest) = 0;
  virtual Result<> insert_log_entry(const LogRow&) = 0;
  // Forgets those of the owner that were made before `forget`.
  virtual Result<> put_idempotency(const IdempotencyRow&, WallTime forget) = 0;

 protected:
  ~SessionWriter() = default;
};

}  // namespace berth::store
