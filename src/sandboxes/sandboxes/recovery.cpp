// What an earlier server left: sandboxes whose shims went on, and what nobody owns any more.

#include <boost/asio/post.hpp>

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
  CO_TRY_ASSIGN(auto rows, co_await context_.store->read([](store::Reader& reader) { return reader.live_sandboxes(); }));
  co_await readopt_all(std::move(rows));
  co_await sweep();
  co_return Result<>{};
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

// Directories that no row names. Of a sandbox there may be more than files.
awaitable<void> Sandboxes::sweep() {
  using Names = std::vector<std::string>;
  auto unknown = co_await context_.store->read(
      [sandboxes = names_in(context_.options.directory), terminals = names_in(context_.options.journals)](
          store::Reader& reader) -> Result<std::pair<Names, Names>> {
        std::pair<Names, Names> out;
        for (const auto& name : sandboxes)
          if (const auto id = SandboxId::parse(name)) {
            if (const auto row = reader.sandbox(*id); !row && absent(row.error())) out.first.push_back(name);
          }
        for (const auto& name : terminals)
          if (const auto id = TerminalId::parse(name)) {
            if (const auto row = reader.terminal(*id); !row && absent(row.error())) out.second.push_back(name);
          }
        return out;
      });
  if (!unknown) {
    context_.log.error("leftovers not looked for", {{"error", unknown.error()}});
    co_return;
  }
  auto swept = co_await insist(*context_.pool, [options = context_.options, leaves = context_.leaves, names = *unknown]() -> Result<> {
    for (const auto& name : names.first) {
      os::Process none;
      end_shim(options.directory / name, none);
      TRY(leaves.remove_traces(options.directory / name, options.cgroup_parent + "/" + name));
      TRY(os::remove_tree(options.directory / name));
    }
    for (const auto& name : names.second) TRY(os::remove_tree(options.journals / name));
    return {};
  });
  if (!swept) context_.log.error("leftovers stay", {{"error", swept.error()}});
  else if (!unknown->first.empty() || !unknown->second.empty())
    context_.log.info("leftovers removed", {{"sandboxes", unknown->first.size()}, {"terminals", unknown->second.size()}});
}

}  // namespace berth::sandboxes
