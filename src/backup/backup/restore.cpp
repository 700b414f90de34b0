// verify() and restore(): the same reading, with a home that is made meanwhile or without.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <optional>
#include <ranges>
#include <vector>

#include "backup/backup.hpp"
#include "backup/reader.hpp"
#include "crypto/machine_key_files.hpp"
#include "os/at.hpp"
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "os/inside.hpp"

namespace berth::backup {
namespace {

namespace json = boost::json;

constexpr std::size_t most_secrets_bytes = 4 << 20;

// The secrets, which come first: they are opened when they are whole, so that a wrong passphrase is said before anything else is read.
class Secrets final : public Taker {
 public:
  Secrets(const crypto::Secret* passphrase, Taker& rest) : passphrase_(passphrase), rest_(rest) {}
  Result<> begin(const Member& member) override {
    mine_ = member.path == secrets_name && member.kind == Kind::File;
    if (first_ != mine_ || (mine_ && member.bytes > most_secrets_bytes))
      return fail(Code::Damaged, "The backup does not begin with the secrets of its machine.", "Take another backup.");
    first_ = false;
    return mine_ ? Result<>() : rest_.begin(member);
  }
  Result<> piece(std::string_view bytes) override {
    if (!mine_) return rest_.piece(bytes);
    sealed_ += bytes;
    return {};
  }
  Result<> end() override {
    if (!mine_) return rest_.end();
    if (passphrase_ == nullptr) return {};
    TRY_ASSIGN(auto opened, crypto::open_with_passphrase(*passphrase_, sealed_));
    opened_ = std::move(opened);
    return {};
  }
  [[nodiscard]] const std::optional<crypto::Secret>& opened() const { return opened_; }

 private:
  const crypto::Secret* passphrase_;
  Taker& rest_;
  bool first_ = true, mine_ = false;
  std::string sealed_;
  std::optional<crypto::Secret> opened_;
};

struct Nothing final : Taker {
  Result<> begin(const Member&) override { return {}; }
  Result<> piece(std::string_view) override { return {}; }
  Result<> end() override { return {}; }
};

struct OpenedSecrets {
  std::string machine_keys;
  std::optional<std::string> token;
  OpenedSecrets() = default;
  OpenedSecrets(const OpenedSecrets&) = delete;
  OpenedSecrets(OpenedSecrets&&) = default;
  ~OpenedSecrets() {
    crypto::wipe(machine_keys);
    if (token) crypto::wipe(*token);
  }
};

Result<OpenedSecrets> parse_secrets(const crypto::Secret& secrets) {
  json::error_code error;
  const auto value = json::parse(secrets.reveal(), error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* keys = object == nullptr ? nullptr : object->if_contains("machine_keys");
  if (keys == nullptr || !keys->is_string()) return fail(Code::Damaged, "The secrets of the backup are none.", "Take another backup.");
  OpenedSecrets out;
  out.machine_keys = keys->get_string();
  const auto* token = object->if_contains("token");
  if (token != nullptr && token->is_string()) out.token = token->get_string();
  return out;
}

// Who signed it has the newest key of the machine whose keys are in it.
Result<> check_signer(const Manifest& manifest, const OpenedSecrets& secrets) {
  TRY_ASSIGN(const auto seed, crypto::exported_secret_for(secrets.machine_keys, signing_purpose));
  if (signer_of(seed) == manifest.signer) return {};
  return fail(Code::Damaged, "The backup is signed by another machine than the one whose keys are in it.", "Do not trust it; take another backup.");
}

// A directory that goes again, unless it is kept.
class Temporary {
 public:
  explicit Temporary(Path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  ~Temporary() {
    if (!kept_) (void)os::remove_tree(path_);
  }
  void keep() { kept_ = true; }
  [[nodiscard]] const Path& path() const { return path_; }

 private:
  Path path_;
  bool kept_ = false;
};

// Writes members below `root`: one component after the other, and no link is followed on the way.
class Unpack final : public Taker {
 public:
  explicit Unpack(UniqueFd root) : root_(std::move(root)), is_root_(::geteuid() == 0) {}

  Result<> begin(const Member& member) override {
    member_ = member;
    TRY_ASSIGN(parent_, directory_of(member.path));
    name_ = member.path.substr(member.path.rfind('/') + 1);  // npos + 1 is 0
    if (member.path == database_name) {
      name_ = copied_name;
      owner_ = member;
    }
    if (member.kind == Kind::Directory) return os::make_directory_at(parent_.get(), name_, 0700);
    if (member.kind == Kind::Link) return os::make_link_at(parent_.get(), name_, member.target);
    TRY_ASSIGN(file_, os::open_at(parent_.get(), name_, O_WRONLY | O_CREAT | O_EXCL, 0600));
    return {};
  }
  Result<> piece(std::string_view bytes) override { return os::write_all(file_.get(), bytes); }
  Result<> end() override {
    file_.reset();
    if (is_root_)
      TRY(os::set_owner_at(parent_.get(), name_, member_.uid == owner_.uid ? ::geteuid() : member_.uid,
                           member_.gid == owner_.gid ? ::getegid() : member_.gid));
    if (member_.kind == Kind::Directory) {
      directories_.push_back(member_);
      if (directories_.size() > most_waiting) TRY(finish_directories());
      return {};
    }
    if (member_.kind == Kind::File) TRY(os::set_mode_at(parent_.get(), name_, member_.mode));
    return os::set_modified_at(parent_.get(), name_, member_.modified);
  }
  // Of directories mode and time come when what is in them was written.
  Result<> finish_directories() {
    for (const auto& member : std::views::reverse(directories_)) {
      TRY_ASSIGN(const auto parent, directory_of(member.path));
      const std::string name = member.path.substr(member.path.rfind('/') + 1);
      TRY(os::set_mode_at(parent.get(), name, is_root_ ? member.mode : member.mode | 0700));
      TRY(os::set_modified_at(parent.get(), name, member.modified));
    }
    directories_.clear();
    return {};
  }
  static constexpr const char* copied_name = ".berth.db";

 private:
  static constexpr std::size_t most_waiting = 10'000;

  Result<UniqueFd> directory_of(const std::string& path) const {
    TRY_ASSIGN(auto here, os::open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY));
    for (std::size_t begin = 0, end; (end = path.find('/', begin)) != std::string::npos; begin = end + 1) {
      TRY_ASSIGN(here, os::open_at(here.get(), path.substr(begin, end - begin), O_RDONLY | O_DIRECTORY));
    }
    return here;
  }

  UniqueFd root_;
  bool is_root_;
  Member member_, owner_;  // owner_: the database, which comes first; what was its owner's becomes ours
  UniqueFd parent_, file_;
  std::string name_;
  std::vector<Member> directories_;
};

Result<> check_new(const Path& home) {
  const auto state = os::stat_no_follow(home);
  if (!state) return {};
  const auto refusal = fail(Code::FailedPrecondition, fmt::format("\"{}\" is no new home; a backup is restored into one that is empty or not there.", home.string()),
                            "Name another one: --home DIR");
  if (!S_ISDIR(state->st_mode)) return refusal;
  TRY_ASSIGN(const auto dir, os::open_directory(home));
  TRY_ASSIGN(const auto names, os::list_at(dir.get()));
  return names.empty() ? Result<>() : refusal;
}

// Beside the home, under a name that says so; what a killed one left goes.
Result<UniqueFd> begin_home(const Path& dir) {
  TRY(os::make_private_directory(dir));
  TRY_ASSIGN(auto lock, os::lock_directory(dir, std::chrono::milliseconds{0}));
  if (!lock) return fail(Code::FailedPrecondition, "A backup is being restored there already.", "Wait for it.");
  TRY_ASSIGN(const auto names, os::list_at(lock->get()));
  for (const auto& name : names) TRY(os::remove_tree(dir / name));
  return *std::move(lock);
}

Path without_slash(Path path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

Result<Report> verify(const Path& file, const crypto::Secret* passphrase, const Progress& progress) {
  TRY_ASSIGN(const auto opened, os::open_read(file));
  TRY_ASSIGN(const auto state, os::stat_fd(opened.get()));
  Nothing nothing;
  Secrets secrets(passphrase, nothing);
  Reader reader(opened.get(), progress);
  Report report{.file_bytes = static_cast<std::uint64_t>(state.st_size)};
  TRY_ASSIGN(report.manifest, reader.read(secrets));
  if (!secrets.opened()) return report;
  TRY_ASSIGN(const auto parsed, parse_secrets(*secrets.opened()));
  TRY(check_signer(report.manifest, parsed));
  report.opened = true;
  return report;
}

Result<Report> restore(const Restoration& what, const Databases& databases) {
  const Path home = without_slash(what.home.lexically_normal());
  TRY(check_new(home));
  TRY_ASSIGN(const auto opened, os::open_read(what.file));
  TRY_ASSIGN(const auto state, os::stat_fd(opened.get()));
  const Path made = home.native() + ".restoring";
  TRY_ASSIGN(const auto root, begin_home(made));
  Temporary temporary(made);  // behind the lock: what another one restores stays
  TRY_ASSIGN(auto here, os::open_directory(made));
  Unpack unpack(std::move(here));
  Secrets secrets(what.passphrase, unpack);
  Reader reader(opened.get(), what.progress);
  Report report{.file_bytes = static_cast<std::uint64_t>(state.st_size), .opened = true};
  TRY_ASSIGN(report.manifest, reader.read(secrets));
  TRY_ASSIGN(const auto parsed, parse_secrets(*secrets.opened()));
  TRY(check_signer(report.manifest, parsed));
  TRY(unpack.finish_directories());
  TRY(crypto::import_machine_keys(made / "keys", parsed.machine_keys));
  if (parsed.token) TRY(os::durable_write(made / "token", *parsed.token, 0600));
  if (what.progress) what.progress("the database", report.file_bytes);
  TRY(databases.restore(made / database_name, made / Unpack::copied_name));
  TRY(os::remove_file(made / Unpack::copied_name));
  TRY(os::sync_file_system(made));
  TRY(os::rename_path(made, home));
  temporary.keep();
  TRY(os::sync_directory(home.has_parent_path() ? home.parent_path() : Path(".")));
  return report;
}

}  // namespace berth::backup
