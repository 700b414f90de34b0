#include <fcntl.h>
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <limits>

#include "backup/backup.hpp"
#include "backup/writer.hpp"
#include "crypto/machine_key_files.hpp"
#include "crypto/machine_keys.hpp"
#include "journal/key.hpp"
#include "journal/segment.hpp"
#include "os/at.hpp"
#include "os/file.hpp"
#include "os/inside.hpp"
#include "os/new_file.hpp"

namespace berth::backup {
namespace {

constexpr std::string_view scratch_name = ".backup";
constexpr std::size_t most_token_bytes = 4096;
constexpr int most_depth = 200;  // directories that are open at once

// At the top of a home. What begins with a dot there is being made.
constexpr std::array left_out{"berth.db", "berth.db-wal", "berth.db-shm", "backups", "log", "probe.json", "server.json", "server.lock", "token"};
constexpr std::array kept_of_sandbox{"upper", "workspace", "exit.json"};

bool contains(const auto& names, const std::string& name) { return std::ranges::find(names, name) != names.end(); }

// Where a walk is: "terminals", "trm_…".
using Place = std::vector<std::string>;

bool is_wanted(const Place& place, const Creation& what) {
  const std::string& name = place.back();
  if (place.size() == 1) return !name.starts_with('.') && !contains(left_out, name) && (name != "images" || what.templates);
  if (place[0] == "keys") return !name.ends_with(".key");                                 // they are in the secrets
  if (place[0] == "sandboxes" && place.size() == 3) return contains(kept_of_sandbox, name);
  if (place[0] == "snapshots" && place.size() == 2) return !name.starts_with('.');        // one that is being made
  return true;
}

// One backup of a home at a time; what a killed one left goes.
class Scratch {
 public:
  static Result<Scratch> make(const Path& home) {
    const Path dir = home / scratch_name;
    TRY(os::make_private_directory(dir));
    TRY_ASSIGN(auto lock, os::try_lock_file(dir / "lock"));
    if (!lock) return fail(Code::FailedPrecondition, "Another backup of this home is being made.", "Wait for it.");
    Scratch out(dir, *std::move(lock));
    TRY_ASSIGN(const auto opened, os::open_directory(dir));
    TRY_ASSIGN(const auto names, os::list_at(opened.get()));
    for (const auto& name : names)
      if (name != "lock") TRY(os::remove_tree(dir / name));
    return out;
  }
  Scratch(Scratch&& other) noexcept : dir_(std::exchange(other.dir_, {})), lock_(std::move(other.lock_)) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    if (!dir_.empty()) (void)os::remove_tree(dir_);
  }
  [[nodiscard]] Path database() const { return dir_ / database_name; }

 private:
  Scratch(Path dir, UniqueFd lock) : dir_(std::move(dir)), lock_(std::move(lock)) {}
  Path dir_;
  UniqueFd lock_;
};

Member member_of(const struct stat& state, const Place& place) {
  Member out{.path = {}, .mode = state.st_mode & 07777, .uid = state.st_uid, .gid = state.st_gid,
             .modified = std::max<std::int64_t>(state.st_mtim.tv_sec, 0)};
  for (const auto& name : place) out.path += (out.path.empty() ? "" : "/") + name;
  return out;
}

class Walk {
 public:
  Walk(const Creation& what, const crypto::MachineKeys& keys, Writer& writer) : what_(what), keys_(keys), writer_(writer) {}
  Result<> all() {
    TRY_ASSIGN(const auto home, os::open_directory(what_.home));
    return directory(home.get());
  }
  [[nodiscard]] Left left() { return std::move(left_); }

 private:
  Result<> directory(int dir) {
    auto names = os::list_at(dir);
    if (!names) return unreadable(names.error());
    for (auto& name : *names) {
      place_.push_back(std::move(name));
      auto done = is_wanted(place_, what_) ? entry(dir) : Result<>();
      place_.pop_back();
      TRY(done);
    }
    return {};
  }

  Result<> entry(int dir) {
    const std::string& name = place_.back();
    const auto state = os::stat_at(dir, name);
    if (!state) return unreadable(state.error());
    Member member = member_of(*state, place_);
    if (member.path.size() > most_path_bytes || static_cast<int>(place_.size()) > most_depth) return note(left_.unreadable);
    if (S_ISLNK(state->st_mode)) {
      auto target = os::read_link(dir, name);
      if (!target) return unreadable(target.error());
      member.kind = Kind::Link;
      member.target = *std::move(target);
      return writer_.add(std::move(member), {});
    }
    if (!S_ISDIR(state->st_mode) && !S_ISREG(state->st_mode)) return {};
    const bool is_directory = S_ISDIR(state->st_mode);
    const auto opened = os::open_at(dir, name, O_RDONLY | O_NONBLOCK | (is_directory ? O_DIRECTORY : 0));
    if (!opened) return unreadable(opened.error());
    if (!is_directory) return file(std::move(member), opened->get());
    member.kind = Kind::Directory;
    TRY(writer_.add(std::move(member), {}));
    return directory(opened->get());
  }

  // What it is was asked before: a name may be something else by now.
  Result<> file(Member member, int fd) {
    const auto most = place_.size() == 3 && place_[0] == "terminals" ? whole_records() : std::numeric_limits<std::uint64_t>::max();
    TRY_ASSIGN(const auto state, os::stat_fd(fd));  // behind it: a record may be half written by now
    if (!S_ISREG(state.st_mode)) return {};
    member.bytes = std::min(static_cast<std::uint64_t>(state.st_size), most);
    TRY_ASSIGN(const bool shorter, writer_.add_file(member, fd));
    return shorter ? note(left_.changed) : Result<>();
  }

  // Of a segment that is written to: up to the end of its last whole record. Of everything else: all of it.
  std::uint64_t whole_records() {
    constexpr auto all = std::numeric_limits<std::uint64_t>::max();
    const Path dir = what_.home / place_[0] / place_[1];
    const auto segments = journal::list_segments(dir);
    if (!segments || segments->empty() || journal::to_string(segments->back()) != place_[2]) return all;
    const auto key = journal::load_key(dir, keys_);
    if (!key) return all;
    auto reader = journal::SegmentReader::open(dir, segments->back(), *key);
    if (!reader || !*reader || (*reader)->header().compact) return all;
    for (;;) {
      const auto found = (*reader)->look();
      if (!found) return all;
      if (*found == journal::SegmentReader::Found::Torn || *found == journal::SegmentReader::Found::End) return (*reader)->position();
      if (*found == journal::SegmentReader::Found::Bad) return all;  // damage is kept as it is
      (*reader)->forget_link();
      (*reader)->advance();
    }
  }

  // What went meanwhile is no loss.
  Result<> unreadable(const Error& error) {
    if (error.code == Code::NotFound) return {};
    if (place_.empty()) return std::unexpected(error);
    return note(left_.unreadable);
  }
  Result<> note(std::uint64_t& count) {
    ++count;
    if (left_.first.empty()) left_.first = member_of({}, place_).path;
    return {};
  }

  const Creation& what_;
  const crypto::MachineKeys& keys_;
  Writer& writer_;
  Place place_;
  Left left_;
};

// The machine's keys, and the first API key where it is.
Result<std::string> sealed_secrets(const Creation& what) {
  TRY_ASSIGN(std::string keys, crypto::export_machine_keys(what.home / "keys"));
  boost::json::object secrets{{"machine_keys", keys}};
  crypto::wipe(keys);
  auto token = os::read_file(what.home / "token", most_token_bytes);
  if (!token && token.error().code != Code::NotFound) return pass(std::move(token).error());
  if (token) secrets["token"] = *token;
  std::string text = boost::json::serialize(secrets);
  auto sealed = crypto::seal_with_passphrase(*what.passphrase, text, what.cost);
  crypto::wipe(text);
  return sealed;
}

Result<> add_database(Writer& writer, const Path& copy) {
  TRY_ASSIGN(const auto file, os::open_read(copy));
  TRY_ASSIGN(const auto state, os::stat_fd(file.get()));
  Member member{.path = std::string(database_name), .mode = 0600, .uid = state.st_uid, .gid = state.st_gid,
                .modified = std::max<std::int64_t>(state.st_mtim.tv_sec, 0), .bytes = static_cast<std::uint64_t>(state.st_size)};
  TRY_ASSIGN(const bool shorter, writer.add_file(member, file.get()));
  if (shorter) return fail(Code::Internal, "The copy of the database became shorter.");
  return {};
}

}  // namespace

Result<Report> create(const Creation& what, const Databases& databases) {
  if (!os::stat_no_follow(what.home / database_name))
    return fail(Code::NotFound, "There is nothing in this home to back up.", "Berth was never started here.");
  TRY_ASSIGN(auto file, os::NewFile::open(what.file));
  TRY_ASSIGN(const auto scratch, Scratch::make(what.home));
  if (what.progress) what.progress("the database", 0);
  TRY(databases.copy(what.home / database_name, scratch.database()));
  TRY_ASSIGN(const auto keys, crypto::MachineKeys::open_existing(what.home / "keys"));  // behind the database: it needs none that is missing
  TRY_ASSIGN(const std::string secrets, sealed_secrets(what));
  TRY_ASSIGN(const auto seed, crypto::machine_secret_for(what.home / "keys", signing_purpose));
  Writer writer(file.fd(), what.progress);
  TRY(writer.add({.path = std::string(secrets_name)}, secrets));
  TRY(add_database(writer, scratch.database()));
  Walk walk(what, keys, writer);
  TRY(walk.all());
  Report report{.left = walk.left(), .opened = true};
  TRY_ASSIGN(report.manifest, writer.finish({.made = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()),
                                             .writer = BERTH_VERSION},
                                            crypto::SigningKey(seed)));
  TRY_ASSIGN(const auto state, os::stat_fd(file.fd()));
  report.file_bytes = static_cast<std::uint64_t>(state.st_size);
  TRY(file.publish());
  return report;
}

}  // namespace berth::backup
