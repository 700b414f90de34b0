#include "control/finder.hpp"

namespace berth::control {

using boost::asio::awaitable;

namespace {

std::unexpected<Error> no_sandbox() {
  return fail(Code::NotFound, "There is no such sandbox.", "\"berth ls\" lists yours.");
}
std::unexpected<Error> no_terminal() {
  return fail(Code::NotFound, "There is no such terminal.", "\"berth terminal ls\" lists yours; one is named by its id or as sandbox/name.");
}

template <class T>
Result<T> or_none(Result<T> found, std::unexpected<Error> (*none)()) {
  if (!found && found.error().code == Code::NotFound) return none();
  return found;
}

awaitable<Result<FoundTerminal>> past(std::shared_ptr<const terminals::Shared> shared, store::TerminalRow row) {
  const TerminalId id = row.id;
  co_return FoundTerminal{id, terminals::Terminal::ended(std::move(shared), std::move(row)), nullptr};
}

}  // namespace

std::shared_ptr<TerminalHost> host_of(const sandboxes::Sandbox& sandbox) {
  return std::static_pointer_cast<TerminalHost>(sandbox.keeper());
}

awaitable<Result<store::SandboxRow>> Finder::row(std::string owner, std::string sandbox) {
  auto found = co_await domain_.parts.store->read([owner, sandbox](store::Reader& reader) -> Result<store::SandboxRow> {
    if (!SandboxId::looks_like(sandbox)) return reader.sandbox_named(owner, sandbox);
    TRY_ASSIGN(const auto id, SandboxId::parse(sandbox));
    TRY_ASSIGN(auto row, reader.sandbox(id));
    if (row.owner != owner) return no_sandbox();
    return row;
  });
  co_return or_none(std::move(found), no_sandbox);
}

awaitable<Result<std::shared_ptr<sandboxes::Sandbox>>> Finder::live(std::string owner, std::string name) {
  std::shared_ptr<sandboxes::Sandbox> found;
  if (const auto id = SandboxId::parse(name)) found = sandboxes_.find(*id);
  else found = sandboxes_.find(owner, name);
  if (found && found->owner() == owner) co_return found;
  CO_TRY_ASSIGN(const auto there, co_await row(owner, name));
  if (there.state == store::SandboxState::Provisioning)
    co_return fail(Code::FailedPrecondition, "The sandbox is still starting.", "Try again in a while.");
  co_return fail(Code::FailedPrecondition, "The sandbox does not run.", "Start another one; what it left is in its history.");
}

awaitable<Result<TerminalId>> Finder::terminal_id(std::string owner, TerminalTarget target) {
  const auto slash = target.text().find('/');
  if (slash == std::string::npos) {
    auto id = TerminalId::parse(target.text());
    if (!id) co_return no_terminal();
    co_return *std::move(id);
  }
  CO_TRY_ASSIGN(const auto box, co_await row(std::move(owner), target.text().substr(0, slash)));
  auto named = or_none(co_await domain_.parts.store->read(
      [id = box.id, name = target.text().substr(slash + 1)](store::Reader& reader) { return reader.terminal_named(id, name); }), no_terminal);
  if (!named) co_return std::unexpected(std::move(named).error());
  co_return std::move(named->id);
}

awaitable<Result<FoundTerminal>> Finder::terminal(std::string owner, TerminalTarget target) {
  CO_TRY_ASSIGN(const auto id, co_await terminal_id(owner, std::move(target)));
  const auto entry = domain_.index.find(id);
  if (auto terminal = entry.terminal.lock()) {
    if (entry.owner != owner) co_return no_terminal();
    co_return FoundTerminal{id, std::move(terminal), entry.host.lock()};
  }
  auto row = or_none(co_await domain_.parts.store->read([id](store::Reader& reader) { return reader.terminal(id); }), no_terminal);
  if (!row) co_return std::unexpected(std::move(row).error());
  if (row->owner != owner) co_return no_terminal();
  // Between its end and now: the row may be older than what became of it.
  row->running = false;
  const auto& lane = domain_.lanes.next();
  co_return co_await aio::on(lane->executor(), past(domain_.shared_for(lane), *std::move(row)));
}

}  // namespace berth::control
