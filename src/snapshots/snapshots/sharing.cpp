// What others get to see: looked through before, shown by link or token, and taken away again; what they read, and take with them.

#include <fmt/format.h>

#include <algorithm>

#include "crypto/crypto.hpp"
#include "document/json.hpp"
#include "sessions/details.hpp"
#include "snapshots/exchange.hpp"
#include "snapshots/keys.hpp"

namespace berth::snapshots {

using boost::asio::awaitable;
using store::SnapshotRow;

namespace {

constexpr std::string_view token_prefix = "berth_see_";  // lets scanners find one that leaked
constexpr std::size_t token_bytes = 32, most_label = 100;
constexpr std::chrono::hours longest_token{24 * 3650};

Result<> check_sharing(const Sharing& wanted) {
  if (wanted.visibility == store::Visibility::Owner) return fail(Code::InvalidArgument, "A snapshot is shared by link or by token.");
  const bool of_token = !wanted.label.empty() || wanted.expires || wanted.uses > 0;
  if (wanted.visibility == store::Visibility::Link && of_token)
    return fail(Code::InvalidArgument, "Only a token has a label, an end and a number of uses.", "Share it by token.");
  if (wanted.expires && (wanted.expires->count() <= 0 || *wanted.expires > longest_token))
    return fail(Code::InvalidArgument, "A token expires between now and in ten years.");
  if (wanted.uses > 1'000'000'000) return fail(Code::InvalidArgument, "A token has at most 1000000000 uses.");
  if (wanted.label.size() > most_label || std::ranges::any_of(wanted.label, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return fail(Code::InvalidArgument, "A label has at most 100 characters, and no control characters.");
  return {};
}

Result<Scanned> scan_part(const Content& content, const SecretRules& rules, const std::string& name) {
  SecretScan scan(rules, name);
  TRY(content.read(name, [&scan](std::string_view piece) -> Result<> {
    scan.add(piece);
    return {};
  }));
  auto findings = scan.finish();
  return Scanned{std::move(findings), scan.more()};
}

}  // namespace

// ---- secrets ----

Snapshots::Answer<Scanned> Snapshots::scan_content(SnapshotRow row, Held content) {
  Scanned out;
  for (const auto& part : content->manifest().parts) {
    CO_TRY(usable());
    auto found = co_await context_.pool->run([content, rules = rules_, name = part.name] { return scan_part(*content, rules, name); });
    if (!found) co_return pass(co_await damaged(row, std::move(found).error()));
    out.more = out.more || found->more;
    for (auto& finding : found->findings) {
      if (out.findings.size() < SecretScan::most_findings) out.findings.push_back(std::move(finding));
      else out.more = true;
    }
  }
  co_return out;
}

awaitable<Result<Scanned>> Snapshots::scan(Who who, SnapshotId id) {
  CO_TRY_ASSIGN(const auto row, co_await own(who, id));
  CO_TRY_ASSIGN(auto held, co_await content(row));
  co_return co_await scan_content(row, std::move(held));
}

// ---- sharing ----

awaitable<Result<Shared>> Snapshots::share(Who who, SnapshotId id, Sharing wanted) {
  CO_TRY(check_sharing(wanted));
  CO_TRY_ASSIGN(const auto scanned, co_await scan(who, id));
  const bool found = !scanned.findings.empty();
  if (found && !wanted.accept_findings)
    co_return pass({.code = Code::FailedPrecondition,
                    .message = fmt::format("The snapshot has {}{} that may be {}.", scanned.findings.size(), scanned.more ? " or more places" :
                                           scanned.findings.size() == 1 ? " place" : " places", scanned.findings.size() == 1 ? "a secret" : "secrets"),
                    .hint = "Look at them, make one without them, or say that they may be seen.",
                    .facts = {{"findings", std::to_string(scanned.findings.size())}}});
  const WallTime now = context_.clock->now();
  Shared out;
  if (wanted.visibility == store::Visibility::Token) {
    out.token = std::string(token_prefix) + crypto::random_hex(token_bytes);
    out.access = store::AccessRow{.id = crypto::new_id<AccessId>(), .snapshot = id, .label = wanted.label,
                                  .hash = crypto::sha256_hex(out.token), .most_uses = wanted.uses, .uses = 0, .created = now,
                                  .expires = {}, .revoked = {}, .used = {}};
    if (wanted.expires) out.access->expires = now + *wanted.expires;
  }
  CO_TRY_ASSIGN(out.row, co_await changed(
      who, id, found ? "shared with findings" : "shared",
      [access = out.access, visibility = wanted.visibility, most = context_.limits.tokens](store::Unit& unit, SnapshotRow& row) -> Result<> {
        row.visibility = visibility;
        if (!access) return {};
        TRY_ASSIGN(const auto there, unit.accesses(row.id));
        const auto open = std::ranges::count_if(there, [](const auto& each) { return !each.revoked; });
        if (static_cast<std::uint32_t>(open) >= most)
          return fail(Code::ResourceExhausted, fmt::format("The snapshot has {} tokens; the limit is {}.", open, most), "Revoke one first.");
        return unit.insert_access(*access);
      }));
  if (out.access) out.access->hash.clear();
  co_return out;
}

awaitable<Result<SnapshotRow>> Snapshots::unshare(Who who, SnapshotId id, std::optional<AccessId> access) {
  const auto change = [access, now = context_.clock->now()](store::Unit& unit, SnapshotRow& row) -> Result<> {
    if (access) return unit.revoke_access(row.id, *access, now);
    row.visibility = store::Visibility::Owner;
    TRY_ASSIGN(const auto there, unit.accesses(row.id));
    for (const auto& each : there) TRY(unit.revoke_access(row.id, each.id, now));
    return {};
  };
  co_return co_await changed(std::move(who), std::move(id), access ? "revoked" : "unshared", change);
}

// ---- what is read ----

awaitable<Result<Outgoing>> Snapshots::part(Look look, std::string name) {
  CO_TRY_ASSIGN(const auto row, co_await seen(std::move(look)));
  CO_TRY_ASSIGN(const auto held, co_await content(row));
  auto opened = co_await context_.pool->run([held, name]() -> Result<std::shared_ptr<PartStream>> {
    TRY_ASSIGN(auto stream, held->open_part(name));
    return std::make_shared<PartStream>(std::move(stream));
  });
  if (!opened) co_return pass(co_await damaged(row, std::move(opened).error()));
  const auto bytes = (*opened)->part().bytes;
  co_return Outgoing{.name = std::move(name), .bytes = bytes, .next = [stream = *std::move(opened)] { return stream->next(); }};
}

awaitable<Result<Outgoing>> Snapshots::bundle(Look look) {
  CO_TRY_ASSIGN(const auto row, co_await seen(std::move(look)));
  CO_TRY(co_await content(row));  // marks it when it is damaged
  CO_TRY_ASSIGN(auto stream, co_await context_.pool->run([this, row]() -> Result<std::shared_ptr<BundleStream>> {
    TRY_ASSIGN(auto held, Content::open(context_.dir, row.id, opened_->machine, row.manifest));
    TRY_ASSIGN(auto opened, BundleStream::open(std::move(held), opened_->signing, context_.signer,
                                               {.parts = context_.limits.parts, .bytes = context_.limits.one_bytes}));
    return std::shared_ptr<BundleStream>(std::move(opened));
  }));
  co_return Outgoing{.name = row.title, .bytes = {}, .next = [stream = std::move(stream)] { return stream->next(); }};
}

awaitable<Result<sessions::Made>> Snapshots::copy(Look look, std::string title) {
  const Who who = look.who;
  if (!title.empty()) CO_TRY(sessions::check_title(title));
  CO_TRY_ASSIGN(const auto row, co_await seen(std::move(look)));
  CO_TRY_ASSIGN(const auto held, co_await content(row));
  const std::uint64_t most = context_.sessions->limits().document_bytes;
  auto read = co_await context_.pool->run([held, most]() -> Result<document::Value> {
    std::string bytes;
    TRY(held->read("document.json", [&](std::string_view piece) -> Result<> {
      if (bytes.size() + piece.size() > most) return fail(Code::TooLarge, fmt::format("The snapshot's document has more than {} bytes.", most));
      bytes += piece;
      return {};
    }));
    return document::parse(bytes, {.bytes = bytes.size()});
  });
  if (!read && read.error().code == Code::NotFound && read.error().sys_errno == 0)
    co_return fail(Code::FailedPrecondition, "This snapshot has no document.", "It was left out when it was made.");
  if (!read) co_return pass(co_await damaged(row, std::move(read).error()));
  co_return co_await context_.sessions->create(who, {.title = title.empty() ? row.title : std::move(title), .description = row.description,
                                                     .tags = row.tags, .document = *std::move(read), .sandbox = {}});
}

}  // namespace berth::snapshots
