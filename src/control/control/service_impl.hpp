#pragma once
// Service, put together. Private to control: service.cpp is its life, handlers.cpp what each action does.

#include <atomic>

#include "aio/pool.hpp"
#include "control/audit_trail.hpp"
#include "control/domain.hpp"
#include "control/files.hpp"
#include "control/finder.hpp"
#include "control/housekeeping.hpp"
#include "control/journal_keeper.hpp"
#include "control/key_expiry.hpp"
#include "control/metrics.hpp"
#include "control/open_viewers.hpp"
#include "control/people.hpp"
#include "control/rate_limit.hpp"
#include "control/template_desk.hpp"
#include "control/terminal_calls.hpp"
#include "control/validate.hpp"
#include "sandboxes/sandboxes.hpp"

namespace berth::control {

class ServiceImpl final : public Service {
 public:
  explicit ServiceImpl(Dependencies dependencies);
  ~ServiceImpl() override { timeline_->close(); }

  boost::asio::awaitable<Result<Outcome>> perform(Caller caller, Action action) override;
  boost::asio::awaitable<Result<Caller>> authenticate(std::string presented_key, std::string address) override;
  bool ready() const override { return ready_; }
  std::string metrics() override;
  boost::asio::awaitable<Result<std::optional<crypto::Secret>>> ensure_first_key(KeepKey keep) override;
  boost::asio::awaitable<Result<>> recover() override;
  boost::asio::awaitable<void> stop(std::chrono::milliseconds limit) override;

 private:
  using Answer = boost::asio::awaitable<Result<Outcome>>;

  Result<> admit(const Caller& caller);
  sessions::Context session_context();
  snapshots::Context snapshot_context();
  Answer handle(Caller caller, CreateSandbox action);
  Answer handle(Caller caller, ListSandboxes action);
  Answer handle(Caller caller, GetSandbox action);
  Answer handle(Caller caller, StopSandbox action);
  Answer handle(Caller caller, RemoveSandbox action);
  Answer handle(Caller caller, PauseSandbox action);
  Answer handle(Caller caller, ResumeSandbox action);
  Answer handle(Caller caller, SandboxStats action);
  Answer handle(Caller caller, StartTerminal action);
  Answer handle(Caller caller, ListTerminals action);
  Answer handle(Caller caller, GetTerminal action);
  Answer handle(Caller caller, WriteInput action);
  Answer handle(Caller caller, SendKeys action);
  Answer handle(Caller caller, WaitTerminal action);
  Answer handle(Caller caller, RenameTerminal action);
  Answer handle(Caller caller, CloseTerminal action);
  Answer handle(Caller caller, GetCommand action);
  Answer handle(Caller caller, GetCommandOutput action);
  Answer handle(Caller caller, Grep action);
  Answer handle(Caller caller, ResizeTerminal action);
  Answer handle(Caller caller, SignalTerminal action);
  Answer handle(Caller caller, ReadOutput action);
  Answer handle(Caller caller, AttachTerminal action);
  Answer handle(Caller caller, GetScreen action);
  Answer handle(Caller caller, Exec action);
  Answer handle(Caller caller, ListCommands action);
  Answer handle(Caller caller, StatFile action);
  Answer handle(Caller caller, ListFiles action);
  Answer handle(Caller caller, ReadFile action);
  Answer handle(Caller caller, WriteFile action);
  Answer handle(Caller caller, MakeDirectory action);
  Answer handle(Caller caller, MoveFile action);
  Answer handle(Caller caller, RemoveFile action);
  Answer handle(Caller caller, ListTemplates action);
  Answer handle(Caller caller, BuildTemplate action);
  Answer handle(Caller caller, RemoveTemplate action);
  Answer handle(Caller caller, GetServerInfo action);
  Answer handle(Caller caller, ListJobs action);
  Answer handle(Caller caller, RetryJob action);
  Answer handle(Caller caller, CancelJob action);
  Answer handle(Caller caller, AddUser action);
  Answer handle(Caller caller, ListUsers action);
  Answer handle(Caller caller, ChangeUser action);
  Answer handle(Caller caller, CreateKey action);
  Answer handle(Caller caller, ListKeys action);
  Answer handle(Caller caller, RevokeKey action);
  Answer handle(Caller caller, FollowEvents action);
  Answer handle(Caller caller, OpenEvents action);
  Answer handle(Caller caller, ExportTerminal action);
  Answer handle(Caller caller, ImportRecording action);
  boost::asio::awaitable<Result<std::optional<Attachment::Drawn>>> begin_at_place(FoundTerminal found, AttachTerminal* action);
  Answer import_now(Caller caller, ImportRecording action);
  Answer handle(Caller caller, CreateSession action);
  Answer handle(Caller caller, CopySession action);
  Answer handle(Caller caller, DescribeSession action);
  Answer handle(Caller caller, GetSession action);
  Answer handle(Caller caller, ListSessions action);
  Answer handle(Caller caller, ReplaceSession action);
  Answer handle(Caller caller, PatchSession action);
  Answer handle(Caller caller, RenameSession action);
  Answer handle(Caller caller, RestoreSession action);
  Answer handle(Caller caller, CloseSession action);
  Answer handle(Caller caller, ResumeSession action);
  Answer handle(Caller caller, RemoveSession action);
  Answer handle(Caller caller, ListVersions action);
  Answer handle(Caller caller, CompareVersions action);
  Answer handle(Caller caller, AppendEntry action);
  Answer handle(Caller caller, ListEntries action);
  Answer handle(Caller caller, CleanSessions action);
  Answer handle(Caller caller, AddDevice action);
  Answer handle(Caller caller, GetDevice action);
  Answer handle(Caller caller, ListDevices action);
  Answer handle(Caller caller, RevokeDevice action);
  Answer handle(Caller caller, CreateSnapshot action);
  Answer handle(Caller caller, DeriveSnapshot action);
  Answer handle(Caller caller, ImportSnapshot action);
  Answer handle(Caller caller, ListSnapshots action);
  Answer handle(Caller caller, GetSnapshot action);
  Answer handle(Caller caller, ReadPart action);
  Answer handle(Caller caller, ExportSnapshot action);
  Answer handle(Caller caller, CopySnapshot action);
  Answer handle(Caller caller, ScanSnapshot action);
  Answer handle(Caller caller, VerifySnapshot action);
  Answer handle(Caller caller, ShareSnapshot action);
  Answer handle(Caller caller, UnshareSnapshot action);
  Answer handle(Caller caller, RemoveSnapshot action);
  Answer handle(Caller caller, VisitSnapshot action);
  Answer handle(Caller caller, ListVisits action);
  Answer handle(Caller caller, ForgetVisit action);

  // What asks for a snapshot by id: whoever asks for too many that he is not shown is turned away, by address.
  template <class T>
  boost::asio::awaitable<Result<T>> guarded(std::string address, boost::asio::awaitable<Result<T>> work);

  boost::asio::awaitable<Result<store::CommandRow>> command_row(FoundTerminal found, std::optional<std::uint64_t> number);
  boost::asio::awaitable<Result<std::vector<TerminalId>>> searched_terminals(std::string owner, const Grep& action);
  boost::asio::awaitable<Result<>> name_commands(GrepPage* page);

  struct Start { templates::Template root; sandboxes::Runtime runtime; };
  Result<Start> prepare_start(const std::string& name, const std::string& isolation) const;  // blocks
  boost::asio::awaitable<Result<store::SandboxRow>> stop_sandbox(Caller caller, store::SandboxRow row, std::chrono::milliseconds grace);
  boost::asio::awaitable<Result<>> remove_sandbox(Caller caller, store::SandboxRow row, bool force);
  boost::asio::awaitable<Result<std::vector<TerminalInfo>>> terminals_of(store::SandboxRow row);
  boost::asio::awaitable<void> remove_ended(SandboxId id);
  boost::asio::awaitable<Result<>> note_machine_key();  // a new one is a change that somebody made on the disk
  boost::asio::awaitable<void> note_used_keys();  // until it stops
  void turn_away_strangers();

  // `what` ends when the caller's key or role does not give it any more; refused when that is so already.
  template <class T>
  Result<std::shared_ptr<T>> keep_open(const Caller& caller, store::Permission permission, std::shared_ptr<T> what) {
    what = OpenViewers::add(viewers_, {.key = caller.key, .permission = permission}, std::move(what));
    TRY_ASSIGN(const auto expires, people_.still_allows(caller.key, permission));
    if (expires) expiry_.note(*expires);
    return what;
  }

  // Runs on the strand of the sandbox or terminal and back.
  template <class T>
  static Answer answer(boost::asio::any_io_executor executor, boost::asio::awaitable<Result<T>> work) {
    CO_TRY_ASSIGN(auto value, co_await aio::on(std::move(executor), std::move(work)));
    co_return Outcome{std::move(value)};
  }
  static Answer done(boost::asio::any_io_executor executor, boost::asio::awaitable<Result<>> work) {
    CO_TRY(co_await aio::on(std::move(executor), std::move(work)));
    co_return Outcome{Done{}};
  }

  Domain domain_;
  aio::Pool pool_;
  sandboxes::Sandboxes sandboxes_;
  Finder finder_;
  TemplateDesk templates_;
  People people_;
  std::shared_ptr<OpenViewers> viewers_ = std::make_shared<OpenViewers>();
  std::shared_ptr<aio::TaskGroup> expiry_lane_;
  KeyExpiry expiry_;
  JournalKeeper journals_;
  RateLimit rate_;
  Metrics metrics_;
  AuditTrail audit_;
  std::shared_ptr<jobs::Jobs> jobs_;
  std::shared_ptr<events::Timeline> timeline_;
  sessions::Sessions room_;
  aio::Pool transfers_;  // imports, a thread each
  RateLimit misses_;
  snapshots::Snapshots snapshots_;
  WallTime started_;
  std::atomic<std::uint32_t> greps_ = 0;  // at this moment
  std::atomic<bool> ready_ = false, stopping_ = false;
};

}  // namespace berth::control
