// Every change of a session that is there: from the version that it was made from to the next link of the chain.

#include <fmt/format.h>

#include <boost/json.hpp>

#include <charconv>

#include "crypto/crypto.hpp"
#include "document/format.hpp"
#include "document/patch.hpp"
#include "sessions/details.hpp"
#include "sessions/place.hpp"

namespace berth::sessions {
namespace {

using boost::asio::awaitable;
using store::RevisionKind;
using store::SessionRow;
using store::SessionState;

std::uint64_t nanoseconds(WallTime time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

std::unexpected<Error> stale(const SessionRow& row) {
  return pass({.code = Code::Stale,
               .message = fmt::format("The session is at version {} by now.", row.version),
               .hint = "Get it, merge your change into it and send that; or save yours as a copy.",
               .facts = {{"version", std::to_string(row.version)},
                         {"updated_ns", std::to_string(nanoseconds(row.updated))},
                         {"changed_by", row.changed_by},
                         {"client", row.client}}});
}

Result<> check_size(std::uint64_t bytes, const Limits& limits) {
  if (bytes <= limits.document_bytes) return {};
  return fail(Code::TooLarge, fmt::format("The document has {} bytes; the limit is {}.", bytes, limits.document_bytes));
}

// A change that is small needs no thread of its own: it costs less than the way there and back, and joins the commit that
// others make ready. What it can cost at most is bounded by these.
constexpr std::uint64_t small_patch = 4096, small_document = 2 << 20, small_whole = 64 << 10;
constexpr std::size_t few_operations = 8;

bool is_small(const document::Value& patch, std::uint64_t document_bytes) {
  const auto* operations = patch.if_array();
  return document_bytes <= small_document && (!operations || operations->size() <= few_operations) &&
         document::canonical_size(patch) <= small_patch;
}

struct Patched {
  document::Measured document;
  Link link;
};

struct PatchWork {
  std::shared_ptr<const Vault> vault;
  document::Measured document;
  document::Value patch;
  PatchForm form;
  store::RevisionRow row;
  Limits limits;

  // Shared, since a pool's result is copied nowhere then.
  Result<std::shared_ptr<Patched>> operator()() {
    const document::Limits bounds{.bytes = limits.document_bytes};
    const bool merges = form == PatchForm::MergePatch;
    auto changed = merges ? document::apply_merge_patch(std::move(document), patch, bounds)
                          : document::apply_patch(std::move(document), patch, bounds);
    if (!changed) return std::unexpected(std::move(changed).error());
    auto link = make_link(*vault, std::move(row),
                          {merges ? LinkContent::Form::MergePatch : LinkContent::Form::Patch, document::canonical(patch)});
    return std::make_shared<Patched>(*std::move(changed), std::move(link));
  }
};

store::RevisionRow next_link(const SessionRow& row, const Who& who, RevisionKind kind, std::string what, WallTime now) {
  return {.session = row.id, .version = row.version + 1, .kind = kind, .previous = row.head, .sealed = {}, .what = std::move(what),
          .changed_by = who.key, .client = who.client, .saved = now};
}

// A change of the row alone is a link, too: an empty patch.
Link empty_link(const Vault& vault, const SessionRow& row, const Who& who, std::string what, WallTime now) {
  return make_link(vault, next_link(row, who, RevisionKind::Change, std::move(what), now), {LinkContent::Form::Patch, "[]"});
}

store::IdempotencyRow made_once(const Who& who, const SessionRow& row, WallTime now) {
  return {.owner = who.owner, .key = who.once, .request = row.id.str(), .result = std::to_string(row.version), .made = now};
}

}  // namespace

// The session as it is, with the version that this change made, when it was carried out before. Only a change from an older
// version can have been, so that a change that is not repeated asks nobody.
Sessions::Answer<std::optional<SessionRow>> Sessions::carried_out(Place* place, Who who, SessionId id, From from) {
  if (who.once.empty() || !from) co_return std::nullopt;
  CO_TRY_ASSIGN(Open* const open, co_await opened(place, who.owner, id));
  if (*from == open->row.version) co_return std::nullopt;
  CO_TRY_ASSIGN(const auto known, co_await context_.store->read(
                                      [who](store::Reader& reader) { return reader.idempotency(who.owner, who.once); }));
  if (!known) co_return std::nullopt;
  std::uint64_t version = 0;
  const std::string& text = known->result;
  if (known->request != id.str() || std::from_chars(text.data(), text.data() + text.size(), version).ec != std::errc())
    co_return fail(Code::FailedPrecondition, "The idempotency key was used for another request.", "Use a new key for each request.");
  SessionRow row = open->row;
  row.version = version;
  co_return row;
}

template <class F>
Sessions::Answer<SessionRow> Sessions::change_once(SessionId id, Who who, From from, F change) {
  co_return co_await in_line<SessionRow>(id, [this, who, id, from, change = std::move(change)](Place* place) mutable {
    return [](Sessions* self, Place* at, Who asking, SessionId session, From version, F call) -> Answer<SessionRow> {
      CO_TRY_ASSIGN(auto before, co_await self->carried_out(at, std::move(asking), std::move(session), version));
      if (before) co_return *std::move(before);
      co_return co_await call(at);
    }(this, place, who, id, from, std::move(change));
  });
}

Sessions::Answer<Sessions::Open*> Sessions::for_change(Place* place, std::string owner, SessionId id, From from) {
  CO_TRY_ASSIGN(Open* const open, co_await opened(place, std::move(owner), std::move(id)));
  if (from && *from != open->row.version) co_return stale(open->row);
  co_return open;
}

// The next link and the row that names it, in one unit of work. What is in memory follows only when it is durable.
Sessions::Answer<SessionRow> Sessions::commit(Place* place, Who who, Change change) {
  Open& open = *place->open;
  SessionRow row = std::move(change.row);
  row.version = open.row.version + 1;
  row.head = change.link.tag;
  row.changed_by = who.key;
  row.client = who.client;
  row.updated = change.link.row.saved;
  const bool whole = change.link.row.kind == RevisionKind::Whole;
  const std::uint64_t oldest = row.version > context_.limits.versions ? row.version - context_.limits.versions + 1 : 0;
  const store::IdempotencyRow once = made_once(who, row, context_.clock->now());
  auto done = co_await context_.store->write([this, row, once, who, link = std::move(change.link.row), also = std::move(change.also), whole, oldest, described = change.described,
                                              from = open.row.version, state = open.row.state](store::Unit& unit) -> Result<> {
    if (also) TRY(also(unit));
    if (!once.key.empty()) TRY(unit.put_idempotency(once, once.made - context_.limits.idempotency));
    TRY(described ? unit.update_session(row, from, state) : unit.advance_session(row, from, state));
    TRY(unit.insert_revision(link));
    if (whole && oldest > 0) TRY(unit.prune_revisions(row.id, oldest));
    return record(unit, row, link.what, who);
  });
  if (!done) {
    place->open.reset();  // another process may have been here, and a value may be half changed
    if (done.error().code != Code::FailedPrecondition) co_return std::unexpected(std::move(done).error());
    CO_TRY_ASSIGN(const auto newest, co_await describe(who.owner, row.id));
    if (newest.version == row.version - 1) co_return std::unexpected(std::move(done).error());
    co_return stale(newest);
  }
  open.row = row;
  if (change.document) {
    if (whole) lane_of(row.id).group->spawn(let_go(std::make_shared<document::Measured>(std::move(open.document))));
    open.document = *std::move(change.document);
  }
  open.changes = whole ? 0 : open.changes + 1;
  if (open.changes >= context_.limits.changes && !place->folding) {
    place->folding = true;
    lane_of(row.id).group->spawn(fold(row.id));
  }
  co_return row;
}

// Thousands of small pieces: nobody waits for their end.
awaitable<void> Sessions::let_go(std::shared_ptr<document::Measured> old) {
  if (old->bytes > small_whole) (void)co_await context_.pool->run([last = std::move(old)]() mutable -> Result<> { return last.reset(), Result<>(); });
}

awaitable<Result<SessionRow>> Sessions::replace(Who who, SessionId id, From from, document::Value value) {
  CO_TRY(usable());
  CO_TRY(check_client(who.client));
  using Ready = std::shared_ptr<Whole>;
  auto made = co_await context_.pool->run([vault = vault_, value = std::move(value), limits = context_.limits]() mutable -> Result<Ready> {
    TRY(document::check_depth(value, document::Limits{}));
    TRY_ASSIGN(value, document::accept(std::move(value)));
    WholeContent content(*vault, value, limits.document_bytes);
    const auto bytes = content.bytes().size();
    TRY(check_size(bytes, limits));
    auto hash = crypto::sha256_hex(content.bytes());
    return std::make_shared<Whole>(document::Measured{std::move(value), bytes, true}, std::move(content), std::move(hash));
  });
  CO_TRY_ASSIGN(const auto ready, std::move(made));
  co_return co_await change_once(
      id, who, from, [this, who, id, from, ready](Place* place) { return replace_now(place, who, id, from, ready, "replaced"); });
}

Sessions::Answer<SessionRow> Sessions::replace_now(Place* place, Who who, SessionId id, From from, std::shared_ptr<Whole> whole,
                                                   std::string what) {
  CO_TRY_ASSIGN(Open* const open, co_await for_change(place, who.owner, id, from));
  Change change{.kind = RevisionKind::Whole, .what = what, .link = {}, .row = open->row, .document = std::move(whole->document), .also = {}};
  change.row.document_bytes = change.document->bytes;
  change.row.hash_version = open->row.version + 1;
  change.row.hash = whole->hash;
  auto seal = [whole, row = next_link(open->row, who, RevisionKind::Whole, std::move(what), context_.clock->now())]() mutable
      -> Result<std::shared_ptr<Link>> { return std::make_shared<Link>(std::move(whole->content).link(std::move(row))); };
  Result<std::shared_ptr<Link>> sealed;
  if (change.document->bytes <= small_whole) sealed = seal();
  else sealed = co_await context_.pool->run(std::move(seal));
  CO_TRY_ASSIGN(const auto ready, std::move(sealed));
  change.link = std::move(*ready);
  co_return co_await commit(place, std::move(who), std::move(change));
}

awaitable<Result<SessionRow>> Sessions::patch(Who who, SessionId id, From from, PatchForm form, document::Value patch) {
  CO_TRY(check_client(who.client));
  co_return co_await change_once(id, who, from, [this, who, id, from, form, patch = std::move(patch)](Place* place) mutable {
    return patch_now(place, who, id, from, form, std::move(patch));
  });
}

Sessions::Answer<SessionRow> Sessions::patch_now(Place* place, Who who, SessionId id, From from, PatchForm form,
                                                 document::Value patch) {
  CO_TRY_ASSIGN(Open* const open, co_await for_change(place, who.owner, id, from));
  const bool small = is_small(patch, open->document.bytes);
  // The document itself is changed, not a copy of it: a change that fails half way takes it out of the cache.
  PatchWork work{.vault = vault_, .document = std::move(open->document), .patch = std::move(patch), .form = form,
                 .row = next_link(open->row, who, RevisionKind::Change, "patched", context_.clock->now()), .limits = context_.limits};
  Result<std::shared_ptr<Patched>> patched;
  if (small) patched = work();
  else patched = co_await context_.pool->run(std::move(work));
  if (!patched) {
    place->open.reset();
    co_return std::unexpected(std::move(patched).error());
  }
  Change change{.kind = RevisionKind::Change, .what = "patched", .link = std::move((*patched)->link), .row = open->row,
                .document = std::move((*patched)->document), .also = {}};
  change.row.document_bytes = change.document->bytes;
  co_return co_await commit(place, std::move(who), std::move(change));
}

awaitable<Result<SessionRow>> Sessions::rename(Who who, SessionId id, From from, Details details) {
  if (details.title) CO_TRY(check_title(*details.title));
  if (details.description) CO_TRY(check_description(*details.description));
  if (details.tags) CO_TRY(check_tags(*details.tags));
  CO_TRY(check_client(who.client));
  co_return co_await change_once(
      id, who, from, [this, who, id, from, details](Place* place) { return rename_now(place, who, id, from, details); });
}

Sessions::Answer<SessionRow> Sessions::rename_now(Place* place, Who who, SessionId id, From from, Details details) {
  CO_TRY_ASSIGN(Open* const open, co_await for_change(place, who.owner, id, from));
  SessionRow row = open->row;
  if (details.title) row.title = *details.title, row.title_key = title_key(*details.title);
  if (details.description) row.description = *details.description;
  if (details.tags) row.tags = *details.tags;
  co_return co_await set_state(place, std::move(who), std::move(row), "described");
}

awaitable<Result<SessionRow>> Sessions::restore(Who who, SessionId id, From from, std::uint64_t version) {
  CO_TRY(check_client(who.client));
  CO_TRY_ASSIGN(auto old, co_await get(who.owner, id, version));
  using Ready = std::shared_ptr<Whole>;
  auto made = co_await context_.pool->run([vault = vault_, bytes = std::move(old.bytes)]() -> Result<Ready> {
    TRY_ASSIGN(auto value, document::parse(bytes, {.bytes = bytes.size()}));
    return std::make_shared<Whole>(document::measure_stored(std::move(value), {.bytes = bytes.size()}), WholeContent(*vault, bytes),
                                   crypto::sha256_hex(bytes));
  });
  CO_TRY_ASSIGN(const auto ready, std::move(made));
  co_return co_await change_once(id, who, from, [this, who, id, from, version, ready](Place* place) {
    return replace_now(place, who, id, from, ready, fmt::format("restored {}", version));
  });
}

// ---- closed and active ----

Sessions::Answer<SessionRow> Sessions::set_state(Place* place, Who who, SessionRow row, const char* what) {
  const bool resumes = row.state == SessionState::Active && place->open->row.state == SessionState::Closed;
  Change change{.kind = RevisionKind::Change, .what = what,
                .link = empty_link(*vault_, place->open->row, who, what, context_.clock->now()), .row = std::move(row),
                .document = {}, .also = {}, .described = true};
  if (resumes)
    change.also = [owner = who.owner, limit = context_.limits.active](store::Unit& unit) -> Result<> {
      TRY_ASSIGN(const auto counts, unit.session_counts(owner));
      if (counts.active < limit) return {};
      return fail(Code::ResourceExhausted, fmt::format("You have {} active sessions; the limit is {}.", counts.active, limit),
                  "Close one first.");
    };
  co_return co_await commit(place, std::move(who), std::move(change));
}

Sessions::Answer<store::WorkspaceMark> Sessions::workspace_now(std::string sandbox) {
  co_return co_await context_.pool->run([look = context_.workspace, sandbox] { return look(sandbox); });
}

awaitable<Result<SessionRow>> Sessions::close(Who who, SessionId id) {
  CO_TRY(check_client(who.client));
  who.once.clear();  // a second one is refused by the state
  co_return co_await in_line<SessionRow>(id, [this, who, id](Place* place) { return close_now(place, who, id); });
}

Sessions::Answer<SessionRow> Sessions::close_now(Place* place, Who who, SessionId id) {
  CO_TRY_ASSIGN(Open* const open, co_await opened(place, who.owner, id));
  if (open->row.state == SessionState::Closed) co_return fail(Code::FailedPrecondition, "The session is closed already.");
  SessionRow row = open->row;
  row.state = SessionState::Closed;
  row.workspace.reset();
  if (!row.sandbox.empty()) {
    auto mark = co_await workspace_now(row.sandbox);
    if (mark) row.workspace = *mark;
    else if (mark.error().code != Code::NotFound) co_return std::unexpected(std::move(mark).error());
  }
  co_return co_await set_state(place, std::move(who), std::move(row), "closed");
}

awaitable<Result<SessionRow>> Sessions::resume(Who who, SessionId id) {
  CO_TRY(check_client(who.client));
  who.once.clear();  // a second one is refused by the state
  co_return co_await in_line<SessionRow>(id, [this, who, id](Place* place) { return resume_now(place, who, id); });
}

// The workspace must be the directory that it was, before and after: it may be changed while this goes on.
Sessions::Answer<SessionRow> Sessions::resume_now(Place* place, Who who, SessionId id) {
  CO_TRY_ASSIGN(Open* const open, co_await opened(place, who.owner, id));
  if (open->row.state == SessionState::Active)
    co_return fail(Code::FailedPrecondition, "The session is active already.", "Somebody resumed it before you, or nobody closed it.");
  const auto another = [] {
    return fail(Code::FailedPrecondition, "The workspace of this session is not the directory that it was; nothing was changed.",
                "Look at the sandbox; \"save as\" makes a session without it.");
  };
  const auto mark = open->row.workspace;
  if (mark) {
    const auto now = co_await workspace_now(open->row.sandbox);
    if (!now || *now != *mark) co_return another();
  }
  SessionRow row = open->row;
  row.state = SessionState::Active;
  CO_TRY_ASSIGN(auto resumed, co_await set_state(place, who, row, "resumed"));
  if (!mark) co_return resumed;
  const auto after = co_await workspace_now(resumed.sandbox);
  if (after && *after == *mark) co_return resumed;
  row = resumed;
  row.state = SessionState::Closed;
  CO_TRY(co_await set_state(place, std::move(who), std::move(row), "closed"));
  co_return another();
}

awaitable<Result<>> Sessions::remove(Who who, SessionId id) {
  CO_TRY(co_await in_line<Done>(id, [this, who, id](Place* place) { return remove_now(place, who, id); }));
  co_return Result<>{};
}

// Also of a session whose records are damaged: the row says whose it is.
Sessions::Answer<Sessions::Done> Sessions::remove_now(Place* place, Who who, SessionId id) {
  CO_TRY_ASSIGN(const auto row, co_await describe(who.owner, id));
  CO_TRY(co_await context_.store->write([this, row, who](store::Unit& unit) -> Result<> {
    TRY(unit.remove_session(row.id));
    return record(unit, row, "removed", who);
  }));
  place->open.reset();
  co_return Done{};
}

// ---- folding changes into a whole document, behind the back of who writes ----

awaitable<void> Sessions::fold(SessionId id) {
  auto folded = co_await in_line<Done>(id, [this, id](Place* place) { return fold_now(place, id); });
  if (!folded && folded.error().code != Code::NotFound)
    context_.log.warning("a session's changes are not folded", {{"session", id}, {"error", folded.error()}});
}

Sessions::Answer<Sessions::Done> Sessions::fold_now(Place* place, SessionId id) {
  place->folding = false;
  if (!place->open || place->open->changes == 0) co_return Done{};
  const SessionRow& row = place->open->row;
  store::RevisionRow checkpoint{.session = id, .version = row.version, .kind = RevisionKind::Checkpoint, .previous = row.head,
                                .sealed = {}, .what = "folded", .changed_by = row.changed_by, .client = row.client,
                                .saved = context_.clock->now()};
  SessionRow next = row;
  next.hash_version = row.version;
  const std::uint64_t oldest = row.version > context_.limits.versions ? row.version - context_.limits.versions + 1 : 0;
  using Sealed = std::shared_ptr<std::pair<Link, std::string>>;
  auto sealed = co_await context_.pool->run(
      [vault = vault_, document = &place->open->document, checkpoint = std::move(checkpoint)]() mutable -> Result<Sealed> {
        WholeContent content(*vault, document->value, document->bytes);
        auto hash = crypto::sha256_hex(content.bytes());
        return std::make_shared<std::pair<Link, std::string>>(std::move(content).link(std::move(checkpoint)), std::move(hash));
      });
  CO_TRY_ASSIGN(const auto ready, std::move(sealed));
  next.hash = ready->second;
  CO_TRY(co_await context_.store->write([next, link = ready->first.row, oldest](store::Unit& unit) -> Result<> {
    TRY(unit.advance_session(next, next.version, next.state));
    TRY(unit.insert_revision(link));
    return oldest > 0 ? unit.prune_revisions(next.id, oldest) : Result<>();
  }));
  place->open->row = next;
  place->open->changes = 0;
  co_return Done{};
}

}  // namespace berth::sessions
