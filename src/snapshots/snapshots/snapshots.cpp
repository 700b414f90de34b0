#include "snapshots/snapshots.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "crypto/crypto.hpp"
#include "jobs/jobs.hpp"
#include "sessions/details.hpp"
#include "snapshots/keys.hpp"

namespace berth::snapshots {

using boost::asio::awaitable;
using store::SnapshotRow;
using store::SnapshotState;

namespace {

constexpr std::uint32_t at_once = 1000;    // rows of one look
constexpr std::uint32_t marked_at_once = 1000;

std::unexpected<Error> no_snapshot() {
  return fail(Code::NotFound, "There is no such snapshot, or this does not open it.", "Ask its owner for a link or a token that does.");
}

bool is_there(SnapshotState state) { return state == SnapshotState::Ready || state == SnapshotState::Damaged; }

Result<std::optional<SnapshotRow>> row_if_any(store::Reader& reader, const SnapshotId& id) {
  auto row = reader.snapshot(id);
  if (row) return std::optional(*std::move(row));
  if (row.error().code == Code::NotFound) return std::nullopt;
  return pass(std::move(row).error());
}

std::string text_of(const std::optional<WallTime>& time) { return time ? std::to_string(time->time_since_epoch().count()) : "-"; }
template <class T>
std::string number_of(const std::optional<T>& value) {
  return value ? std::to_string(static_cast<int>(*value)) : "-";
}

std::string list_of(const store::SnapshotFilter& f) {
  return list_name({"snapshots", f.owner, f.title, f.tag, number_of(f.state), number_of(f.visibility), text_of(f.from), text_of(f.until),
                    std::to_string(static_cast<int>(f.order)), std::to_string(static_cast<int>(f.direction))});
}
std::string list_of(const store::VisitFilter& f) {
  return list_name({"visits", f.visitor, f.title, number_of(f.gone), text_of(f.from), text_of(f.until),
                    std::to_string(static_cast<int>(f.order)), std::to_string(static_cast<int>(f.direction))});
}

store::AccessRow without_hash(store::AccessRow row) {
  row.hash.clear();
  return row;
}

}  // namespace

Snapshots::Snapshots(Context context) : context_(std::move(context)) {
  BERTH_CHECK(context_.store && context_.clock && context_.pool && context_.transfers && context_.sessions);
}

Snapshots::~Snapshots() = default;

awaitable<Result<>> Snapshots::open() {
  auto keys = co_await context_.store->write([dir = context_.keys](store::Unit& unit) -> Result<std::shared_ptr<std::unique_ptr<const Keys>>> {
    TRY_ASSIGN(auto made, Keys::open(unit, dir));
    return std::make_shared<std::unique_ptr<const Keys>>(std::move(made));
  });
  Result<> done = keys ? Result<>() : Result<>(pass(keys.error()));
  if (done) {
    opened_ = std::move(**keys);
    auto rules = SecretRules::parse(built_in_rules());
    if (rules) rules_ = *std::move(rules);
    else done = pass(std::move(rules).error());
  }
  if (done)
    if (auto dropped = co_await drop_unfinished(); !dropped) done = pass(std::move(dropped).error());
  if (done)
    if (auto queued = co_await queue_removals(); !queued) done = pass(std::move(queued).error());
  if (!done) closed_ = done.error();
  open_ = done.has_value();
  co_return done;
}

void Snapshots::close() { closing_ = true; }

Result<> Snapshots::usable() const {
  if (!open_) return pass(closed_);
  if (closing_) return fail(Code::Unavailable, "The server is stopping.", "Try again in a moment.");
  return {};
}

Result<> Snapshots::record(store::Unit& unit, const SnapshotRow& row, const std::string& what, const Who& who) const {
  return context_.record ? context_.record(unit, row, what, who) : Result<>();
}

Result<> Snapshots::refused(store::Unit& unit, const SnapshotId& id, const Who& who) const {
  return context_.refused ? context_.refused(unit, id, who) : Result<>();
}

// The content first: a row that is there until then is found again by the next start.
Snapshots::Answer<Snapshots::Done> Snapshots::drop_unfinished() {
  for (;;) {
    CO_TRY_ASSIGN(const auto rows, co_await context_.store->read(
                                       [](store::Reader& reader) { return reader.snapshots_in(SnapshotState::Creating, at_once); }));
    std::set<std::string> unfinished;
    for (const auto& row : rows) unfinished.insert(row.id.str());
    CO_TRY_ASSIGN(const auto removed, co_await context_.pool->run([dir = context_.dir, unfinished] { return sweep(dir, unfinished); }));
    if (!removed.empty()) context_.log.info("unfinished snapshots removed", {{"snapshots", removed.size()}});
    if (rows.empty()) co_return Done{};
    CO_TRY(co_await context_.store->write([this, rows](store::Unit& unit) -> Result<> {
      for (const auto& row : rows) {
        TRY(unit.remove_snapshot(row.id));
        TRY(record(unit, row, "failed", {.owner = row.owner, .key = "server", .client = {}}));
      }
      return {};
    }));
  }
}

Snapshots::Answer<Snapshots::Done> Snapshots::queue_removals() {
  CO_TRY(co_await context_.store->write([now = context_.clock->now()](store::Unit& unit) -> Result<> {
    TRY_ASSIGN(const auto rows, unit.snapshots_in(SnapshotState::Deleting, at_once));
    for (const auto& row : rows) TRY(jobs::add(unit, {.kind = remove_kind, .subject = row.id.str(), .owner = row.owner}, now));
    return {};
  }));
  co_return Done{};
}

// ---- who may see it ----

// The same reads and writes for an id that is unknown, somebody else's, and one that does not open: a row that is there or not, a
// use that is counted or not, a record.
Snapshots::Answer<SnapshotRow> Snapshots::seen(Look look) {
  CO_TRY(usable());
  CO_TRY_ASSIGN(auto row, co_await context_.store->read([id = look.id](store::Reader& reader) { return row_if_any(reader, id); }));
  if (row && row->owner == look.who.owner && row->state != SnapshotState::Deleting) co_return *std::move(row);
  const std::string hash = crypto::sha256_hex(look.token);
  CO_TRY_ASSIGN(auto shown, co_await context_.store->write(
      [this, look, hash, now = context_.clock->now()](store::Unit& unit) -> Result<std::optional<SnapshotRow>> {
        TRY_ASSIGN(const bool used, unit.use_access(look.id, hash, now));
        TRY_ASSIGN(auto found, row_if_any(unit, look.id));
        const bool opens = found && is_there(found->state) &&
                           (found->visibility == store::Visibility::Link || (found->visibility == store::Visibility::Token && used));
        if (!opens) {
          TRY(refused(unit, look.id, look.who));
          return std::nullopt;
        }
        TRY(record(unit, *found, "opened", look.who));
        return found;
      }));
  if (!shown) co_return no_snapshot();
  co_return *std::move(shown);
}

Snapshots::Answer<SnapshotRow> Snapshots::own(Who who, SnapshotId id) {
  CO_TRY(usable());
  CO_TRY_ASSIGN(auto row, co_await context_.store->read([id](store::Reader& reader) { return row_if_any(reader, id); }));
  if (row && row->owner == who.owner && row->state != SnapshotState::Deleting) co_return *std::move(row);
  CO_TRY(co_await context_.store->write([this, id, who](store::Unit& unit) { return refused(unit, id, who); }));
  co_return no_snapshot();
}

// A change of one that is whole, with its record. `change` may change the row, which is stored then.
Snapshots::Answer<SnapshotRow> Snapshots::changed(Who who, SnapshotId id, std::string what,
                                                  std::function<Result<>(store::Unit&, SnapshotRow&)> change) {
  CO_TRY(co_await own(who, id));
  co_return co_await context_.store->write([this, who, id, what, change](store::Unit& unit) -> Result<SnapshotRow> {
    TRY_ASSIGN(auto row, unit.snapshot(id));
    if (row.state == SnapshotState::Creating) return fail(Code::FailedPrecondition, "The snapshot is still being made.", "Try again when it is there.");
    if (row.state == SnapshotState::Deleting) return no_snapshot();
    const auto before = row.state;
    TRY(change(unit, row));
    TRY(unit.update_snapshot(row, before));
    TRY(record(unit, row, what, who));
    return row;
  });
}

awaitable<Error> Snapshots::damaged(SnapshotRow row, Error error) {
  if (error.code == Code::NotFound && error.sys_errno != 0)
    error = {.code = Code::RecordDamaged, .message = "The content of this snapshot is missing.", .hint = "Restore a backup.",
             .operation = error.operation, .subject = error.subject, .sys_errno = 0};
  if (error.code != Code::RecordDamaged || row.state == SnapshotState::Damaged) co_return error;
  context_.log.error("a snapshot is damaged", {{"snapshot", row.id}, {"error", error}});
  row.state = SnapshotState::Damaged;
  auto marked = co_await context_.store->write([row](store::Unit& unit) { return unit.update_snapshot(row, SnapshotState::Ready); });
  if (!marked && marked.error().code != Code::FailedPrecondition && marked.error().code != Code::NotFound)
    context_.log.error("a damaged snapshot is not marked", {{"snapshot", row.id}, {"error", marked.error()}});
  co_return error;
}

Snapshots::Answer<Snapshots::Held> Snapshots::content(SnapshotRow row) {
  if (!is_there(row.state)) co_return fail(Code::FailedPrecondition, "The snapshot is still being made.", "Try again when it is there.");
  auto opened = co_await context_.pool->run([this, row]() -> Result<Held> {
    TRY_ASSIGN(auto found, Content::open(context_.dir, row.id, opened_->machine, row.manifest));
    return std::make_shared<const Content>(std::move(found));
  });
  if (!opened) co_return pass(co_await damaged(row, std::move(opened).error()));
  co_return *std::move(opened);
}

// ---- lists, and one ----

awaitable<Result<Listed>> Snapshots::list(store::SnapshotFilter filter, std::string after, std::uint32_t limit) {
  CO_TRY(usable());
  filter.title = sessions::title_key(filter.title);
  CO_TRY_ASSIGN(const auto position, opened_->decode_cursor(list_of(filter), after));
  CO_TRY_ASSIGN(auto page, co_await context_.store->read([=](store::Reader& reader) { return reader.snapshots(filter, position, limit); }));
  std::erase_if(page.rows, [](const auto& row) { return row.state == SnapshotState::Deleting; });
  co_return Listed{std::move(page.rows), page.next ? opened_->encode_cursor(list_of(filter), *page.next) : ""};
}

awaitable<Result<View>> Snapshots::get(Look look) {
  CO_TRY_ASSIGN(auto row, co_await seen(look));
  co_return co_await view_of(std::move(row), look.who.owner);
}

Snapshots::Answer<View> Snapshots::view_of(SnapshotRow row, std::string reader) {
  View out{.row = row, .own = row.owner == reader, .parts = {}, .accesses = {}, .visits = {}};
  if (out.own) {
    using Both = std::pair<std::vector<store::AccessRow>, store::VisitTotals>;
    CO_TRY_ASSIGN(auto more, co_await context_.store->read([id = row.id](store::Reader& rows) -> Result<Both> {
      TRY_ASSIGN(auto accesses, rows.accesses(id));
      TRY_ASSIGN(auto totals, rows.visit_totals(id));
      for (auto& access : accesses) access = without_hash(std::move(access));
      return Both{std::move(accesses), totals};
    }));
    out.accesses = std::move(more.first);
    out.visits = more.second;
    if (row.state == SnapshotState::Creating) co_return out;
  }
  CO_TRY_ASSIGN(const auto held, co_await content(std::move(row)));
  out.parts = held->manifest().parts;
  co_return out;
}

awaitable<Result<SnapshotRow>> Snapshots::verify(Who who, SnapshotId id) {
  CO_TRY_ASSIGN(auto row, co_await own(who, id));
  CO_TRY_ASSIGN(const auto held, co_await content(row));
  for (const auto& part : held->manifest().parts) {
    CO_TRY(usable());
    auto read = co_await context_.pool->run([held, name = part.name] { return held->read(name, [](std::string_view) -> Result<> { return {}; }); });
    if (!read) co_return pass(co_await damaged(row, std::move(read).error()));
  }
  if (row.state == SnapshotState::Ready) co_return row;
  co_return co_await changed(who, id, "repaired", [](store::Unit&, SnapshotRow& now) -> Result<> {
    now.state = SnapshotState::Ready;
    return {};
  });
}

// ---- removing ----

awaitable<Result<>> Snapshots::remove(Who who, SnapshotId id) {
  CO_TRY_ASSIGN(const auto found, co_await context_.store->read([id](store::Reader& reader) { return row_if_any(reader, id); }));
  if (found && found->owner == who.owner && found->state == SnapshotState::Deleting) co_return Result<>{};  // it goes already
  CO_TRY(co_await changed(who, id, "removed", [now = context_.clock->now()](store::Unit& unit, SnapshotRow& row) -> Result<> {
    row.state = SnapshotState::Deleting;
    row.visibility = store::Visibility::Owner;
    return jobs::add(unit, {.kind = remove_kind, .subject = row.id.str(), .owner = row.owner}, now);
  }));
  co_return Result<>{};
}

// Content, marks, row: the row is last, so that what is done again finds what is left.
awaitable<Result<>> Snapshots::remove_now(store::JobRow job) {
  CO_TRY_ASSIGN(const auto id, SnapshotId::parse(job.subject));
  CO_TRY_ASSIGN(const auto row, co_await context_.store->read([id](store::Reader& reader) { return row_if_any(reader, id); }));
  if (row && row->state != SnapshotState::Deleting) co_return fail(Code::FailedPrecondition, "This snapshot is not being removed.");
  CO_TRY(co_await context_.pool->run([dir = context_.dir, id] { return remove_content(dir, id); }));
  for (std::uint64_t marked = marked_at_once; marked == marked_at_once;) {
    CO_TRY_ASSIGN(marked, co_await context_.store->write([id](store::Unit& unit) { return unit.mark_visits_gone(id, marked_at_once); }));
  }
  co_return co_await context_.store->write([id](store::Unit& unit) { return unit.remove_snapshot(id); });
}

// ---- visits ----

awaitable<Result<Visit>> Snapshots::visit(Look look) {
  CO_TRY_ASSIGN(const auto row, co_await seen(look));
  CO_TRY_ASSIGN(auto view, co_await view_of(row, look.who.owner));
  const store::NewVisit visit{.snapshot = row.id, .visitor = look.who.owner, .title = row.title, .title_key = row.title_key,
                              .now = context_.clock->now(), .apart = context_.limits.visit_apart};
  store::Visited visited{.row = {.snapshot = row.id, .visitor = row.owner, .title = row.title, .title_key = row.title_key, .count = 0,
                                 .first = visit.now, .last = visit.now, .counted = {}, .gone = false},
                         .counted = false};
  if (!view.own) {
    CO_TRY_ASSIGN(visited, co_await context_.store->write([this, row, visit, who = look.who](store::Unit& unit) -> Result<store::Visited> {
      TRY_ASSIGN(auto counted, unit.count_visit(visit));
      if (counted.counted) TRY(record(unit, row, "visited", who));
      return counted;
    }));
  }
  co_return Visit{std::move(visited), std::move(view)};
}

awaitable<Result<Visits>> Snapshots::visits(store::VisitFilter filter, std::string after, std::uint32_t limit) {
  CO_TRY(usable());
  filter.title = sessions::title_key(filter.title);
  CO_TRY_ASSIGN(const auto position, opened_->decode_cursor(list_of(filter), after));
  CO_TRY_ASSIGN(auto page, co_await context_.store->read([=](store::Reader& reader) { return reader.visits(filter, position, limit); }));
  co_return Visits{std::move(page.rows), page.next ? opened_->encode_cursor(list_of(filter), *page.next) : ""};
}

awaitable<Result<>> Snapshots::hide_visit(Who who, SnapshotId id) {
  CO_TRY(usable());
  co_return co_await context_.store->write([who, id](store::Unit& unit) { return unit.hide_visit(who.owner, id); });
}

}  // namespace berth::snapshots
