#include "control/journal_keeper.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "control/screens.hpp"
#include "journal/checkpoints.hpp"
#include "journal/compact.hpp"
#include "journal/key.hpp"
#include "journal/trim.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

std::vector<std::string> names_in(const std::filesystem::path& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error))
    if (auto name = entry->path().filename().string(); TerminalId::parse(name)) names.push_back(std::move(name));
  return names;
}

}  // namespace

awaitable<void> JournalKeeper::run() {
  while (!stopping_) {  // at once, too: what came while no server ran has no checkpoints yet
    if (auto looked = co_await look(); !looked && looked.error().code != Code::Cancelled)
      domain_.parts.log.warning("journals not looked after", {{"error", looked.error()}});
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, domain_.parts.settings.journal_keep);
    const auto [cancelled] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (cancelled) co_return;
  }
}

awaitable<Result<>> JournalKeeper::look() {
  std::vector<std::string> open;
  std::map<std::string, Known> known;
  for (auto& name : names_in(domain_.parts.home / "terminals")) {
    const auto found = known_.find(name);
    if (found != known_.end() && found->second.done) known.emplace(name, std::move(found->second));
    else open.push_back(std::move(name));
  }
  known_ = std::move(known);
  CO_TRY_ASSIGN(auto rows, co_await domain_.parts.store->read([open](store::Reader& reader) -> Result<std::vector<store::TerminalRow>> {
    std::vector<store::TerminalRow> out;
    for (const auto& name : open) {
      TRY_ASSIGN(const auto id, TerminalId::parse(name));
      auto row = reader.terminal(id);
      if (row) out.push_back(*std::move(row));
      else if (row.error().code != Code::NotFound) return pass(std::move(row).error());
    }
    return out;
  }));
  for (auto& row : rows) {
    std::string name = row.id.str();
    known_.insert_or_assign(std::move(name), Known{.row = std::move(row)});
  }
  co_return co_await pool_.run([this] { return keep_all(); });
}

Result<> JournalKeeper::keep_all() {
  for (auto& [name, known] : known_) {
    if (stopping_) return {};
    if (known.done) continue;
    if (auto kept = keep(known); !kept && kept.error().code != Code::NotFound && kept.error().code != Code::Cancelled)
      domain_.parts.log.warning("journal not looked after", {{"terminal", known.row.id}, {"error", kept.error()}});
  }
  return keep_owners();
}

Result<> JournalKeeper::keep(Known& known) const {
  const auto dir = domain_.parts.home / "terminals" / known.row.id.str();
  const bool running = known.row.running;
  TRY_ASSIGN(const auto key, journal::load_key(dir, *domain_.parts.machine_keys));
  const auto compacted = journal::compact(dir, key, running ? journal::Last::StillWritten : journal::Last::Finished,
                                          [this](std::string_view) { return !stopping_.load(); });
  if (!compacted && compacted.error().code == Code::Cancelled) return pass(compacted.error());
  const auto limit = domain_.parts.settings.journal_terminal_bytes;
  TRY_ASSIGN(const auto trimmed, journal::trim(dir, limit));
  TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(dir, key));
  TRY_ASSIGN(const auto screens, checkpoints.trim(trimmed.begin, limit / 8));
  const auto left = leave_checkpoints(domain_, known.row);
  if (!left && left.error().code == Code::Cancelled) return pass(left.error());
  if (!left && left.error().code != Code::NotFound)
    domain_.parts.log.warning("no checkpoint of a screen", {{"terminal", known.row.id}, {"error", left.error()}});
  known.bytes = trimmed.disk_bytes + screens;
  known.done = !running && (compacted || compacted.error().code == Code::Damaged);
  if (!compacted) return pass(compacted.error());
  return {};
}

Result<> JournalKeeper::keep_owners() {
  std::map<std::string, std::vector<Known*>> owners;
  for (auto& [name, known] : known_) owners[known.row.owner].push_back(&known);
  for (auto& [owner, journals] : owners) {
    std::uint64_t sum = 0;
    for (const Known* known : journals) sum += known->bytes;
    std::ranges::sort(journals, {}, [](const Known* known) { return known->row.created; });
    for (Known* known : journals) {
      if (sum <= domain_.parts.settings.journal_owner_bytes) break;
      const std::uint64_t excess = sum - domain_.parts.settings.journal_owner_bytes;
      const auto dir = domain_.parts.home / "terminals" / known->row.id.str();
      const auto trimmed = journal::trim(dir, known->bytes > excess ? known->bytes - excess : 1);
      if (!trimmed && trimmed.error().code == Code::NotFound) continue;
      if (!trimmed) return pass(trimmed.error());
      TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(dir, {}));
      TRY_ASSIGN(const auto screens, checkpoints.trim(trimmed->begin, 0));
      const std::uint64_t left = trimmed->disk_bytes + screens;
      sum -= known->bytes - std::min(known->bytes, left);
      known->bytes = left;
    }
  }
  return {};
}

}  // namespace berth::control
