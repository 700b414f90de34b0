#include "control/recordings.hpp"

#include <algorithm>

#include "crypto/crypto.hpp"
#include "journal/writer.hpp"
#include "os/file.hpp"
#include "terminals/terminal.hpp"
#include "vt/cast.hpp"
#include "vt/screen.hpp"

namespace berth::control {
namespace {

std::filesystem::path journal_of(const Domain& domain, const TerminalId& id) { return domain.parts.home / "terminals" / id.str(); }

Result<journal::Key> key_of(const Domain& domain, const TerminalId& id) {
  if (domain.parts.machine_keys == nullptr) return journal::Key();
  return journal::load_key(journal_of(domain, id), *domain.parts.machine_keys);
}

// ---- import ----

using Sink = std::function<Result<>(const vt::CastEvent&)>;

// Every event until the first failure, of the cast or of the sink.
Result<vt::CastHeader> read_cast(std::string_view cast, const Sink& sink) {
  vt::CastReader reader;
  Result<> failed;
  const auto each = [&](const vt::CastEvent& event) {
    if (failed) failed = sink(event);
  };
  constexpr std::size_t piece_bytes = 64 << 10;
  while (!cast.empty()) {
    const auto piece = cast.substr(0, piece_bytes);
    TRY(reader.feed(piece, each));
    if (!failed) return pass(std::move(failed).error());
    cast.remove_prefix(piece.size());
  }
  TRY(reader.finish(each));
  if (!failed) return pass(std::move(failed).error());
  return *reader.header();
}

class JournalOf {  // the events of a cast as records
 public:
  JournalOf(journal::Writer writer, WallTime began) : writer_(std::move(writer)), time_(began), began_(began) {}

  Result<> put(const vt::CastEvent& event) {
    time_ = began_ + event.time;
    switch (event.kind) {
      case vt::CastEvent::Kind::Output: return output(event.text);
      case vt::CastEvent::Kind::Resize: return writer_.append(journal::Kind::Resize, journal::encode_resize(vt::Screen::clamp(event.size)), time_);
      case vt::CastEvent::Kind::Marker:
        return writer_.append(journal::Kind::Note, std::string_view(event.text).substr(0, journal::max_payload_bytes), time_);
      case vt::CastEvent::Kind::Exit: exit_ = journal::ExitPayload{.code = event.status}; return {};
      case vt::CastEvent::Kind::Input: return {};  // what was typed is not kept of other terminals either
    }
    return {};
  }
  Result<> finish() {
    if (exit_) TRY(writer_.append(journal::Kind::Exit, journal::encode_exit(*exit_), time_));
    return writer_.sync();
  }
  [[nodiscard]] ByteOffset end() const { return writer_.end(); }
  [[nodiscard]] WallTime time() const { return time_; }
  [[nodiscard]] std::optional<Exit> exit() const { return exit_ ? std::optional<Exit>(Exited{exit_->code}) : std::nullopt; }

 private:
  Result<> output(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), journal::max_payload_bytes)))
      TRY(writer_.append(journal::Kind::Output, text.substr(0, journal::max_payload_bytes), time_));
    return {};
  }

  journal::Writer writer_;
  WallTime time_, began_;
  std::optional<journal::ExitPayload> exit_;
};

Imported rows_for(const Domain& domain, const Caller& caller, const ImportRecording& wanted, const vt::CastHeader& header) {
  const WallTime now = domain.parts.clock->now();
  const WallTime began = header.timestamp ? WallTime{std::chrono::seconds{*header.timestamp}} : now;
  Imported out;
  out.sandbox = {.id = crypto::new_id<SandboxId>(), .owner = caller.owner, .name = wanted.name, .template_name = "", .template_digest = "",
                 .isolation = "none", .runtime = "", .state = store::SandboxState::Stopped, .reason_code = "imported",
                 .reason = "It holds a recording from elsewhere and never ran.", .created = now, .ended = now};
  out.terminal = {.id = crypto::new_id<TerminalId>(), .sandbox = out.sandbox.id, .owner = caller.owner, .argv = {}, .cwd = "",
                  .size = vt::Screen::clamp(header.size), .nonce = "", .running = false, .created = began};
  if (!header.command.empty()) out.terminal.argv = {header.command};
  return out;
}

Result<> write_journal(const Domain& domain, const ImportRecording& wanted, Imported& imported) {
  const auto& settings = domain.parts.settings;
  const auto dir = journal_of(domain, imported.terminal.id);
  journal::WriterOptions options{.segment_bytes = settings.terminal_journal_segment_bytes, .max_bytes = settings.journal_terminal_bytes};
  if (settings.journal_seal && domain.parts.machine_keys != nullptr) {
    options.key = journal::Key::random();
    TRY(journal::store_key(dir, options.key, *domain.parts.machine_keys));
  }
  TRY_ASSIGN(auto writer, journal::Writer::create(dir, imported.terminal.id, options, imported.terminal.created));
  TRY(writer.append(journal::Kind::Resize, journal::encode_resize(imported.terminal.size), imported.terminal.created));
  JournalOf journal(std::move(writer), imported.terminal.created);
  TRY(read_cast(wanted.cast, [&journal](const vt::CastEvent& event) { return journal.put(event); }));
  TRY(journal.finish());
  imported.end = imported.terminal.monitored = journal.end();
  imported.terminal.exit = journal.exit();
  imported.terminal.ended = journal.time();
  return {};
}

}  // namespace

Result<std::unique_ptr<terminals::Recording>> open_recording(const Domain& domain, const store::TerminalRow& row, RecordingFormat format,
                                                             const RecordingRange& range) {
  terminals::RecordingSource source{.screen = {.journal = journal_of(domain, row.id), .key = {}, .size = row.size,
                                               .checkpoint_bytes = domain.parts.settings.terminal_checkpoint_bytes},
                                    .from = range.from, .to = range.to, .input = range.input, .pipes = row.kind == store::TerminalKind::Pipes,
                                    .nonce = row.nonce, .title = "", .command = terminals::shell_quote(row.argv),
                                    .first_marker = range.first_marker, .html_lines = domain.parts.settings.recording_html_lines};
  TRY_ASSIGN(source.screen.key, key_of(domain, row.id));
  switch (format) {
    case RecordingFormat::Cast2: source.form = terminals::RecordingForm::Cast2; break;
    case RecordingFormat::Cast3: source.form = terminals::RecordingForm::Cast3; break;
    case RecordingFormat::Text: source.form = terminals::RecordingForm::Text; break;
    case RecordingFormat::Raw: source.form = terminals::RecordingForm::Raw; break;
    case RecordingFormat::Html: source.form = terminals::RecordingForm::Html; break;
  }
  return terminals::Recording::open(std::move(source));
}

Result<Imported> import_recording(const Domain& domain, const Caller& caller, const ImportRecording& wanted) {
  TRY_ASSIGN(const auto header, read_cast(wanted.cast, [](const vt::CastEvent&) -> Result<> { return {}; }));
  Imported imported = rows_for(domain, caller, wanted, header);
  if (auto written = write_journal(domain, wanted, imported); !written) {
    forget_import(domain, imported);
    return pass(std::move(written).error());
  }
  return imported;
}

void forget_import(const Domain& domain, const Imported& imported) {
  if (auto removed = os::remove_tree(journal_of(domain, imported.terminal.id)); !removed)
    domain.parts.log.warning("the journal of an import stays", {{"terminal", imported.terminal.id}, {"error", removed.error()}});
}

}  // namespace berth::control
