// What an earlier server left: sandboxes whose shims went on, and what no row names. The latter is never removed: a
// database may be an older one, or not this home's at all. It is set aside in lost+found/.

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "os/file.hpp"
#include "sandboxes/insist.hpp"
#include "sandboxes/sandboxes.hpp"

namespace berth::sandboxes {
namespace {

using boost::asio::awaitable;

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(directory, error); !error && at != std::filesystem::directory_iterator{};
       at.increment(error))
    names.push_back(at->path().filename());
  return names;
}

constexpr std::string_view home_seen = "home.seen";  // the database has been this home's

// A row that is not there, told apart from a store that did not answer.
bool absent(const Error& error) { return error.code == Code::NotFound; }

struct Countdown {
  Countdown(const boost::asio::any_io_executor& executor, std::size_t n) : left(n), changed(executor) {}
  std::size_t left;
  aio::Event changed;
};

awaitable<void> count(awaitable<void> work, std::shared_ptr<Countdown> countdown, boost::asio::any_io_executor home) {
  co_await std::move(work);
  boost::asio::post(home, [countdown] {
    --countdown->left;
    countdown->changed.notify();
  });
}

}  // namespace

awaitable<Result<>> Sandboxes::recover() {
  CO_TRY_ASSIGN(const auto unknown, co_await unknown_directories());
  CO_TRY(co_await check_home(unknown));
  CO_TRY_ASSIGN(auto rows, co_await context_.store->read([](store::Reader& reader) { return reader.live_sandboxes(); }));
  co_await readopt_all(std::move(rows));
  co_await set_aside(unknown);
  co_return Result<>{};
}

// A database that is new, in a home that is not, is a mistake that a person must see: nothing is touched.
awaitable<Result<>> Sandboxes::check_home(const Unknown& unknown) {
  const bool strange = unknown.known == 0 && !unknown.sandboxes.empty();
  co_return co_await context_.store->write([strange, count = unknown.sandboxes.size()](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(const auto seen, unit.setting(std::string(home_seen)));
    if (seen) return {};
    if (strange)
      return fail(Code::FailedPrecondition,
                  fmt::format("The database is new, but there are {} sandboxes in this home that it does not know.", count),
                  "Put the home's berth.db back (copies are in backups/), or move its sandboxes and terminals away.");
    return unit.put_setting(std::string(home_seen), "1");
  });
}

// All at once: each waits for its own shim.
awaitable<void> Sandboxes::readopt_all(std::vector<store::SandboxRow> rows) {
  const auto home = co_await boost::asio::this_coro::executor;
  const auto countdown = std::make_shared<Countdown>(home, rows.size());
  for (auto& row : rows) {
    {
      const std::lock_guard lock(mutex_);
      ++claims_[row.owner];
    }
    const auto sandbox = enter(std::move(row));
    sandbox->lane()->spawn(count(sandbox->readopt(), countdown, home));
  }
  while (countdown->left > 0)
    if (!co_await countdown->changed.wait()) break;
}

awaitable<void> Sandboxes::let_go(std::chrono::milliseconds limit) {
  std::vector<std::shared_ptr<Sandbox>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, sandbox] : live_) all.push_back(sandbox);
  }
  const auto home = co_await boost::asio::this_coro::executor;
  const auto countdown = std::make_shared<Countdown>(home, all.size());
  for (const auto& sandbox : all) sandbox->lane()->spawn(count(sandbox->let_go(limit), countdown, home));
  while (countdown->left > 0)
    if (!co_await countdown->changed.wait()) break;
}

awaitable<Result<Sandboxes::Unknown>> Sandboxes::unknown_directories() {
  co_return co_await context_.store->read(
      [sandboxes = names_in(context_.options.directory), terminals = names_in(context_.options.journals)](
          store::Reader& reader) -> Result<Unknown> {
        Unknown out;
        for (const auto& name : sandboxes)
          if (const auto id = SandboxId::parse(name)) {
            const auto row = reader.sandbox(*id);
            if (row) ++out.known;
            else if (absent(row.error())) out.sandboxes.push_back(name);
            else return std::unexpected(row.error());
          }
        for (const auto& name : terminals)
          if (const auto id = TerminalId::parse(name)) {
            const auto row = reader.terminal(*id);
            if (row) ++out.known;
            else if (absent(row.error())) out.terminals.push_back(name);
            else return std::unexpected(row.error());
          }
        return out;
      });
}

// Nobody can reach such a sandbox any more: it is ended. Its files, and a journal that no row names, are kept.
awaitable<void> Sandboxes::set_aside(Unknown unknown) {
  if (unknown.sandboxes.empty() && unknown.terminals.empty()) co_return;
  auto moved = co_await insist(*context_.pool, [options = context_.options, leaves = context_.leaves, unknown]() -> Result<> {
    const auto aside = options.directory.parent_path() / "lost+found";
    TRY(os::make_private_directory(aside));
    for (const auto& name : unknown.sandboxes) {
      os::Process none;
      end_shim(options.directory / name, none);
      TRY(leaves.remove_traces(options.directory / name, options.cgroup_parent + "/" + name));
      TRY(os::rename_path(options.directory / name, aside / name));
    }
    for (const auto& name : unknown.terminals) TRY(os::rename_path(options.journals / name, aside / name));
    return {};
  });
  if (!moved) context_.log.error("what no row names stays", {{"error", moved.error()}});
  else context_.log.warning("set aside in lost+found what no row names",
                            {{"sandboxes", unknown.sandboxes.size()}, {"terminals", unknown.terminals.size()}});
}

}  // namespace berth::sandboxes
