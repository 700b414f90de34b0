#include "shim/supervisor.hpp"

#include <malloc.h>

#include <csignal>

#include <fmt/format.h>

#include "os/file.hpp"
#include "shim/spec.hpp"

namespace berth::shim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_every{250};         // of a journal that found the disk full
constexpr milliseconds kill_after_grace{1'000};  // init kills by itself when the grace is over; then we do
constexpr milliseconds end_within{10'000};       // for a full disk to get room, once the sandbox is gone
constexpr milliseconds tell_within{2'000};       // for servers to read the last frame
constexpr milliseconds trim_after{2'000};         // of quiet: what a burst needed is given back
constexpr std::uint32_t init_version = 1;

}  // namespace

Supervisor::Supervisor(Options options) : options_(std::move(options)), spec_(options_.spec), log_(options_.log) {}

Supervisor::~Supervisor() {
  terminals_.clear();
  channel_.reset();
  audience_.reset();
}

Result<std::unique_ptr<Supervisor>> Supervisor::open(Options options) {
  os::ignore_signal(SIGPIPE);
  std::unique_ptr<Supervisor> self(new Supervisor(std::move(options)));
  TRY_ASSIGN(self->loop_, Loop::open(*self->options_.clock));
  TRY_ASSIGN(self->signals_, os::SignalFd::open({SIGTERM, SIGINT}));
  TRY_ASSIGN(self->signals_watch_, self->loop_->watch(self->signals_->fd(), EPOLLIN, [me = self.get()](std::uint32_t) {
    while (true) {
      const auto signal = me->signals_->next();
      if (!signal || !*signal) return;
      me->stop(milliseconds{me->spec_.stop_grace_ms()});
    }
  }));
  Audience::Owner& owner = *self;
  self->audience_ = std::make_unique<Audience>(*self->loop_, self->spec_, self->log_, owner);
  if (self->options_.link) TRY(self->audience_->add_inherited(std::move(self->options_.link)));
  return self;
}

Result<ExitRecord> Supervisor::run() {
  start_sandbox();
  after_step();
  while (phase_ != Phase::Done) {
    TRY(loop_->step());
    after_step();
  }
  return exit_;
}

void Supervisor::start_sandbox() {
  start_deadline_ = loop_->after(milliseconds{spec_.start_timeout_ms()}, [this] {
    end("start_failed", fmt::format("The sandbox did not answer within {} ms.", spec_.start_timeout_ms()) + early_words());
  });
  if (auto started = try_start(); !started) {
    log_.error("start failed", {{"error", started.error()}});
    end("start_failed", started.error().message);
  }
}

Result<> Supervisor::try_start() {
  TRY_ASSIGN(auto process, os::ProcessIdentity::self());
  TRY(write_record(spec_.sandbox_dir(), ShimRecord{.sandbox_id = spec_.sandbox_id(),
                                                   .process = std::move(process),
                                                   .cgroup = driver_spec(spec_).cgroup,
                                                   .started_ns = loop_->clock().now().time_since_epoch().count()}));
  TRY_ASSIGN(driver_, options_.open_driver());
  TRY_ASSIGN(auto started, driver_->start());
  TRY_ASSIGN(channel_, Channel::open(*loop_, std::move(started), *this));
  return {};
}

// What the runtime and init left in their logs, for a reason that would say nothing without it.
std::string Supervisor::early_words() const {
  const std::filesystem::path dir = spec_.sandbox_dir();
  for (const char* name : {"init.log", "runtime.log"})
    if (const auto words = tail_of(dir / name); !words.empty()) return " The last of " + std::string(name) + ": " + words;
  return {};
}

void Supervisor::init_ready(const wire::Ready& frame) {
  if (phase_ != Phase::Starting) return end("init_misbehaved", "berth-init said twice that it is ready.");
  if (frame.version() != init_version)
    return end("start_failed", fmt::format("berth-init speaks version {} of the channel.", frame.version()));
  start_deadline_.reset();
  started_ns_ = loop_->clock().now().time_since_epoch().count();
  if (auto serving = try_serve(); !serving) {
    log_.error("cannot serve", {{"error", serving.error()}});
    return end("start_failed", serving.error().message);
  }
  phase_ = Phase::Running;
  log_.info("sandbox runs");
  audience_->tell(welcome());
  if (options_.started) options_.started();
}

Result<> Supervisor::try_serve() {
  TRY(os::make_private_directory(spec_.terminals_dir()));
  return audience_->listen(std::filesystem::path(spec_.sandbox_dir()) / "shim.sock");
}

void Supervisor::stop(milliseconds grace) {
  if (phase_ == Phase::Starting) return end("stopped", "The sandbox was stopped while it started.");
  if (phase_ != Phase::Running) return;
  phase_ = Phase::Stopping;
  log_.info("stopping", {{"grace_ms", grace}});
  if (paused_)
    if (auto resumed = driver_->resume(); !resumed) log_.warning("not resumed", {{"error", resumed.error()}});
  paused_ = false;
  wire::ToInit frame;
  frame.mutable_shutdown()->set_grace_ms(static_cast<std::uint32_t>(grace.count()));
  channel_->send(frame);
  stop_deadline_ = loop_->after(grace + kill_after_grace, [this] { end("stopped", "The sandbox was stopped, and killed after the grace."); });
}

void Supervisor::end(std::string code, std::string reason) {
  if (asked_end_ || phase_ == Phase::Ending || phase_ == Phase::Done) return;
  asked_end_ = Ending{std::move(code), std::move(reason)};
}

void Supervisor::after_step() {
  forget_ended();
  audience_->sweep();
  if (asked_end_ && phase_ != Phase::Ending && phase_ != Phase::Done) begin_ending();
  if (phase_ == Phase::Ending) try_finish();
}

Supervisor::Ending Supervisor::cause_of_death() {
  if (phase_ == Phase::Stopping) return {"stopped", "The sandbox was stopped."};
  if (phase_ == Phase::Starting) return {"start_failed", "The sandbox ended before it was ready." + early_words()};
  const auto usage = driver_->usage();
  if (usage && usage->oom_kills > oom_kills_seen_)
    return {"out_of_memory", fmt::format("The sandbox used more than its {} MiB of memory.", usage->memory_limit >> 20)};
  return {"init_died", "The sandbox ended unexpectedly." + early_words()};
}

void Supervisor::begin_ending() {
  phase_ = Phase::Ending;
  exit_ = {.sandbox_id = spec_.sandbox_id(), .code = asked_end_->code, .reason = asked_end_->reason,
           .time_ns = loop_->clock().now().time_since_epoch().count()};
  log_.info("sandbox ends", {{"code", exit_.code}, {"reason", exit_.reason}});
  start_deadline_.reset();
  stop_deadline_.reset();
  audience_->close_socket();
  if (driver_)
    if (auto destroyed = driver_->destroy(); !destroyed) log_.error("not all was removed", {{"error", destroyed.error()}});
  if (channel_) channel_->drain();
  channel_.reset();
  for (const auto& [id, terminal] : terminals_) terminal->abandon();
  end_deadline_ = loop_->after(end_within, [this] { give_up_blocked(); });
}

// The disk stays full: the sandbox's end is told anyway, and says what is missing.
void Supervisor::give_up_blocked() {
  std::size_t lost = 0;
  for (const auto& [id, terminal] : terminals_) lost += terminal->held_bytes();
  if (lost > 0) exit_.reason += fmt::format(" The disk is full: {} bytes of output were not kept.", lost);
  terminals_.clear();
  by_stream_.clear();
  try_finish();
}

void Supervisor::try_finish() {
  forget_ended();
  if (!terminals_.empty()) return;
  end_deadline_.reset();
  finish();
}

void Supervisor::finish() {
  phase_ = Phase::Done;
  sync_journals(true);
  if (auto written = write_record(spec_.sandbox_dir(), exit_); !written)
    log_.error("exit.json not written", {{"error", written.error()}});
  wire::FromShim frame;
  frame.mutable_sandbox_exit()->set_code(exit_.code);
  frame.mutable_sandbox_exit()->set_reason(exit_.reason);
  frame.mutable_sandbox_exit()->set_time_ns(exit_.time_ns);
  audience_->tell(frame);
  bool late = false;
  const auto deadline = loop_->after(tell_within, [&late] { late = true; });
  while (!late && !audience_->all_sent())
    if (!loop_->step()) break;
}

void Supervisor::retry_blocked() {
  bool blocked = false;
  for (const auto& [id, terminal] : terminals_) {
    if (!terminal->blocked()) continue;
    terminal->retry();
    blocked = blocked || terminal->blocked();
  }
  if (blocked) retry_timer_ = loop_->after(retry_every, [this] { retry_blocked(); });
}

// Armed by the first byte after a sync: an idle shim has no timer.
void Supervisor::journals_changed() {
  if (sync_timer_.armed() || phase_ == Phase::Done) return;
  sync_timer_ = loop_->after(milliseconds{spec_.journal_sync_ms()}, [this] { sync_journals(false); });
}

void Supervisor::sync_journals(bool wait) {
  if (!wait && syncer_ && syncer_->busy()) return journals_changed();
  auto files = std::exchange(unsynced_, {});
  for (const auto& [id, terminal] : terminals_) {
    auto more = terminal->writer().take_unsynced();
    if (!more) log_.warning("journal not synced", {{"terminal", id}, {"error", more.error()}});
    else std::move(more->begin(), more->end(), std::back_inserter(files));
  }
  if (files.empty()) return;
  const auto failed = [this](const Error& error) { log_.error("journal not synced", {{"error", error}}); };
  if (!wait && !syncer_) {
    auto syncer = Syncer::open(*loop_, failed);
    if (!syncer) failed(syncer.error());
    else syncer_ = *std::move(syncer);
  }
  trim_timer_ = loop_->after(trim_after, [] { ::malloc_trim(0); });
  if (!wait && syncer_) return syncer_->submit(std::move(files));
  for (const auto& file : files)
    if (auto synced = os::sync_data(file.get()); !synced) failed(synced.error());
}

}  // namespace berth::shim
