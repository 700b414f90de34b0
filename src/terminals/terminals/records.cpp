#include "terminals/records.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iterator>
#include <utility>

#include "events/told.hpp"

namespace berth::terminals {
namespace {

constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);

Result<> apply(store::Unit& unit, const std::optional<store::TerminalRow>& insert,
               const std::optional<store::TerminalRow>& update, const std::map<std::uint64_t, store::CommandRow>& commands) {
  if (insert) TRY(events::insert_terminal(unit, *insert));
  for (const auto& [number, command] : commands) TRY(events::put_command(unit, command));
  if (update) TRY(events::update_terminal(unit, *update));
  return {};
}

}  // namespace

Records::Records(std::shared_ptr<const Shared> shared, TerminalId id)
    : shared_(std::move(shared)), id_(std::move(id)), settled_(shared_->executor) {
  settled_.expires_at(boost::asio::steady_timer::time_point::max());
}

void Records::insert(const store::TerminalRow& row, store::Also also) {
  pending_.insert = row;
  if (also) pending_.also.push_back(std::move(also));
  kick();
}

void Records::update(const store::TerminalRow& row, store::Also also) {
  if (also) pending_.also.push_back(std::move(also));
  (pending_.insert ? pending_.insert : pending_.update) = row;
  kick();
}

void Records::put(const store::CommandRow& ended, const store::TerminalRow& row) {
  add(ended);
  update(row);
}

void Records::put(const store::CommandRow& command) {
  add(command);
  kick();
}

void Records::add(const store::CommandRow& command) {
  pending_.bytes += command.text.size() + command.cwd.size();  // of one that replaces another, too: it goes with the batch
  pending_.commands.insert_or_assign(command.number, command);
}

bool Records::full() const {
  return pending_.commands.size() >= shared_->settings.pending_commands || pending_.bytes >= shared_->settings.pending_bytes;
}

void Records::kick() {
  ++put_;
  if (std::exchange(running_, true)) return;
  shared_->spawn(run(shared_from_this()));
}

boost::asio::awaitable<void> Records::run(std::shared_ptr<Records> self) {
  while (!self->pending_.empty()) {
    const std::uint64_t generation = self->put_;
    auto batch = std::make_shared<Batch>(std::exchange(self->pending_, {}));
    auto written = co_await self->shared_->store->write([batch, id = self->id_](store::Unit& unit) -> Result<> {
      TRY(apply(unit, batch->insert, batch->update, batch->commands));
      for (const auto& also : batch->also) TRY(store::write_also(also, unit, id.str()));
      return {};
    });
    self->last_ = written;
    self->tried_ = generation;
    self->settled_.cancel();
    if (written) continue;
    self->shared_->report(written.error(), self->id_);
    if (written.error().code == Code::Unavailable || written.error().code == Code::Cancelled) break;  // the store is closed
    if (written.error().code == Code::NotFound || written.error().code == Code::AlreadyExists) continue;  // removed meanwhile
    self->put_back(std::move(*batch));
    boost::asio::steady_timer wait(self->shared_->executor, self->shared_->settings.retry);
    const auto [failed] = co_await wait.async_wait(no_throw);
    if (failed) break;
  }
  self->running_ = false;
}

void Records::put_back(Batch failed) {
  if (failed.insert) {
    pending_.insert = pending_.update ? std::move(pending_.update) : std::move(failed.insert);
    pending_.update.reset();
  } else if (failed.update && !pending_.update) {
    pending_.update = std::move(failed.update);
  }
  pending_.commands.merge(failed.commands);  // what is newer stays
  pending_.bytes += failed.bytes;
  pending_.also.insert(pending_.also.begin(), std::make_move_iterator(failed.also.begin()), std::make_move_iterator(failed.also.end()));
}

boost::asio::awaitable<Result<>> Records::settled() {
  const auto self = shared_from_this();
  const std::uint64_t wanted = put_;
  while (tried_ < wanted && running_) (void)co_await settled_.async_wait(no_throw);
  if (tried_ < wanted) co_return fail(Code::Unavailable, "The store is closed.");
  co_return last_;
}

}  // namespace berth::terminals
