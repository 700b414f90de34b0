// How a snapshot comes to be: a row, its content, the row Ready. From a session, from another snapshot, from a bundle.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include <algorithm>

#include "aio/on.hpp"
#include "base/utf8.hpp"
#include "bundle/known_signers.hpp"
#include "crypto/crypto.hpp"
#include "document/json.hpp"
#include "os/file.hpp"
#include "sessions/details.hpp"
#include "snapshots/exchange.hpp"
#include "snapshots/keys.hpp"
#include "snapshots/tree_tar.hpp"

namespace berth::snapshots {

using boost::asio::awaitable;
using store::SnapshotRow;
using store::SnapshotState;

namespace {

constexpr std::uint64_t slice_bytes = 4 << 20;   // of one call on the pool
constexpr std::uint32_t entries_at_once = 100, commands_at_once = 1000, warn_percent = 80;
constexpr std::size_t most_known = 1 << 20;

bundle::Limits limits_of(const Limits& limits, std::uint64_t room) {
  return {.parts = limits.parts, .bytes = std::min(limits.one_bytes, room)};
}

Result<> check_details(const NewSnapshot& wanted) {
  if (!wanted.title.empty()) TRY(sessions::check_title(wanted.title));
  TRY(sessions::check_description(wanted.description));
  if (wanted.tags) TRY(sessions::check_tags(*wanted.tags));
  for (const auto& name : wanted.leave_out) {
    const std::string_view whole = name.ends_with('/') ? std::string_view(name).substr(0, name.size() - 1) : std::string_view(name);
    if (!bundle::is_part_name(whole)) return fail(Code::InvalidArgument, "\"leave_out\" has something that is no name of a part.");
  }
  return {};
}

std::string request_of(std::string_view kind, const NewSnapshot& wanted, const std::string& from) {
  std::string out = std::string(kind) + '\0' + from + '\0' + wanted.title + '\0' + wanted.description + '\0' + (wanted.mask ? "*" : "");
  for (const auto& name : wanted.leave_out) out += '\0' + name;
  if (wanted.tags)
    for (const auto& tag : *wanted.tags) out += '\0' + ("tag " + tag);
  return crypto::sha256_hex(out);
}

Pieces whole(std::string bytes) {
  return [bytes = std::move(bytes), given = false]() mutable -> Result<std::optional<std::string>> {
    if (std::exchange(given, true)) return std::nullopt;
    return std::move(bytes);
  };
}

std::int64_t nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

std::string line_of(const sessions::Entry& entry) {
  return fmt::format("{{\"appended_ns\":{},\"entry\":{},\"id\":{},\"offset\":{}}}\n", nanoseconds(entry.appended), entry.bytes,
                     boost::json::serialize(boost::json::value(entry.client_id)), entry.offset);
}

// What programs wrote may be anything; here it is made UTF-8.
std::string line_of(const store::CommandRow& row) {
  boost::json::object out{{"number", row.number}, {"text", to_utf8(row.text)}, {"cwd", to_utf8(row.cwd)}, {"started_ns", nanoseconds(row.started)},
                          {"output_begin", row.output_begin.value}, {"output_end", row.output_end.value}, {"done", row.done},
                          {"full_screen", row.full_screen}, {"trusted", row.trusted}};
  if (row.exit_code) out["exit_code"] = *row.exit_code;
  if (row.duration_ns) out["duration_ns"] = *row.duration_ns;
  return boost::json::serialize(out) + '\n';
}

std::string describe(const store::TerminalRow& row) {
  boost::json::array argv;
  for (const auto& argument : row.argv) argv.emplace_back(to_utf8(argument));
  return boost::json::serialize(boost::json::object{{"id", row.id.str()}, {"name", row.name}, {"title", to_utf8(row.title)}, {"argv", argv},
                                                    {"cwd", to_utf8(row.cwd)}, {"cols", row.size.cols}, {"rows", row.size.rows},
                                                    {"running", row.running}, {"created_ns", nanoseconds(row.created)}});
}

boost::json::object about_of(const SnapshotRow& row) {
  boost::json::array tags;
  for (const auto& tag : row.tags) tags.emplace_back(tag);
  return {{"title", row.title}, {"description", row.description}, {"tags", tags}, {"session", row.session}, {"version", row.version}};
}

std::string text_in(const boost::json::object& about, std::string_view name) {
  const auto* value = about.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// What a bundle says of itself is a stranger's: what no snapshot may be called is left out.
void take_details(SnapshotRow& row, const boost::json::object& about) {
  if (row.title.empty()) row.title = text_in(about, "title");
  if (!sessions::check_title(row.title)) row.title = "Imported snapshot";
  row.title_key = sessions::title_key(row.title);
  row.description = text_in(about, "description");
  if (!sessions::check_description(row.description)) row.description.clear();
  if (const auto* tags = about.if_contains("tags"); tags != nullptr && tags->is_array())
    for (const auto& tag : tags->get_array())
      if (tag.is_string()) row.tags.emplace_back(tag.get_string());
  if (!sessions::check_tags(row.tags)) row.tags.clear();
}

}  // namespace

// One capture on its way. Parts that are left out are known by name; a name that none had is an error at the end.
struct Snapshots::Making {
  std::optional<Capture> capture;
  std::vector<std::string> leave_out;
  std::set<std::string> matched;

  bool skips(std::string_view name) {
    bool out = false;
    for (const auto& each : leave_out)
      if (each == name || (each.ends_with('/') && name.starts_with(each))) {
        matched.insert(each);
        out = true;
      }
    return out;
  }
  [[nodiscard]] Result<> all_matched() const {
    for (const auto& each : leave_out)
      if (!matched.contains(each)) return fail(Code::InvalidArgument, fmt::format("There is no part \"{}\" to leave out.", each));
    return {};
  }
};

// ---- the row, before and after ----

SnapshotRow Snapshots::new_row(const Who& who, const NewSnapshot& wanted) const {
  return {.id = crypto::new_id<SnapshotId>(), .owner = who.owner, .title = wanted.title, .title_key = sessions::title_key(wanted.title),
          .description = wanted.description, .tags = wanted.tags.value_or(std::vector<std::string>{}), .state = SnapshotState::Creating,
          .visibility = store::Visibility::Owner, .session = {}, .version = 0, .bytes = 0, .parts = 0, .manifest = {},
          .created = context_.clock->now()};
}

Snapshots::Answer<Snapshots::Begun> Snapshots::begin(Who who, SnapshotRow row, std::string request) {
  co_return co_await context_.store->write([this, who, row, request](store::Unit& unit) -> Result<Begun> {
    const Limits& limits = context_.limits;
    if (!who.once.empty()) {
      TRY_ASSIGN(const auto known, unit.idempotency(who.owner, who.once));
      if (known && known->request != request)
        return fail(Code::FailedPrecondition, "The idempotency key was used for another request.", "Use a new key for each request.");
      if (known) {
        TRY_ASSIGN(const auto id, SnapshotId::parse(known->result));
        auto made = unit.snapshot(id);
        if (made && made->state != SnapshotState::Deleting) return Begun{.row = *std::move(made), .fresh = false};
        return fail(Code::FailedPrecondition, "What was made with this idempotency key is gone.", "Use a new key.");
      }
      TRY(unit.put_idempotency({.owner = who.owner, .key = who.once, .request = request, .result = row.id.str(), .made = row.created},
                               row.created - limits.idempotency));
    }
    TRY_ASSIGN(const auto counts, unit.snapshot_counts(row.owner));
    if (counts.stored >= limits.stored)
      return fail(Code::ResourceExhausted, fmt::format("You have {} snapshots; the limit is {}.", counts.stored, limits.stored), "Remove one first.");
    if (counts.bytes >= limits.bytes)
      return fail(Code::ResourceExhausted, fmt::format("Your snapshots have {} bytes; the limit is {}.", counts.bytes, limits.bytes), "Remove one first.");
    TRY(unit.insert_snapshot(row));
    TRY(record(unit, row, "begun", who));
    Begun out{.row = row, .fresh = true, .room = limits.bytes - counts.bytes, .warning = {}};
    if ((counts.stored + 1) * 100 >= std::uint64_t{limits.stored} * warn_percent)
      out.warning = fmt::format("{} of {} snapshots are used.", counts.stored + 1, limits.stored);
    return out;
  });
}

// A row that stays, because the store fails now, goes at the next start, with its content.
Snapshots::Answer<SnapshotRow> Snapshots::end(Who who, SnapshotRow row, Result<Sum> sum) {
  if (!sum) {
    auto dropped = co_await context_.store->write([this, row, who](store::Unit& unit) -> Result<> {
      TRY(unit.remove_snapshot(row.id));
      return record(unit, row, "failed", who);
    });
    if (!dropped) context_.log.error("the row of a failed snapshot stays", {{"snapshot", row.id}, {"error", dropped.error()}});
    co_return std::unexpected(std::move(sum).error());
  }
  row.state = SnapshotState::Ready;
  row.bytes = sum->bytes;
  row.parts = sum->parts;
  row.manifest = sum->manifest;
  CO_TRY(co_await context_.store->write([this, row, who](store::Unit& unit) -> Result<> {
    TRY(unit.update_snapshot(row, SnapshotState::Creating));
    return record(unit, row, "created", who);
  }));
  co_return row;
}

// ---- the content ----

Snapshots::Answer<Sum> Snapshots::capture(SnapshotRow row, std::vector<std::string> leave_out, std::uint64_t room,
                                          std::function<Answer<Done>(Making*)> fill, boost::json::object about) {
  const auto making = std::make_shared<Making>();
  making->leave_out = std::move(leave_out);
  Result<Sum> out = co_await context_.pool->run([this, making, row, room]() -> Result<Sum> {
    TRY_ASSIGN(auto begun, Capture::begin(context_.dir, row.id, opened_->machine,
                                          {.limits = limits_of(context_.limits, room), .before = context_.before}));
    making->capture.emplace(std::move(begun));
    return Sum{};
  });
  if (out)
    if (auto filled = co_await fill(making.get()); !filled) out = pass(std::move(filled).error());
  if (out)
    if (auto named = making->all_matched(); !named) out = pass(std::move(named).error());
  if (out)
    if (auto going_on = usable(); !going_on) out = pass(std::move(going_on).error());
  co_return co_await context_.pool->run([making, out, about, now = context_.clock->now()]() -> Result<Sum> {
    Result<Sum> sum = out ? making->capture->finish(about, now) : out;
    making->capture.reset();  // what did not end is removed here, where it may block
    return sum;
  });
}

Snapshots::Answer<Snapshots::Done> Snapshots::put(Making* making, std::string name, std::string kind, Pieces next) {
  if (making->skips(name)) co_return Done{};
  CO_TRY(co_await context_.pool->run([making, name, kind] { return making->capture->begin_part(name, kind); }));
  for (bool more = true; more;) {
    CO_TRY(usable());
    CO_TRY_ASSIGN(more, co_await context_.pool->run([making, &next]() -> Result<bool> {
      for (std::uint64_t bytes = 0; bytes < slice_bytes;) {
        TRY_ASSIGN(const auto piece, next());
        if (!piece) return false;
        TRY(making->capture->write(*piece));
        bytes += std::max<std::size_t>(piece->size(), 1);
      }
      return true;
    }));
  }
  co_return Done{};
}

Snapshots::Answer<Snapshots::Done> Snapshots::put_log(Making* making, std::string owner, SessionId session, store::SessionLog log,
                                                      std::string name) {
  if (making->skips(name)) co_return Done{};
  bool begun = false;
  for (std::uint64_t from = 0;;) {
    CO_TRY(usable());
    CO_TRY_ASSIGN(const auto page, co_await context_.sessions->entries(owner, session, log, from, entries_at_once));
    if (page.entries.empty()) co_return Done{};
    std::string lines;
    for (const auto& entry : page.entries) lines += line_of(entry);
    from = page.entries.back().offset + 1;
    CO_TRY(co_await context_.pool->run([making, name, lines, first = !std::exchange(begun, true)]() -> Result<> {
      if (first) TRY(making->capture->begin_part(name, "log"));
      return making->capture->write(lines);
    }));
  }
}

Snapshots::Answer<Snapshots::Done> Snapshots::put_terminal(Making* making, store::TerminalRow row) {
  const std::string below = "terminals/" + row.id.str() + "/";
  CO_TRY(co_await put(making, below + "terminal.json", "terminal", whole(describe(row))));
  std::vector<store::CommandRow> commands;  // newest first, as the store has them
  store::CommandFilter filter{.owner = row.owner, .sandbox = {}, .terminal = row.id};
  store::PageRequest request{.after = {}, .limit = commands_at_once};
  do {
    CO_TRY_ASSIGN(auto page, co_await context_.store->read([filter, request](store::Reader& reader) { return reader.commands(filter, request); }));
    std::ranges::move(page.rows, std::back_inserter(commands));
    request.after = page.next;
  } while (!request.after.empty());
  std::string lines;
  for (auto at = commands.rbegin(); at != commands.rend(); ++at) lines += line_of(*at);
  if (!lines.empty()) CO_TRY(co_await put(making, below + "commands.jsonl", "commands", whole(std::move(lines))));
  if (!context_.recording) co_return Done{};
  auto recording = co_await context_.pool->run([this, row] { return context_.recording(row); });
  if (!recording && recording.error().code == Code::NotFound) co_return Done{};  // its journal was forgotten
  CO_TRY_ASSIGN(auto pieces, std::move(recording));
  co_return co_await put(making, below + "recording.cast", "recording", std::move(pieces));
}

Snapshots::Answer<Snapshots::Done> Snapshots::put_terminals(Making* making, std::string sandbox) {
  CO_TRY_ASSIGN(const auto id, SandboxId::parse(sandbox));
  CO_TRY_ASSIGN(const auto rows, co_await context_.store->read([id](store::Reader& reader) { return reader.terminals(id); }));
  for (const auto& row : rows) CO_TRY(co_await put_terminal(making, row));
  co_return Done{};
}

// Its files as one part, a tar archive; what could not be read is told in another.
Snapshots::Answer<Snapshots::Done> Snapshots::put_workspace(Making* making, std::string sandbox) {
  if (!context_.workspace || making->skips("workspace.tar")) co_return Done{};
  auto opened = co_await context_.pool->run([path = context_.workspace(sandbox)]() -> Result<std::shared_ptr<TreeTar>> {
    TRY_ASSIGN(auto tree, TreeTar::open(path));
    return std::make_shared<TreeTar>(std::move(tree));
  });
  if (!opened && opened.error().code == Code::NotFound) co_return Done{};
  CO_TRY_ASSIGN(const auto tree, std::move(opened));
  CO_TRY(co_await put(making, "workspace.tar", "workspace", [tree] { return tree->next(); }));
  std::string lines;
  for (const auto& line : tree->skipped()) lines += to_utf8(line) + '\n';
  if (!lines.empty()) CO_TRY(co_await put(making, "workspace.skipped", "workspace", whole(std::move(lines))));
  co_return Done{};
}

Snapshots::Answer<Snapshots::Done> Snapshots::put_session(Making* making, std::string owner, sessions::Content document) {
  const SessionId id = document.row.id;
  CO_TRY(co_await put(making, "document.json", "document", whole(std::move(document.bytes))));
  CO_TRY(co_await put_log(making, owner, id, store::SessionLog::Conversation, "logs/conversation.jsonl"));
  CO_TRY(co_await put_log(making, owner, id, store::SessionLog::Prompts, "logs/prompts.jsonl"));
  CO_TRY(co_await put_log(making, owner, id, store::SessionLog::Usage, "logs/usage.jsonl"));
  if (!document.row.sandbox.empty()) {
    CO_TRY(co_await put_terminals(making, document.row.sandbox));
    CO_TRY(co_await put_workspace(making, document.row.sandbox));
  }
  co_return Done{};
}

// ---- from a session ----

awaitable<Result<Made>> Snapshots::create(Who who, NewSnapshot wanted) {
  CO_TRY(usable());
  CO_TRY(check_details(wanted));
  if (!wanted.session || wanted.mask) co_return fail(Code::InvalidArgument, "A snapshot is made of a session.");
  CO_TRY_ASSIGN(auto document, co_await context_.sessions->get(who.owner, *wanted.session));
  co_return co_await aio::shielded(co_await boost::asio::this_coro::executor, create_now(std::move(who), std::move(wanted), std::move(document)));
}

Snapshots::Answer<Made> Snapshots::create_now(Who who, NewSnapshot wanted, sessions::Content document) {
  const std::string request = request_of("create", wanted, document.row.id.str());
  if (wanted.title.empty()) wanted.title = document.row.title;
  if (wanted.description.empty()) wanted.description = document.row.description;
  if (!wanted.tags) wanted.tags = document.row.tags;
  SnapshotRow row = new_row(who, wanted);
  row.session = document.row.id.str();
  row.version = document.version;
  CO_TRY_ASSIGN(auto begun, co_await begin(who, row, request));
  if (!begun.fresh) co_return Made{std::move(begun.row), {}};
  const auto fill = [this, owner = who.owner, document = std::move(document)](Making* making) { return put_session(making, owner, document); };
  auto sum = co_await capture(row, std::move(wanted.leave_out), begun.room, fill, about_of(row));
  CO_TRY_ASSIGN(row, co_await end(std::move(who), row, std::move(sum)));
  co_return Made{std::move(row), std::move(begun.warning)};
}

// ---- from another one ----

awaitable<Result<Made>> Snapshots::derive(Who who, SnapshotId from, NewSnapshot wanted) {
  CO_TRY(check_details(wanted));
  CO_TRY_ASSIGN(auto row, co_await own(who, from));
  co_return co_await aio::shielded(co_await boost::asio::this_coro::executor, derive_now(std::move(who), std::move(row), std::move(wanted)));
}

Snapshots::Answer<Made> Snapshots::derive_now(Who who, SnapshotRow from, NewSnapshot wanted) {
  const std::string request = request_of("derive", wanted, from.id.str());
  if (wanted.title.empty()) wanted.title = from.title;
  if (wanted.description.empty()) wanted.description = from.description;
  if (!wanted.tags) wanted.tags = from.tags;
  CO_TRY_ASSIGN(auto held, co_await content(from));
  SnapshotRow row = new_row(who, wanted);
  row.session = from.session;
  row.version = from.version;
  CO_TRY_ASSIGN(auto begun, co_await begin(who, row, request));
  if (!begun.fresh) co_return Made{std::move(begun.row), {}};
  const auto fill = [this, from, held, mask = wanted.mask](Making* making) { return put_again(making, from, held, mask); };
  auto sum = co_await capture(row, std::move(wanted.leave_out), begun.room, fill, about_of(row));
  CO_TRY_ASSIGN(row, co_await end(std::move(who), row, std::move(sum)));
  co_return Made{std::move(row), std::move(begun.warning)};
}

Snapshots::Answer<Snapshots::Done> Snapshots::put_again(Making* making, SnapshotRow from, Held held, bool masked) {
  Scanned scanned;
  if (masked) {
    CO_TRY_ASSIGN(scanned, co_await scan_content(from, held));
    if (scanned.more)
      co_return fail(Code::FailedPrecondition, "There are more findings than can be masked.", "Leave the parts out that have them.");
  }
  for (const auto& part : held->manifest().parts) {
    auto opened = co_await context_.pool->run([held, name = part.name]() -> Result<std::shared_ptr<PartStream>> {
      TRY_ASSIGN(auto stream, held->open_part(name));
      return std::make_shared<PartStream>(std::move(stream));
    });
    if (!opened) co_return pass(co_await damaged(from, std::move(opened).error()));
    std::vector<Finding> findings;
    std::ranges::copy_if(scanned.findings, std::back_inserter(findings), [&](const auto& each) { return each.part == part.name; });
    const auto next = [stream = *std::move(opened), findings, offset = std::uint64_t{0}]() mutable -> Result<std::optional<std::string>> {
      TRY_ASSIGN(auto piece, stream->next());
      if (!piece) return std::nullopt;
      const std::uint64_t size = piece->size();
      mask(*piece, offset, findings);
      offset += size;
      return piece;
    };
    if (auto done = co_await put(making, part.name, part.kind, next); !done) co_return pass(co_await damaged(from, std::move(done).error()));
  }
  co_return Done{};
}

// ---- from a bundle ----

awaitable<Result<Received>> Snapshots::receive(Who who, std::shared_ptr<UniqueFd> source, std::string title) {
  CO_TRY(usable());
  if (!title.empty()) CO_TRY(sessions::check_title(title));
  co_return co_await aio::shielded(co_await boost::asio::this_coro::executor, receive_now(std::move(who), std::move(source), std::move(title)));
}

Snapshots::Answer<Received> Snapshots::receive_now(Who who, std::shared_ptr<UniqueFd> source, std::string title) {
  NewSnapshot wanted{.title = title};
  SnapshotRow row = new_row(who, wanted);
  CO_TRY_ASSIGN(auto begun, co_await begin(who, row, request_of("import", wanted, {})));
  if (!begun.fresh) co_return Received{.row = std::move(begun.row), .signer = {}, .said = {}};
  auto imported = co_await context_.transfers->run([this, source, row, room = begun.room] {
    auto out = import_bundle(source->get(), context_.dir, row.id, opened_->machine,
                             {.limits = limits_of(context_.limits, room), .before = context_.before});
    source->reset();  // who sends is told that nothing more is read
    if (!out && out.error().code == Code::Damaged) out.error().code = Code::InvalidArgument;  // what was sent, nothing of ours
    return out;
  });
  Received out;
  Result<Sum> sum = imported ? Result<Sum>(imported->sum) : Result<Sum>(pass(imported.error()));
  if (imported) {
    take_details(row, imported->about);
    out.signer = imported->signer;
  }
  CO_TRY_ASSIGN(out.row, co_await end(std::move(who), std::move(row), std::move(sum)));
  CO_TRY_ASSIGN(out.said, co_await context_.pool->run([this, signer = out.signer]() -> Result<std::string> {
    auto file = os::read_file(context_.known_signers, most_known);
    const auto known = file ? bundle::KnownSigners::parse(*file) : Result<bundle::KnownSigners>();
    return known ? known->describe(signer) : bundle::KnownSigners().describe(signer);
  }));
  co_return out;
}

}  // namespace berth::snapshots
