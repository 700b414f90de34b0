// Recordings: find the part, then hand it out piece by piece; or take one in, whole or not at all.

#include "control/find_place.hpp"
#include "control/recordings.hpp"
#include "control/service_impl.hpp"
#include "events/told.hpp"
#include "sandboxes/name.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

awaitable<Result<store::TerminalRow>> row_of(FoundTerminal found) { co_return found.terminal->row(); }

class PooledStream final : public RecordingStream {
 public:
  PooledStream(aio::Pool& pool, RecordingFormat format, std::unique_ptr<terminals::Recording> recording)
      : pool_(pool), format_(format), recording_(std::move(recording)) {}
  [[nodiscard]] RecordingFormat format() const override { return format_; }
  awaitable<Result<std::optional<std::string>>> next() override {
    co_return co_await pool_.run([recording = recording_] { return recording->next(); });
  }

 private:
  aio::Pool& pool_;
  RecordingFormat format_;
  std::shared_ptr<terminals::Recording> recording_;  // also the pool's, when the one who asked has gone
};

}  // namespace

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ExportTerminal action) {
  if (action.input && caller.only) co_return fail(Code::PermissionDenied, "A link shows what was printed, not what was typed.");
  if (action.input && action.format != RecordingFormat::Cast2 && action.format != RecordingFormat::Cast3)
    co_return fail(Code::InvalidArgument, "Only an asciicast has room for what was typed.", "Formats with it are asciicast-v2 and asciicast-v3.");
  CO_TRY_ASSIGN(auto found, co_await finder_.terminal(caller.owner, action.terminal));
  CO_TRY_ASSIGN(const auto row, co_await aio::on(found.executor(), row_of(found)));
  CO_TRY_ASSIGN(const auto from, co_await find_place(&domain_, row, action.from, "from", Edge::Begin));
  CO_TRY_ASSIGN(const auto to, co_await find_place(&domain_, row, action.to, "to", Edge::End));
  RecordingRange range;
  if (from) range = {.from = from->offset, .to = {}, .first_marker = from->command};
  if (to) range.to = to->offset;
  range.input = action.input;
  using Opened = std::unique_ptr<terminals::Recording>;
  CO_TRY_ASSIGN(auto recording, co_await pool_.run([this, row, range, format = action.format]() -> Result<Opened> {
    return open_recording(domain_, row, format, range);
  }));
  std::shared_ptr<RecordingStream> stream = std::make_shared<PooledStream>(pool_, action.format, std::move(recording));
  co_return Outcome{std::move(stream)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, ImportRecording action) {
  if (!action.name.empty()) CO_TRY(sandboxes::check_name(action.name));
  co_return co_await aio::shielded(co_await boost::asio::this_coro::executor, import_now(std::move(caller), std::move(action)));
}

// The journal first: rows that are there have one.
ServiceImpl::Answer ServiceImpl::import_now(Caller caller, ImportRecording action) {
  const bool pick = action.name.empty();
  if (pick) action.name = sandboxes::readable_name(crypto::random_array<4>());
  CO_TRY_ASSIGN(const auto imported, co_await pool_.run([this, caller, action = std::move(action)] {
    return import_recording(domain_, caller, action);
  }));
  const auto written = co_await domain_.parts.store->write([imported, also = audit_.of(caller, "terminal.imported")](store::Unit& unit) -> Result<> {
    TRY(events::insert_sandbox(unit, imported.sandbox));
    TRY(events::insert_terminal(unit, imported.terminal));
    return store::write_also(also, unit, imported.terminal.id.str());
  });
  if (written) co_return Outcome{TerminalInfo{.row = imported.terminal, .end = imported.end}};
  co_await pool_.run([this, imported]() -> Result<> {
    forget_import(domain_, imported);
    return {};
  });
  if (written.error().code == Code::AlreadyExists)
    co_return fail(Code::AlreadyExists, "There is a sandbox named " + imported.sandbox.name + " already.", "Take another name.");
  co_return std::unexpected(written.error());
}

}  // namespace berth::control
