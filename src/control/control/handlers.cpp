// What each action does: check, find, do. Changes of a sandbox are shielded: a client that goes away does not stop them.

#include <thread>

#include "control/find_place.hpp"
#include "control/permissions.hpp"
#include "control/screens.hpp"
#include "control/service_impl.hpp"
#include "os/limits.hpp"
#include "os/memory.hpp"
#include "sandboxes/name.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::chrono::hours longest_grace{1};
constexpr std::chrono::hours longest_exec{168};
constexpr std::chrono::hours longest_wait{1};
constexpr std::uint64_t most_output = 16 << 20;  // of one read
constexpr std::uint32_t page_limit = 100, command_page_limit = 1000;

HostLimits host_limits() {
  return {.memory_bytes = os::physical_memory(),
          .cpu_millis = std::thread::hardware_concurrency() * 1000,
          .open_files = static_cast<std::uint32_t>(std::min<std::uint64_t>(os::open_files_ceiling(), 1 << 20))};
}

bool is_live(const store::SandboxRow& row) {
  return row.state != store::SandboxState::Stopped && row.state != store::SandboxState::Failed;
}

}  // namespace

// ---- sandboxes ----

Result<ServiceImpl::Start> ServiceImpl::prepare_start(const std::string& name, const std::string& isolation) const {
  Start start;
  TRY_ASSIGN(start.root, domain_.parts.templates->find(name));
  TRY_ASSIGN(start.runtime, domain_.parts.leaves.choose_runtime(isolation));
  return start;
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CreateSandbox action) {
  const Settings& settings = domain_.parts.settings;
  if (!action.name.empty()) CO_TRY(sandboxes::check_name(action.name));
  CO_TRY(check_environment(action.env));
  const std::string isolation = action.isolation.empty() ? settings.sandbox_isolation : action.isolation;
  if (isolation != "auto" && isolation != "gvisor" && isolation != "container")
    co_return fail(Code::InvalidArgument, "There is no such isolation.", "It is auto, gvisor or container.");
  const std::string name = action.template_name.empty() ? settings.sandbox_template : action.template_name;
  CO_TRY(check_template_name(name));
  CO_TRY_ASSIGN(const auto limits, resolve_limits(action.limits,
                                                  {.memory_bytes = settings.sandbox_memory_bytes,
                                                   .cpu_millis = settings.sandbox_cpu_millis,
                                                   .processes = settings.sandbox_processes,
                                                   .open_files = settings.sandbox_open_files},
                                                  host_limits()));
  CO_TRY_ASSIGN(const auto held, templates_.hold(name));
  CO_TRY_ASSIGN(const auto start, co_await pool_.run([this, name, isolation] { return prepare_start(name, isolation); }));
  sandboxes::Request request{.owner = caller.owner, .name = action.name, .template_name = name,
                             .template_digest = start.root.digest, .template_root = start.root.root,
                             .runtime = start.runtime, .limits = limits, .env = std::move(action.env),
                             .remove_on_exit = action.remove_on_exit, .also = audit_.of(caller, "sandbox.created")};
  CO_TRY_ASSIGN(auto row, co_await aio::shielded(co_await boost::asio::this_coro::executor, sandboxes_.create(std::move(request))));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListSandboxes action) {
  CO_TRY(check_page(action.page, page_limit));
  CO_TRY_ASSIGN(auto page, co_await domain_.parts.store->read(
      [filter = store::SandboxFilter{caller.owner, action.state}, request = action.page](store::Reader& reader) {
        return reader.sandboxes(filter, request);
      }));
  co_return Outcome{std::move(page)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetSandbox action) {
  CO_TRY_ASSIGN(auto row, co_await finder_.row(caller.owner, action.sandbox));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, StopSandbox action) {
  const auto grace = action.grace.value_or(domain_.parts.settings.sandbox_stop_grace);
  CO_TRY(check_time(grace, std::chrono::milliseconds{0}, longest_grace, "grace_ms"));
  CO_TRY_ASSIGN(auto row, co_await finder_.row(caller.owner, action.sandbox));
  CO_TRY_ASSIGN(auto stopped, co_await stop_sandbox(caller, std::move(row), grace));
  co_return Outcome{std::move(stopped)};
}

awaitable<Result<store::SandboxRow>> ServiceImpl::stop_sandbox(Caller caller, store::SandboxRow row, std::chrono::milliseconds grace) {
  if (const auto sandbox = sandboxes_.find(row.id))
    co_return co_await aio::shielded(sandbox->executor(), sandbox->stop(grace, audit_.of(caller, "sandbox.stopped")));
  if (!is_live(row)) co_return row;
  co_return co_await finder_.row(row.owner, row.id.str());  // it ended since the row was read
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RemoveSandbox action) {
  CO_TRY_ASSIGN(auto row, co_await finder_.row(caller.owner, action.sandbox));
  CO_TRY(co_await remove_sandbox(caller, std::move(row), action.force));
  co_return Outcome{Done{}};
}

awaitable<Result<>> ServiceImpl::remove_sandbox(Caller caller, store::SandboxRow row, bool force) {
  const SandboxId id = row.id;
  if (const auto sandbox = sandboxes_.find(id); sandbox && force)
    CO_TRY(co_await aio::shielded(sandbox->executor(), sandbox->stop(std::chrono::milliseconds{0}, audit_.of(caller, "sandbox.stopped"))));
  co_return co_await aio::shielded(co_await boost::asio::this_coro::executor, sandboxes_.remove(id, audit_.of(caller, "sandbox.removed")));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, PauseSandbox action) {
  CO_TRY_ASSIGN(const auto sandbox, co_await finder_.live(caller.owner, action.sandbox));
  CO_TRY_ASSIGN(auto row, co_await aio::shielded(sandbox->executor(), sandbox->set_paused(true, audit_.of(caller, "sandbox.paused"))));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ResumeSandbox action) {
  CO_TRY_ASSIGN(const auto sandbox, co_await finder_.live(caller.owner, action.sandbox));
  CO_TRY_ASSIGN(auto row, co_await aio::shielded(sandbox->executor(), sandbox->set_paused(false, audit_.of(caller, "sandbox.resumed"))));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, SandboxStats action) {
  CO_TRY_ASSIGN(const auto sandbox, co_await finder_.live(caller.owner, action.sandbox));
  CO_TRY_ASSIGN(const auto usage, co_await aio::on(sandbox->executor(), sandbox->usage()));
  co_return Outcome{SandboxStatsInfo{.memory_bytes = usage.memory_bytes, .memory_limit = usage.memory_limit,
                                     .cpu_ns = usage.cpu_ns, .processes = usage.processes, .oom_kills = usage.oom_kills}};
}

// ---- terminals ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, StartTerminal action) {
  CO_TRY(check_argv(action.argv));
  CO_TRY(check_environment(action.env));
  CO_TRY(check_directory(action.cwd));
  CO_TRY(check_size(action.size));
  if (!action.name.empty()) CO_TRY(check_terminal_name(action.name));
  if (action.kind == store::TerminalKind::Pipes && action.argv.empty())
    co_return fail(Code::InvalidArgument, "A terminal of pipes needs argv.");
  CO_TRY_ASSIGN(const auto sandbox, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await answer(sandbox->executor(), start_terminal(sandbox, std::move(action), audit_.of(caller, "terminal.created")));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListTerminals action) {
  CO_TRY_ASSIGN(auto row, co_await finder_.row(caller.owner, action.sandbox));
  CO_TRY_ASSIGN(auto all, co_await terminals_of(std::move(row)));
  co_return Outcome{std::move(all)};
}

// Rows first, so that none is missed; what lives says it better.
awaitable<Result<std::vector<TerminalInfo>>> ServiceImpl::terminals_of(store::SandboxRow row) {
  CO_TRY_ASSIGN(auto rows, co_await domain_.parts.store->read([id = row.id](store::Reader& reader) { return reader.terminals(id); }));
  std::vector<TerminalInfo> live;
  if (const auto sandbox = sandboxes_.find(row.id)) {
    CO_TRY_ASSIGN(live, co_await aio::on(sandbox->executor(), live_terminals(sandbox)));
  }
  std::unordered_map<std::string, TerminalInfo*> known;
  for (auto& info : live) known.emplace(info.row.id.str(), &info);
  std::vector<TerminalInfo> out;
  std::vector<std::size_t> past;
  for (auto& each : rows) {
    const auto found = known.find(each.id.str());
    if (found == known.end()) past.push_back(out.size());
    out.push_back(found == known.end() ? TerminalInfo{.row = std::move(each)} : std::move(*found->second));
    out.back().row.nonce.clear();
  }
  co_return co_await pool_.run([out = std::move(out), past = std::move(past), journals = domain_.parts.home / "terminals",
                                keys = domain_.parts.machine_keys]() mutable -> Result<std::vector<TerminalInfo>> {
    for (const std::size_t i : past) {
      const auto dir = journals / out[i].row.id.str();
      const auto key = journal::load_key(dir, *keys);
      if (!key) continue;
      if (const auto summary = journal::summary(dir, *key)) out[i].end = summary->end;
    }
    return std::move(out);
  });
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetTerminal action) {
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await answer(found.executor(), get_terminal(found));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, WriteInput action) {
  CO_TRY(check_input(action.data));
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await done(found.executor(), write_input(found, std::move(action.data), action.close));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, SendKeys action) {
  CO_TRY(check_input(action.text));
  CO_TRY(check_input(action.paste));
  CO_TRY(check_keys(action.keys));
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await done(found.executor(), send_keys(&domain_, found, std::move(action)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, WaitTerminal action) {
  CO_TRY(check_until(action.until));
  CO_TRY(check_time(action.timeout, std::chrono::milliseconds{0}, longest_wait, "timeout_ms"));
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await answer(found.executor(), wait_for(&domain_, found, std::move(action)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ResizeTerminal action) {
  CO_TRY(check_size(action.size));
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await done(found.executor(), resize_terminal(found, action.size));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, SignalTerminal action) {
  CO_TRY(check_signal(action.signal));
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await done(found.executor(), signal_terminal(found, action.signal));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ReadOutput action) {
  if (action.limit == 0 || action.limit > most_output)
    co_return fail(Code::InvalidArgument, "The limit must be from 1 to 16777216 bytes.");
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await answer(found.executor(), read_output(&domain_, found, action.from, action.limit));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, AttachTerminal action) {
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  std::optional<Attachment::Drawn> drawn;
  if (!action.at.empty()) {
    CO_TRY_ASSIGN(drawn, co_await begin_at_place(found, &action));
  }
  const auto permission = needed(action);
  const bool takes = action.wish.seat == SeatWish::TakeOver;
  const auto taken = [this, caller](const TerminalId& id) { audit_.add_soon(caller, "terminal.taken_over", id.str()); };
  CO_TRY_ASSIGN(auto attachment, co_await aio::on(found.executor(), attach_terminal(&domain_, found, std::move(action), std::move(drawn), taken)));
  if (takes) CO_TRY(co_await audit_.add(caller, "terminal.taken_over", found.terminal->row().id.str()));
  CO_TRY_ASSIGN(attachment, keep_open(caller, permission, std::move(attachment)));
  co_return Outcome{std::move(attachment)};
}

// The offset of the place goes into the action; what the screen was there is for those who understand it.
awaitable<Result<std::optional<Attachment::Drawn>>> ServiceImpl::begin_at_place(FoundTerminal found, AttachTerminal* action) {
  CO_TRY_ASSIGN(const auto info, co_await aio::on(found.executor(), get_terminal(found)));
  CO_TRY_ASSIGN(const auto place, co_await find_place(&domain_, info.row, action->at, "at", Edge::Begin));
  action->from = place->offset;
  if (!action->wish.acknowledges || info.row.kind != store::TerminalKind::Pty) co_return std::nullopt;
  CO_TRY_ASSIGN(auto view, co_await pool_.run([this, row = info.row, at = place->offset] {
    return view_screen(domain_, row, ScreenFormat::Stream, at);
  }));
  action->from = view.offset;
  co_return Attachment::Drawn{view.offset, view.size, std::move(view.data)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetScreen action) {
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  CO_TRY_ASSIGN(const auto info, co_await aio::on(found.executor(), get_terminal(found)));
  if (info.row.kind != store::TerminalKind::Pty)
    co_return fail(Code::FailedPrecondition, "This terminal has pipes and no screen.", "Read its output instead.");
  CO_TRY_ASSIGN(const auto place, co_await find_place(&domain_, info.row, action.at, "at", Edge::Begin));
  const auto at = place ? std::optional(place->offset) : std::nullopt;
  auto view = co_await pool_.run([this, row = info.row, format = action.format, at] { return view_screen(domain_, row, format, at); });
  if (!view) co_return std::unexpected(std::move(view).error());
  co_return Outcome{*std::move(view)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, Exec action) {
  if (action.argv.empty()) co_return fail(Code::InvalidArgument, "argv is empty.");
  CO_TRY(check_argv(action.argv));
  CO_TRY(check_environment(action.env));
  CO_TRY(check_directory(action.cwd));
  CO_TRY(check_input(action.input));
  if (action.timeout) CO_TRY(check_time(*action.timeout, std::chrono::milliseconds{1}, longest_exec, "timeout_ms"));
  CO_TRY_ASSIGN(const auto sandbox, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await answer(sandbox->executor(), exec(&domain_, sandbox, std::move(action), audit_.of(caller, "terminal.executed")));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListCommands action) {
  CO_TRY(check_page(action.page, command_page_limit));
  CO_TRY(check_filter(action.filter));
  store::CommandFilter filter = std::move(action.filter);
  filter.owner = caller.owner;
  if (action.terminal) {
    CO_TRY_ASSIGN(filter.terminal, co_await finder_.terminal_id(caller.owner, *action.terminal));
  }
  if (SandboxId::looks_like(action.sandbox)) {  // history outlives its sandbox
    CO_TRY_ASSIGN(filter.sandbox, SandboxId::parse(action.sandbox));
  } else if (!action.sandbox.empty()) {
    CO_TRY_ASSIGN(const auto row, co_await finder_.row(caller.owner, action.sandbox));
    filter.sandbox = row.id;
  }
  CO_TRY_ASSIGN(auto page, co_await domain_.parts.store->read([filter, request = action.page](store::Reader& reader) {
    return reader.commands(filter, request);
  }));
  co_return Outcome{std::move(page)};
}

// ---- files ----

ServiceImpl::Answer ServiceImpl::handle(Caller caller, StatFile action) {
  CO_TRY(check_path(action.path));
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await answer(box->executor(), stat_file(box, std::move(action.path)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ListFiles action) {
  CO_TRY(check_path(action.path));
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await answer(box->executor(), list_files(box, std::move(action.path)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ReadFile action) {
  CO_TRY(check_path(action.path));
  const std::uint64_t most = domain_.parts.settings.file_read_bytes;
  const std::uint64_t limit = action.limit == 0 ? most : std::min(action.limit, most);
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await answer(box->executor(), read_file(box, std::move(action.path), action.offset, limit));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, WriteFile action) {
  CO_TRY(check_path(action.path));
  if (action.mode > 07777) co_return fail(Code::InvalidArgument, "The mode is not one of permission bits.");
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await done(box->executor(), write_file(box, std::move(action)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, MakeDirectory action) {
  CO_TRY(check_path(action.path));
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await done(box->executor(), make_directory(box, std::move(action.path), action.parents));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, MoveFile action) {
  CO_TRY(check_path(action.from));
  CO_TRY(check_path(action.to));
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await done(box->executor(), move_file(box, std::move(action.from), std::move(action.to)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RemoveFile action) {
  CO_TRY(check_path(action.path));
  CO_TRY_ASSIGN(const auto box, co_await finder_.live(caller.owner, action.sandbox));
  co_return co_await done(box->executor(), remove_file(box, std::move(action.path), action.recursive));
}

// ---- templates and the server ----

ServiceImpl::Answer ServiceImpl::handle(Caller, ListTemplates) {
  CO_TRY_ASSIGN(auto all, co_await templates_.list());
  co_return Outcome{std::move(all)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller, BuildTemplate action) {
  CO_TRY_ASSIGN(auto built, co_await aio::shielded(co_await boost::asio::this_coro::executor,
                                                   templates_.build(std::move(action.name), action.rebuild)));
  co_return Outcome{std::move(built)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller, RemoveTemplate action) {
  CO_TRY(co_await templates_.remove(std::move(action.name)));
  co_return Outcome{Done{}};
}

ServiceImpl::Answer ServiceImpl::handle(Caller, GetServerInfo) {
  co_return Outcome{ServerInfo{.version = BERTH_VERSION, .home = domain_.parts.home.string(), .started = started_,
                               .sandboxes = sandboxes_.live(), .terminals = domain_.running, .viewers = domain_.viewers}};
}

}  // namespace berth::control
