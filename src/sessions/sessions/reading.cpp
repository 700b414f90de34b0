// What a session holds: its document at any kept version, its history, its logs.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "document/patch.hpp"
#include "document/schema.hpp"
#include "sessions/place.hpp"

namespace berth::sessions {
namespace {

using boost::asio::awaitable;

constexpr std::size_t most_client_id = 100;

// An entry of a conversation; other logs hold what their writers like.
const document::Schema& conversation_schema() {
  static const document::Schema schema(R"({
    "type": "object", "required": ["role", "content"], "properties": {
      "role": {"enum": ["user", "assistant", "system", "tool"]},
      "content": {"type": "string"},
      "time": {"type": "string", "maxLength": 40},
      "tool_calls": {"type": "array", "maxItems": 1000, "items": {"type": "object", "required": ["id", "name"],
        "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}},
      "tool_call_id": {"type": "string"},
      "usage": {"type": "object"}}})");
  return schema;
}

std::string entry_identity(const SessionId& id, store::SessionLog log, std::uint64_t offset, const std::string& client_id) {
  return "entry " + id.str() + ' ' + std::to_string(static_cast<int>(log)) + ' ' + std::to_string(offset) + ' ' + client_id;
}

std::unexpected<Error> no_session() { return fail(Code::NotFound, "There is no such session."); }

Result<> check_client_id(std::string_view id) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!id.empty() && id.size() <= most_client_id && std::ranges::all_of(id, plain)) return {};
  return fail(Code::InvalidArgument, fmt::format("\"id\" of the entry must be 1 to {} printable characters without spaces.", most_client_id));
}

}  // namespace

awaitable<Result<Content>> Sessions::get(std::string owner, SessionId id, std::optional<std::uint64_t> version) {
  CO_TRY(usable());
  if (version) {
    CO_TRY_ASSIGN(auto row, co_await describe(owner, id));
    co_return co_await version_of(std::move(row), *version);
  }
  co_return co_await in_line<Content>(id, [this, owner, id](Place* place) { return get_now(place, owner, id); });
}

Sessions::Answer<Content> Sessions::get_now(Place* place, std::string owner, SessionId id) {
  CO_TRY_ASSIGN(Open* const open, co_await opened(place, std::move(owner), std::move(id)));
  auto bytes = co_await context_.pool->run(
      [value = &open->document.value]() -> Result<std::string> { return document::canonical(*value); });  // nobody changes it: our turn
  CO_TRY_ASSIGN(auto text, std::move(bytes));
  co_return Content{.row = open->row, .version = open->row.version, .bytes = std::move(text)};
}

Sessions::Answer<Content> Sessions::version_of(store::SessionRow row, std::uint64_t version) {
  const auto gone = [&] {
    return fail(Code::NotFound, fmt::format("Version {} of this session is not kept.", version),
                fmt::format("The newest is {}; the last {} are kept.", row.version, context_.limits.versions));
  };
  if (version == 0 || version > row.version || row.version - version >= context_.limits.versions) co_return gone();
  CO_TRY_ASSIGN(const auto links, co_await context_.store->read(
                                      [id = row.id, version](store::Reader& reader) { return reader.revisions_for(id, version); }));
  auto bytes = co_await context_.pool->run([vault = vault_, links, version]() -> Result<std::string> {
    TRY_ASSIGN(const auto chain, read_chain(*vault, links, version));
    return document::canonical(chain.value);
  });
  if (!bytes && bytes.error().code == Code::RecordDamaged) co_return pass(co_await damaged(row.id, std::move(bytes).error()));
  CO_TRY_ASSIGN(auto text, std::move(bytes));
  co_return Content{.row = std::move(row), .version = version, .bytes = std::move(text)};
}

awaitable<Result<std::vector<store::RevisionRow>>> Sessions::history(std::string owner, SessionId id, std::uint64_t before,
                                                                     std::uint32_t limit) {
  CO_TRY_ASSIGN(const auto row, co_await describe(std::move(owner), id));
  CO_TRY_ASSIGN(auto rows, co_await context_.store->read(
                               [id, before, limit](store::Reader& reader) { return reader.session_history(id, before, limit); }));
  std::erase_if(rows, [&](const auto& r) { return row.version >= r.version && row.version - r.version >= context_.limits.versions; });
  co_return rows;
}

awaitable<Result<std::string>> Sessions::difference(std::string owner, SessionId id, std::uint64_t from, std::uint64_t to) {
  CO_TRY_ASSIGN(const auto before, co_await get(owner, id, from));
  CO_TRY_ASSIGN(const auto after, co_await get(owner, id, to));
  co_return co_await context_.pool->run([a = before.bytes, b = after.bytes]() -> Result<std::string> {
    TRY_ASSIGN(const auto old, document::parse(a, {.bytes = a.size()}));
    TRY_ASSIGN(const auto now, document::parse(b, {.bytes = b.size()}));
    return document::canonical(document::difference(old, now));
  });
}

// ---- logs ----

awaitable<Result<Appended>> Sessions::append(Who who, SessionId id, store::SessionLog log, std::string client_id,
                                             document::Value entry) {
  CO_TRY(usable());
  CO_TRY(check_client_id(client_id));
  if (!entry.is_object()) co_return fail(Code::InvalidArgument, "\"entry\" is not a JSON object.");
  if (log == store::SessionLog::Conversation) CO_TRY(conversation_schema().check(entry));
  // Its key is derived and its bytes are written here: the writer's thread, which all wait for, only seals them.
  Vault::Box box = vault_->box(document::canonical_size(entry));
  document::append_canonical(box.text(), entry);
  if (const auto bytes = box.plain().size(); bytes > context_.limits.entry_bytes)
    co_return fail(Code::TooLarge, fmt::format("The entry has {} bytes; the limit is {}.", bytes, context_.limits.entry_bytes));
  auto item = std::make_shared<NewEntry>(std::move(who), log, std::move(client_id), std::move(box), context_.clock->now());
  Lane& lane = lane_of(id);
  co_return co_await aio::shielded(lane.group->executor(), append_together(&lane, std::move(id), std::move(item)));
}

// On the session's lane. The first one asks the store for a unit of work; who comes until the writer begins it joins.
Sessions::Answer<Appended> Sessions::append_together(Lane* lane, SessionId id, std::shared_ptr<NewEntry> item) {
  auto& slot = lane->appending[id];
  if (const auto batch = slot; batch && batch->join(item)) {
    while (!batch->ended) (void)co_await batch->end.wait();
    co_return std::move(item->result);
  }
  const auto batch = slot = std::make_shared<Batch>(lane->group->executor());
  (void)batch->join(item);
  const auto done = co_await context_.store->write([this, batch, id](store::Unit& unit) { return append_all(unit, id, batch->take()); });
  if (const auto at = lane->appending.find(id); at != lane->appending.end() && at->second == batch) lane->appending.erase(at);
  if (!done)
    for (const auto& each : batch->take()) each->result = std::unexpected(done.error());
  batch->ended = true;
  batch->end.notify();
  co_return std::move(item->result);
}

// In the unit of work. An entry that is refused is answered alone; what fails in the store fails for all of them.
Result<> Sessions::append_all(store::Unit& unit, const SessionId& id, const std::vector<std::shared_ptr<NewEntry>>& items) const {
  TRY_ASSIGN(const auto row, unit.session(id));
  std::map<store::SessionLog, std::uint64_t> ends;
  for (const auto& item : items) {
    auto& to = *item;
    if (row.owner != to.who.owner) {
      to.result = no_session();
      continue;
    }
    TRY_ASSIGN(const auto known, unit.log_entry_of(id, to.log, to.client_id));
    if (known) {
      const auto plain = vault_->open(entry_identity(id, to.log, known->offset, to.client_id), known->sealed);
      if (!plain) to.result = std::unexpected(plain.error());
      else if (*plain == to.box.plain()) to.result = Appended{known->offset, true};
      else to.result = fail(Code::FailedPrecondition, "Another entry has this id already.", "Use a new id for each entry.");
      continue;
    }
    if (row.state == store::SessionState::Closed) {
      to.result = fail(Code::FailedPrecondition, "The session is closed.", "Resume it first.");
      continue;
    }
    auto end = ends.find(to.log);
    if (end == ends.end()) {
      TRY_ASSIGN(const auto offset, unit.log_end(id, to.log));
      end = ends.emplace(to.log, offset).first;
    }
    const std::uint64_t offset = end->second++;
    TRY(unit.insert_log_entry({.session = id, .log = to.log, .offset = offset, .client_id = to.client_id,
                               .sealed = std::move(to.box).seal(entry_identity(id, to.log, offset, to.client_id)), .appended = to.now}));
    TRY(record(unit, row, "appended", to.who));
    to.result = Appended{offset, false};
  }
  return {};
}

awaitable<Result<Entries>> Sessions::entries(std::string owner, SessionId id, store::SessionLog log, std::uint64_t from,
                                             std::uint32_t limit) {
  CO_TRY_ASSIGN(const auto row, co_await describe(std::move(owner), id));
  using Rows = std::pair<std::vector<store::LogRow>, std::uint64_t>;
  CO_TRY_ASSIGN(const auto found, co_await context_.store->read([id, log, from, limit](store::Reader& reader) -> Result<Rows> {
    TRY_ASSIGN(auto rows, reader.log_entries(id, log, from, limit));
    TRY_ASSIGN(const auto end, reader.log_end(id, log));
    return Rows{std::move(rows), end};
  }));
  Entries out{.entries = {}, .end = found.second};
  for (const auto& entry : found.first) {
    auto plain = vault_->open(entry_identity(id, log, entry.offset, entry.client_id), entry.sealed);
    if (!plain) co_return pass(co_await damaged(id, std::move(plain).error()));
    out.entries.push_back({.offset = entry.offset, .client_id = entry.client_id, .appended = entry.appended, .bytes = *std::move(plain)});
  }
  co_return out;
}

}  // namespace berth::sessions
