#include "sessions/sessions.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/check.hpp"
#include "crypto/crypto.hpp"
#include "document/format.hpp"
#include "document/patch.hpp"
#include "sessions/cursor.hpp"
#include "sessions/details.hpp"
#include "sessions/place.hpp"

namespace berth::sessions {

using boost::asio::awaitable;

namespace {

constexpr const char* no_session = "There is no such session.";
constexpr std::uint32_t warn_percent = 80;

constexpr const char* newest_is_missing = "the newest version is missing";

// What was acknowledged last is not there: a lost save.
std::unexpected<Error> newest_missing() {
  return pass({.code = Code::RecordDamaged,
               .message = "The newest version of this session is missing; what is there is kept.",
               .hint = "Restore a backup, or go on from an older version.",
               .operation = newest_is_missing});
}

// One kind of limit: full is an error, nearly full a sentence.
Result<> check_room(std::uint64_t used, std::uint32_t limit, const char* what, const char* hint) {
  if (used < limit) return {};
  return fail(Code::ResourceExhausted, fmt::format("You have {} {} sessions; the limit is {}.", used, what, limit), hint);
}

std::string warning_of(const store::SessionCounts& counts, const Limits& limits) {
  std::string out;
  const auto add = [&](std::uint64_t used, std::uint32_t limit, const char* what) {
    if (used * 100 < std::uint64_t{limit} * warn_percent) return;
    out += fmt::format("{}{} of {} {} sessions are used.", out.empty() ? "" : " ", used, limit, what);
  };
  add(counts.active, limits.active, "active");
  add(counts.stored, limits.stored, "stored");
  return out;
}

Result<std::string> accepted_bytes(document::Value& value, const Limits& limits) {
  TRY_ASSIGN(value, document::accept(std::move(value)));
  std::string bytes = document::canonical(value);
  if (bytes.size() > limits.document_bytes)
    return fail(Code::TooLarge, fmt::format("The document has {} bytes; the limit is {}.", bytes.size(), limits.document_bytes));
  return bytes;
}

Result<> check_room_for_one(store::Unit& unit, const std::string& owner, const Limits& limits) {
  TRY_ASSIGN(const auto counts, unit.session_counts(owner));
  TRY(check_room(counts.active, limits.active, "active", "Close one first."));
  return check_room(counts.stored, limits.stored, "stored", "Remove one first.");
}

}  // namespace

Sessions::Sessions(Context context) : context_(std::move(context)) {
  BERTH_CHECK(context_.store && context_.clock && context_.pool && context_.lanes && context_.workspace);
  for (std::size_t i = 0; i < context_.lanes->size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->group = context_.lanes->at(i);
  }
}

Sessions::~Sessions() = default;

awaitable<Result<>> Sessions::open() {
  auto vault = co_await context_.store->write([keys = context_.keys](store::Unit& unit) -> Result<std::shared_ptr<const Vault>> {
    TRY_ASSIGN(auto made, Vault::open(unit, keys));
    return std::shared_ptr<const Vault>(std::move(made));
  });
  if (!vault) {
    closed_ = vault.error();
    co_return std::unexpected(std::move(vault).error());
  }
  vault_ = *std::move(vault);
  open_ = true;
  co_return Result<>{};
}

Result<> Sessions::usable() const { return open_ ? Result<>() : Result<>(pass(closed_)); }

Result<> Sessions::record(store::Unit& unit, const store::SessionRow& row, const std::string& what, const Who& who) const {
  return context_.record ? context_.record(unit, row, what, who) : Result<>();
}

// ---- what is in memory ----

Sessions::Lane& Sessions::lane_of(const SessionId& id) { return *lanes_[std::hash<SessionId>{}(id) % lanes_.size()]; }

// Counts what the session holds now, and lets go of what was not used for longest. A place in use stays.
void Sessions::keep(Lane& lane, const SessionId& id) {
  const auto found = lane.places.find(id);
  if (found == lane.places.end()) return;
  Place& place = *found->second;
  const std::uint64_t bytes = place.open ? place.open->row.document_bytes + 1024 : 0;
  lane.bytes += bytes - place.kept_bytes;
  place.kept_bytes = bytes;
  lane.order.splice(lane.order.begin(), lane.order, place.used);
  const std::uint64_t most = context_.limits.cache_bytes / lanes_.size();
  constexpr std::size_t most_places = 4096;
  for (auto last = lane.order.end(); last != lane.order.begin() && (lane.bytes > most || lane.order.size() > most_places);) {
    const auto at = lane.places.find(*--last);
    if (at->second->busy || at->second->waiting > 0 || at->second->folding) continue;
    lane.bytes -= at->second->kept_bytes;
    lane.places.erase(at);
    last = lane.order.erase(last);
  }
}

awaitable<Error> Sessions::damaged(SessionId id, Error error) {
  ++damaged_;
  context_.log.error("a session's record is damaged", {{"session", id}, {"error", error}});
  auto marked = co_await context_.store->write([id](store::Unit& unit) { return unit.mark_session_damaged(id); });
  if (!marked) context_.log.error("a damaged session is not marked", {{"session", id}, {"error", marked.error()}});
  co_return error;
}

Sessions::Answer<std::unique_ptr<Sessions::Open>> Sessions::load(std::string owner, SessionId id) {
  using Rows = std::pair<store::SessionRow, std::vector<store::RevisionRow>>;
  CO_TRY_ASSIGN(auto rows, co_await context_.store->read([id, owner](store::Reader& reader) -> Result<Rows> {
    TRY_ASSIGN(auto row, reader.session(id));
    if (row.owner != owner) return fail(Code::NotFound, no_session);
    TRY_ASSIGN(auto links, reader.revisions_for(id, row.version));
    return Rows{std::move(row), std::move(links)};
  }));
  using Read = std::pair<Chain, document::Measured>;
  const auto build = [vault = vault_, rows, bytes = context_.limits.document_bytes]() -> Result<std::shared_ptr<Read>> {
    const auto& [row, links] = rows;
    if (links.empty() || links.back().version != row.version) return newest_missing();
    TRY_ASSIGN(auto chain, read_chain(*vault, links, row.version));
    if (chain.tag != row.head) return newest_missing();
    auto document = document::measure_stored(std::move(chain.value), {.bytes = bytes});
    return std::make_shared<Read>(std::move(chain), std::move(document));
  };
  auto chain = co_await context_.pool->run(build);
  ++opened_;
  if (!chain && chain.error().operation == newest_is_missing) ++newest_missing_;
  if (!chain && chain.error().code == Code::RecordDamaged) co_return pass(co_await damaged(id, std::move(chain).error()));
  if (!chain) co_return std::unexpected(std::move(chain).error());
  auto out = std::make_unique<Open>();
  out->row = std::move(rows.first);
  out->document = std::move((*chain)->second);
  out->changes = (*chain)->first.changes;
  co_return out;
}

Sessions::Answer<Sessions::Open*> Sessions::opened(Place* place, std::string owner, SessionId id) {
  if (!place->open) {
    CO_TRY_ASSIGN(place->open, co_await load(owner, id));
  }
  if (place->open->row.owner != owner) co_return fail(Code::NotFound, no_session);
  co_return place->open.get();
}

// ---- making ----

awaitable<Result<Made>> Sessions::create(Who who, NewSession wanted) {
  CO_TRY(usable());
  CO_TRY(check_title(wanted.title));
  CO_TRY(check_description(wanted.description));
  CO_TRY(check_tags(wanted.tags));
  CO_TRY(check_client(who.client));
  auto checked = co_await context_.pool->run([value = wanted.document, limits = context_.limits]() mutable -> Result<std::string> {
    return accepted_bytes(value, limits);
  });
  CO_TRY_ASSIGN(auto bytes, std::move(checked));
  co_return co_await insert(std::move(who), std::move(wanted), std::move(bytes));
}

awaitable<Result<Made>> Sessions::copy(Who who, SessionId from, std::string title) {
  CO_TRY(check_title(title));
  CO_TRY_ASSIGN(auto content, co_await get(who.owner, from));
  NewSession wanted{.title = std::move(title), .description = content.row.description, .tags = content.row.tags, .document = {},
                    .sandbox = {}};
  co_return co_await insert(std::move(who), std::move(wanted), std::move(content.bytes));
}

Sessions::Answer<Made> Sessions::insert(Who who, NewSession wanted, std::string bytes) {
  const WallTime now = context_.clock->now();
  store::SessionRow row{.id = crypto::new_id<SessionId>(), .owner = who.owner, .title = wanted.title,
                        .title_key = title_key(wanted.title), .description = wanted.description, .tags = wanted.tags,
                        .state = store::SessionState::Active, .damaged = false, .version = 1, .head = {},
                        .document_bytes = bytes.size(), .hash_version = 1, .hash = crypto::sha256_hex(bytes),
                        .sandbox = wanted.sandbox, .workspace = {}, .changed_by = who.key, .client = who.client, .created = now,
                        .updated = now};
  std::string request = row.title + '\0' + row.description + '\0' + row.sandbox + '\0' + row.hash;
  for (const auto& tag : row.tags) request += '\0' + tag;
  const auto link = make_link(*vault_, {.session = row.id, .version = 1, .kind = store::RevisionKind::Whole, .previous = {},
                                        .sealed = {}, .what = "created", .changed_by = who.key, .client = who.client, .saved = now},
                              {LinkContent::Form::Document, std::move(bytes)});
  row.head = link.tag;
  const store::IdempotencyRow once{.owner = who.owner, .key = who.once, .request = crypto::sha256_hex(request),
                                   .result = row.id.str(), .made = now};
  co_return co_await context_.store->write([this, row, link, once, who](store::Unit& unit) -> Result<Made> {
    if (!once.key.empty()) {
      TRY_ASSIGN(const auto known, unit.idempotency(once.owner, once.key));
      if (known && known->request != once.request)
        return fail(Code::FailedPrecondition, "The idempotency key was used for another request.", "Use a new key for each request.");
      if (known) {
        TRY_ASSIGN(const auto id, SessionId::parse(known->result));
        TRY_ASSIGN(auto made, unit.session(id));
        return Made{std::move(made), {}};
      }
      TRY(unit.put_idempotency(once, once.made - context_.limits.idempotency));
    }
    TRY(check_room_for_one(unit, row.owner, context_.limits));
    TRY(unit.insert_session(row));
    TRY(unit.insert_revision(link.row));
    TRY(record(unit, row, "created", who));
    TRY_ASSIGN(const auto counts, unit.session_counts(row.owner));
    return Made{row, warning_of(counts, context_.limits)};
  });
}

// ---- lists ----

awaitable<Result<Listed>> Sessions::list(store::SessionFilter filter, std::string after, std::uint32_t limit) {
  CO_TRY(usable());
  filter.title = title_key(filter.title);
  CO_TRY_ASSIGN(const auto position, decode_cursor(*vault_, filter, after));
  CO_TRY_ASSIGN(auto page, co_await context_.store->read(
                               [=](store::Reader& reader) { return reader.sessions(filter, position, limit); }));
  co_return Listed{std::move(page.rows), page.next ? encode_cursor(*vault_, filter, *page.next) : ""};
}

awaitable<Result<store::SessionRow>> Sessions::describe(std::string owner, SessionId id) {
  CO_TRY(usable());
  CO_TRY_ASSIGN(auto row, co_await context_.store->read([id](store::Reader& reader) { return reader.session(id); }));
  if (row.owner != owner) co_return fail(Code::NotFound, no_session);
  co_return row;
}

awaitable<Result<std::vector<store::SessionRow>>> Sessions::clean_up(Who who, Cleanup wanted) {
  CO_TRY(usable());
  if (!wanted.before && !wanted.keep)
    co_return fail(Code::InvalidArgument, "The clean-up has no rule.", "Say before which time, or how many to keep.");
  store::SessionFilter filter{.owner = who.owner, .state = store::SessionState::Closed};
  std::vector<store::SessionRow> going;
  std::uint64_t seen = 0;
  std::optional<store::SessionPosition> after;
  do {
    CO_TRY_ASSIGN(auto page, co_await context_.store->read(
                                 [=](store::Reader& reader) { return reader.sessions(filter, after, 100); }));
    for (auto& row : page.rows) {
      ++seen;
      if ((wanted.keep && seen > *wanted.keep) || (wanted.before && row.updated < *wanted.before)) going.push_back(std::move(row));
    }
    after = page.next;
  } while (after);
  if (wanted.dry_run) co_return going;
  for (const auto& row : going) CO_TRY(co_await remove(who, row.id));
  co_return going;
}

}  // namespace berth::sessions
