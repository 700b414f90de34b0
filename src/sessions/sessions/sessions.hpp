#pragma once
// Sessions of people and agents: a private, versioned document with logs beside it, saved so that nothing acknowledged is
// ever lost, and nothing is overwritten that the writer has not seen.
//
// A change names the version that it was made from; another one by now is Stale, with the newest in `facts`. Per session one
// change runs and the others wait in line; across processes the database decides. What is answered with success is durable,
// and is one unit of work with its history row. Open documents stay parsed in a bounded cache, so that a change costs what
// it changes; old changes are folded into a checkpoint behind it.
//
// Threads: every coroutine from any executor; a session's state is touched on its own lane. Long work runs on a pool.
// Errors: NotFound (no such session, or another owner's: they look the same), Stale, VersionRequired, InvalidArgument,
// TooLarge (with both sizes), ResourceExhausted (the owner's limits; too many in line), FailedPrecondition (state, patch),
// RecordDamaged (kept and marked; the others are served), and the store's.
//
// Example (sessions::Sessions& sessions, sessions::Who who, document::Value value):
//   CO_TRY_ASSIGN(const auto made, co_await sessions.create(who, {.title = "Plan", .document = value}));
//   CO_TRY_ASSIGN(const auto row, co_await sessions.replace(who, made.row.id, made.row.version, value));
//   CO_TRY_ASSIGN(const auto content, co_await sessions.get(who.owner, row.id));  // content.bytes are canonical

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aio/lanes.hpp"
#include "aio/pool.hpp"
#include "base/clock.hpp"
#include "document/patch.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace berth::sessions {

struct Limits {
  std::uint64_t document_bytes = 1536 << 10, entry_bytes = 1 << 20;
  std::uint32_t active = 10, stored = 100;         // of one owner
  std::uint32_t versions = 100;                    // that can be read and restored
  std::uint32_t changes = 64;                      // between two whole documents
  std::uint32_t waiting = 64;                      // changes in line for one session
  std::uint64_t cache_bytes = 64 << 20;            // of canonical documents that are kept parsed, all together
  std::chrono::milliseconds idempotency{86'400'000};
  std::uint32_t devices = 20;                      // of one owner
  std::chrono::milliseconds device_lifetime{2'592'000'000};
};

// Who asks, with which client. `once`: a key of the client's own choice; a request that is repeated under it, because its
// answer was lost, has one effect. A create then gives the session that it made, a change the version that it made, also
// when that is not the newest any more. "" has none; kept for Limits::idempotency.
struct Who {
  std::string owner, key, client;
  std::string once{};
  std::string request{};                           // id of the request, for the record
};

struct Context {
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  aio::Pool* pool = nullptr;
  aio::Lanes* lanes = nullptr;
  log::Logger log;
  std::filesystem::path keys;                      // of the machine
  // What a sandbox's workspace is now; NotFound when it is gone. Blocks.
  std::function<Result<store::WorkspaceMark>(const std::string& sandbox)> workspace;
  // Called in the unit of work of every change: the seam for events and audit records.
  std::function<Result<>(store::Unit&, const store::SessionRow&, const std::string& what, const Who&)> record;
  Limits limits;
};

using From = std::optional<std::uint64_t>;         // the version that a change was made from; nothing: any

struct NewSession {
  std::string title, description;
  std::vector<std::string> tags;
  document::Value document;
  std::string sandbox;                             // id, or ""
};
struct Made { store::SessionRow row; std::string warning; };
struct Content { store::SessionRow row; std::uint64_t version = 0; std::string bytes; };
struct Details {
  std::optional<std::string> title, description;
  std::optional<std::vector<std::string>> tags;
};
enum class PatchForm { JsonPatch, MergePatch };
struct Listed { std::vector<store::SessionRow> rows; std::string next; };
struct Appended { std::uint64_t offset = 0; bool again = false; };  // again: this client id was appended before
struct Entry { std::uint64_t offset = 0; std::string client_id; WallTime appended{}; std::string bytes; };
struct Entries { std::vector<Entry> entries; std::uint64_t end = 0; };
// A browser or machine that keeps unsaved copies: sealed with a key of its own, which the server hands out for as long as
// the device is known and not expired.
struct Device { std::string id, name; WallTime added{}, expires{}; };
struct DeviceKey { Device device; std::string key; };  // 32 bytes
struct Cleanup { std::optional<WallTime> before; std::optional<std::uint32_t> keep; bool dry_run = true; };

// Since the start. A session that is opened is compared with what was acknowledged last, which its row names.
struct Statistics { std::uint64_t opened = 0, damaged = 0, newest_missing = 0; };

class Vault;

class Sessions {
 public:
  explicit Sessions(Context context);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Unwraps the keys. Until it succeeded, every call fails with its error.
  boost::asio::awaitable<Result<>> open();

  boost::asio::awaitable<Result<Made>> create(Who who, NewSession wanted);
  boost::asio::awaitable<Result<Made>> copy(Who who, SessionId from, std::string title);
  boost::asio::awaitable<Result<store::SessionRow>> describe(std::string owner, SessionId id);  // without its content
  boost::asio::awaitable<Result<Content>> get(std::string owner, SessionId id, std::optional<std::uint64_t> version = {});
  boost::asio::awaitable<Result<Listed>> list(store::SessionFilter filter, std::string after, std::uint32_t limit);

  boost::asio::awaitable<Result<store::SessionRow>> replace(Who who, SessionId id, From from, document::Value value);
  boost::asio::awaitable<Result<store::SessionRow>> patch(Who who, SessionId id, From from, PatchForm form, document::Value patch);
  boost::asio::awaitable<Result<store::SessionRow>> rename(Who who, SessionId id, From from, Details details);
  boost::asio::awaitable<Result<store::SessionRow>> restore(Who who, SessionId id, From from, std::uint64_t version);
  boost::asio::awaitable<Result<store::SessionRow>> close(Who who, SessionId id);
  boost::asio::awaitable<Result<store::SessionRow>> resume(Who who, SessionId id);
  boost::asio::awaitable<Result<>> remove(Who who, SessionId id);

  boost::asio::awaitable<Result<std::vector<store::RevisionRow>>> history(std::string owner, SessionId id, std::uint64_t before,
                                                                          std::uint32_t limit);
  boost::asio::awaitable<Result<std::string>> difference(std::string owner, SessionId id, std::uint64_t from, std::uint64_t to);
  boost::asio::awaitable<Result<Appended>> append(Who who, SessionId id, store::SessionLog log, std::string client_id,
                                                  document::Value entry);
  boost::asio::awaitable<Result<Entries>> entries(std::string owner, SessionId id, store::SessionLog log, std::uint64_t from,
                                                  std::uint32_t limit);
  // Closed sessions that are old, or more than are kept: what went, or with dry_run would go.
  boost::asio::awaitable<Result<std::vector<store::SessionRow>>> clean_up(Who who, Cleanup wanted);

  boost::asio::awaitable<Result<DeviceKey>> add_device(std::string owner, std::string name);
  boost::asio::awaitable<Result<DeviceKey>> device(std::string owner, std::string id);  // NotFound: revoked, expired, or never there
  boost::asio::awaitable<Result<std::vector<Device>>> devices(std::string owner);
  boost::asio::awaitable<Result<>> revoke_device(std::string owner, std::string id);

  [[nodiscard]] const Limits& limits() const { return context_.limits; }
  [[nodiscard]] Statistics statistics() const { return {.opened = opened_, .damaged = damaged_, .newest_missing = newest_missing_}; }

 private:
  struct Open;
  struct Place;
  struct Lane;
  struct Change;
  struct Whole;
  struct NewEntry;
  struct Batch;
  struct Done {};
  class Turn;
  template <class T>
  using Answer = boost::asio::awaitable<Result<T>>;

  Lane& lane_of(const SessionId& id);
  template <class T, class F>
  Answer<T> in_line(SessionId id, F work);  // on the session's lane, when it is its turn
  void keep(Lane& lane, const SessionId& id);

  // In line: `place` is this session's, and nobody else's until they return.
  Answer<Open*> opened(Place* place, std::string owner, SessionId id);
  Answer<std::unique_ptr<Open>> load(std::string owner, SessionId id);
  Answer<Open*> for_change(Place* place, std::string owner, SessionId id, From from);
  template <class F>
  Answer<store::SessionRow> change_once(SessionId id, Who who, From from, F change);
  Answer<std::optional<store::SessionRow>> carried_out(Place* place, Who who, SessionId id, From from);
  Answer<store::SessionRow> commit(Place* place, Who who, Change change);
  Answer<Content> get_now(Place* place, std::string owner, SessionId id);
  Answer<store::SessionRow> replace_now(Place* place, Who who, SessionId id, From from, std::shared_ptr<Whole> whole, std::string what);
  Answer<store::SessionRow> patch_now(Place* place, Who who, SessionId id, From from, PatchForm form, document::Value patch);
  Answer<store::SessionRow> rename_now(Place* place, Who who, SessionId id, From from, Details details);
  Answer<store::SessionRow> close_now(Place* place, Who who, SessionId id);
  Answer<store::SessionRow> resume_now(Place* place, Who who, SessionId id);
  Answer<store::SessionRow> set_state(Place* place, Who who, store::SessionRow row, const char* what);
  Answer<Done> remove_now(Place* place, Who who, SessionId id);
  Answer<Done> fold_now(Place* place, SessionId id);
  boost::asio::awaitable<void> fold(SessionId id);
  boost::asio::awaitable<void> let_go(std::shared_ptr<document::Measured> old);

  Answer<Appended> append_together(Lane* lane, SessionId id, std::shared_ptr<NewEntry> item);
  Result<> append_all(store::Unit& unit, const SessionId& id, const std::vector<std::shared_ptr<NewEntry>>& items) const;
  Answer<Made> insert(Who who, NewSession wanted, std::string bytes);
  Answer<store::WorkspaceMark> workspace_now(std::string sandbox);
  Answer<Content> version_of(store::SessionRow row, std::uint64_t version);
  boost::asio::awaitable<Error> damaged(SessionId id, Error error);  // marks it
  Result<> record(store::Unit& unit, const store::SessionRow& row, const std::string& what, const Who& who) const;
  [[nodiscard]] Result<> usable() const;

  Context context_;
  std::shared_ptr<const Vault> vault_;
  Error closed_{.code = Code::Unavailable, .message = "Sessions are not open yet."};
  std::atomic<bool> open_ = false;
  std::atomic<std::uint64_t> opened_ = 0, damaged_ = 0, newest_missing_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace berth::sessions
