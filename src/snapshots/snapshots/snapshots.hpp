#pragma once
// Snapshots: what a session was at a moment, kept as it was, for whoever its owner shows it to.
//
// Problem: a link is passed on and guessed at, a capture is killed half way, what is shown may have a key in it. So: a row is
// there before its content is and becomes Ready last, and what never did goes at the next start; an id that is unknown, one of
// somebody else and one that a link does not open get the same answer for the same work, and each is recorded; before
// something is shown to others it is looked through for secrets, and showing it all the same must be said.
//
// A token opens as often as it says: each answer that it opened is a use, counted in the same unit of work that records it.
// A visit is counted by visit() alone. Removing is a durable job (remove_kind): the row is Deleting at once, for everybody as if it
// was gone; the job may run twice.
//
// Threads: every coroutine from any executor; work that blocks on the pool, imports on one of their own. What changes
// something goes on to its end when its caller goes. Every change is one unit of work with what `record` adds.
// Errors: NotFound (see above), FailedPrecondition (state; findings, with their number in `facts`; a key used for another request),
// ResourceExhausted (the owner's limits), InvalidArgument (a bundle that does not hold, too), TooLarge, RecordDamaged (kept and marked),
// Unavailable (not open, or closing), and the store's.
//
// Example (snapshots::Snapshots& room, snapshots::Who who, SessionId session):
//   CO_TRY_ASSIGN(const auto made, co_await room.create(who, {.session = session, .leave_out = {"logs/"}}));
//   CO_TRY_ASSIGN(const auto shared, co_await room.share(who, made.row.id, {.visibility = store::Visibility::Token, .uses = 3}));
//   if (shared.token.empty()) co_return Result<>{};  // it is told this once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aio/pool.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "bundle/manifest.hpp"
#include "log/log.hpp"
#include "sessions/sessions.hpp"
#include "snapshots/capture.hpp"
#include "snapshots/secret_scan.hpp"
#include "store/store.hpp"

namespace berth::snapshots {

inline constexpr const char* remove_kind = "snapshots.remove";  // of the job; its subject is the id

struct Limits {
  std::uint32_t stored = 100;                    // of one owner
  std::uint64_t bytes = 64ull << 30;             // of one owner, all together
  std::uint64_t one_bytes = 16ull << 30;         // of one, made here or brought in
  std::uint32_t parts = 10'000;
  std::uint32_t tokens = 50;                     // of one, that are not revoked
  std::chrono::milliseconds visit_apart{300'000};
  std::chrono::milliseconds idempotency{86'400'000};
};

using sessions::Who;
// What is read at its own pace; blocks. Empty at the end.
using Pieces = std::function<Result<std::optional<std::string>>()>;

struct Context {
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  aio::Pool* pool = nullptr;
  aio::Pool* transfers = nullptr;                // of what comes in: one thread each, as long as its sender takes
  sessions::Sessions* sessions = nullptr;
  log::Logger log;
  std::filesystem::path dir, keys;               // of contents; of the machine
  std::filesystem::path known_signers;           // bundle/known_signers.hpp; need not be there
  std::string signer = "berth";                  // what this installation calls itself in exports
  // What a terminal showed, as an asciicast; NotFound: its journal is gone. Blocks.
  std::function<Result<Pieces>(const store::TerminalRow&)> recording;
  // Where a sandbox's workspace is; it need not be there any more.
  std::function<std::filesystem::path(const std::string& sandbox)> workspace;
  // Called in the unit of work of every change, and when somebody who is not the owner was shown it ("opened") or was not.
  std::function<Result<>(store::Unit&, const store::SnapshotRow&, const std::string& what, const Who&)> record;
  std::function<Result<>(store::Unit&, const SnapshotId&, const Who&)> refused;
  std::function<void(std::string_view step)> before;  // for tests: as CaptureOptions::before
  Limits limits;
};

struct NewSnapshot {
  std::optional<SessionId> session{};            // of create
  std::string title{}, description{};            // "": as what it is made from
  std::optional<std::vector<std::string>> tags{};
  std::vector<std::string> leave_out{};          // names of parts; with a "/" at the end all below. One that is none is an error
  bool mask = false;                             // of derive: `*` in the place of what a scan finds
};
struct Made { store::SnapshotRow row; std::string warning; };
struct Look { Who who; SnapshotId id; std::string token{}; };  // who wants to see which, with what

struct View {
  store::SnapshotRow row;
  bool own = false;                              // then with `accesses` and `visits`
  std::vector<bundle::Part> parts;
  std::vector<store::AccessRow> accesses;
  store::VisitTotals visits;
};
struct Visit { store::Visited visited; View view; };
struct Listed { std::vector<store::SnapshotRow> rows; std::string next; };
struct Visits { std::vector<store::VisitRow> rows; std::string next; };
struct Outgoing { std::string name; std::optional<std::uint64_t> bytes; Pieces next; };
struct Received { store::SnapshotRow row; bundle::Signer signer; std::string said; };  // said: who signed it, a sentence
struct Scanned { std::vector<Finding> findings; bool more = false; };
struct Sharing {
  store::Visibility visibility = store::Visibility::Link;
  std::string label{};                           // of the token, as are:
  std::optional<std::chrono::milliseconds> expires{};
  std::uint64_t uses = 0;                        // 0: any number
  bool accept_findings = false;
};
struct Shared { store::SnapshotRow row; std::optional<store::AccessRow> access; std::string token; };

class Snapshots {
 public:
  explicit Snapshots(Context context);
  ~Snapshots();
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // After the sessions' open(), before any other call, which fail until it succeeded: the installation's key, what never became
  // a snapshot goes, and what was being removed is queued again.
  boost::asio::awaitable<Result<>> open();
  void close();                                  // any thread; captures that run end with Unavailable, and are dropped

  boost::asio::awaitable<Result<Made>> create(Who who, NewSnapshot wanted);
  // A new one of the owner's own: the same without some parts, or without what looks like a secret.
  boost::asio::awaitable<Result<Made>> derive(Who who, SnapshotId from, NewSnapshot wanted);
  // A bundle, as it comes through `source` (a pipe will do), verified before it counts.
  boost::asio::awaitable<Result<Received>> receive(Who who, std::shared_ptr<UniqueFd> source, std::string title);

  boost::asio::awaitable<Result<Listed>> list(store::SnapshotFilter filter, std::string after, std::uint32_t limit);
  boost::asio::awaitable<Result<View>> get(Look look);
  boost::asio::awaitable<Result<Outgoing>> part(Look look, std::string name);
  boost::asio::awaitable<Result<Outgoing>> bundle(Look look);
  boost::asio::awaitable<Result<sessions::Made>> copy(Look look, std::string title);  // "": its own
  boost::asio::awaitable<Result<Scanned>> scan(Who who, SnapshotId id);
  boost::asio::awaitable<Result<store::SnapshotRow>> verify(Who who, SnapshotId id);  // reads all of it

  boost::asio::awaitable<Result<Shared>> share(Who who, SnapshotId id, Sharing wanted);
  // One token, or all of them and the link.
  boost::asio::awaitable<Result<store::SnapshotRow>> unshare(Who who, SnapshotId id, std::optional<AccessId> access);
  boost::asio::awaitable<Result<>> remove(Who who, SnapshotId id);
  boost::asio::awaitable<Result<>> remove_now(store::JobRow job);  // the job's work

  // Its owner's are not counted. What is seen is told at once: for a token it is one use.
  boost::asio::awaitable<Result<Visit>> visit(Look look);
  boost::asio::awaitable<Result<Visits>> visits(store::VisitFilter filter, std::string after, std::uint32_t limit);
  boost::asio::awaitable<Result<>> hide_visit(Who who, SnapshotId id);

  [[nodiscard]] const Limits& limits() const { return context_.limits; }

 private:
  struct Keys;
  struct Making;
  struct Done {};
  struct Begun { store::SnapshotRow row; bool fresh = true; std::uint64_t room = 0; std::string warning; };
  template <class T>
  using Answer = boost::asio::awaitable<Result<T>>;
  using Held = std::shared_ptr<const Content>;

  [[nodiscard]] Result<> usable() const;
  Result<> record(store::Unit& unit, const store::SnapshotRow& row, const std::string& what, const Who& who) const;
  Result<> refused(store::Unit& unit, const SnapshotId& id, const Who& who) const;
  Answer<Done> drop_unfinished();
  Answer<Done> queue_removals();

  // Reads the row of who may see it, and records that, or that somebody may not.
  Answer<store::SnapshotRow> seen(Look look);
  Answer<store::SnapshotRow> own(Who who, SnapshotId id);
  Answer<store::SnapshotRow> changed(Who who, SnapshotId id, std::string what,
                                     std::function<Result<>(store::Unit&, store::SnapshotRow&)> change);
  Answer<View> view_of(store::SnapshotRow row, std::string reader);
  Answer<Held> content(store::SnapshotRow row);
  boost::asio::awaitable<Error> damaged(store::SnapshotRow row, Error error);  // marks it when the error says so
  Answer<Scanned> scan_content(store::SnapshotRow row, Held content);

  Answer<Begun> begin(Who who, store::SnapshotRow row, std::string request);
  Answer<store::SnapshotRow> end(Who who, store::SnapshotRow row, Result<Sum> sum);
  store::SnapshotRow new_row(const Who& who, const NewSnapshot& wanted) const;
  Answer<Made> create_now(Who who, NewSnapshot wanted, sessions::Content document);
  Answer<Sum> capture(store::SnapshotRow row, std::vector<std::string> leave_out, std::uint64_t room,
                      std::function<Answer<Done>(Making*)> fill, boost::json::object about);
  Answer<Done> put(Making* making, std::string name, std::string kind, Pieces next);
  Answer<Done> put_session(Making* making, std::string owner, sessions::Content document);
  Answer<Done> put_log(Making* making, std::string owner, SessionId session, store::SessionLog log, std::string name);
  Answer<Done> put_terminals(Making* making, std::string sandbox);
  Answer<Done> put_terminal(Making* making, store::TerminalRow row);
  Answer<Done> put_workspace(Making* making, std::string sandbox);
  Answer<Made> derive_now(Who who, store::SnapshotRow from, NewSnapshot wanted);
  Answer<Done> put_again(Making* making, store::SnapshotRow from, Held content, bool mask);
  Answer<Received> receive_now(Who who, std::shared_ptr<UniqueFd> source, std::string title);

  Context context_;
  std::unique_ptr<const Keys> opened_;
  SecretRules rules_;
  Error closed_{.code = Code::Unavailable, .message = "Snapshots are not open yet."};
  std::atomic<bool> open_ = false, closing_ = false;
};

}  // namespace berth::snapshots
