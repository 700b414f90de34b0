#include "snapshots/capture.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "os/file.hpp"

namespace berth::snapshots {
namespace {

constexpr std::string_view making = ".making-", key_name = "key", manifest_name = "manifest";
constexpr std::size_t most_wrapped = 4096, most_manifest = 4 << 20;
// The list of parts has no signer; the form has a place for one.
const std::string no_signer(64, '0');

std::string file_name(const crypto::Secret& key, std::string_view sha256) {
  return crypto::hex(crypto::hmac_sha256(key.reveal(), "berth: name of a part, version 1" + std::string(sha256)));
}

std::unexpected<Error> damaged(std::string what) {
  Error error{.code = Code::RecordDamaged, .message = "This snapshot fails its check; it is kept as it is.",
              .hint = "Restore a backup, or go on from the session itself.", .operation = "open snapshot", .subject = std::move(what)};
  return std::unexpected(std::move(error));
}

}  // namespace

// ---- making ----

Capture::Capture(std::filesystem::path dir, SnapshotId id, CaptureOptions options)
    : dir_(std::move(dir)), making_(dir_ / (std::string(making) + id.str())), id_(std::move(id)), options_(std::move(options)),
      key_(crypto::Secret::random(32)) {}

Capture::Capture(Capture&& other) noexcept
    : dir_(std::move(other.dir_)), making_(std::move(other.making_)), id_(std::move(other.id_)), options_(std::move(other.options_)),
      key_(std::move(other.key_)), manifest_(std::move(other.manifest_)), names_(std::move(other.names_)), part_(std::move(other.part_)),
      hash_(std::move(other.hash_)), bytes_(other.bytes_), owns_(std::exchange(other.owns_, false)) {}

Capture::~Capture() {
  if (owns_) (void)os::remove_tree(making_);  // what stays is swept at the next start
}

void Capture::step(std::string_view name) const {
  if (options_.before) options_.before(name);
}

Result<Capture> Capture::begin(const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                               CaptureOptions options) {
  Capture capture(dir, id, std::move(options));
  TRY(capture.make(keys));
  return capture;
}

Result<> Capture::make(const crypto::MachineKeys& keys) {
  TRY(os::make_private_directory(dir_));
  if (os::stat_no_follow(making_) || os::stat_no_follow(dir_ / id_.str())) return fail(Code::AlreadyExists, "The snapshot exists already.");
  step("directory");
  TRY(os::make_private_directory(making_));
  owns_ = true;
  step("key");
  return os::durable_write(making_ / key_name, keys.wrap(key_, id_.str()), 0600);
}

Result<> Capture::begin_part(std::string name, std::string kind) {
  TRY(end_part());
  bundle::Manifest alone{.made = {}, .signer = {.key = no_signer, .name = {}}, .parts = {}, .about = {}};
  alone.parts.push_back({.name = name, .kind = kind, .bytes = 0, .sha256 = no_signer});
  TRY(bundle::check_manifest(alone, options_.limits));
  if (!names_.insert(name).second) return fail(Code::InvalidArgument, fmt::format("The snapshot has a part \"{}\" already.", name));
  if (manifest_.parts.size() >= options_.limits.parts)
    return fail(Code::TooLarge, fmt::format("The snapshot has more than {} parts.", options_.limits.parts));
  step("part");
  TRY_ASSIGN(auto part, PartWriter::create(making_ / ".part", key_.reveal()));
  part_.emplace(std::move(part));
  hash_ = crypto::Sha256();
  manifest_.parts.push_back({.name = std::move(name), .kind = std::move(kind), .bytes = 0, .sha256 = {}});
  return {};
}

Result<> Capture::write(std::string_view bytes) {
  BERTH_CHECK(part_.has_value());
  if (bytes.size() > options_.limits.bytes - bytes_)
    return fail(Code::TooLarge, fmt::format("The snapshot has more than {} bytes.", options_.limits.bytes));
  bytes_ += bytes.size();
  manifest_.parts.back().bytes += bytes.size();
  hash_.update(bytes);
  return part_->write(bytes);
}

Result<> Capture::end_part() {
  if (!part_) return {};
  step("end of part");
  TRY(part_->finish());
  part_.reset();
  auto& part = manifest_.parts.back();
  part.sha256 = crypto::hex(hash_.finish());
  step("name of part");
  return os::rename_path(making_ / ".part", making_ / file_name(key_, part.sha256));  // over an equal one
}

Result<Sum> Capture::finish(boost::json::object about, WallTime made) {
  TRY(end_part());
  manifest_.signer.key = no_signer;
  manifest_.made = made;
  manifest_.about = std::move(about);
  const std::string text = bundle::encode(manifest_);
  if (text.size() > most_manifest)
    return fail(Code::TooLarge, fmt::format("The list of the snapshot's parts has {} bytes; the limit is {}.", text.size(), most_manifest));
  step("manifest");
  TRY_ASSIGN(auto writer, PartWriter::create(making_ / manifest_name, key_.reveal()));
  TRY(writer.write(text));
  TRY(writer.finish());
  step("sync");
  TRY(os::sync_directory(making_));
  step("name");
  TRY(os::rename_path(making_, dir_ / id_.str()));
  owns_ = false;
  step("sync of name");
  TRY(os::sync_directory(dir_));
  step("done");
  return Sum{.manifest = crypto::sha256_hex(text), .bytes = bytes_, .parts = manifest_.parts.size()};
}

// ---- reading ----

Result<Content> Content::open(const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                              std::string_view manifest) {
  Content out;
  out.dir_ = dir / id.str();
  TRY(os::stat_no_follow(out.dir_));
  auto wrapped = os::read_file(out.dir_ / key_name, most_wrapped);
  if (!wrapped && (wrapped.error().code == Code::NotFound || wrapped.error().code == Code::TooLarge)) return damaged("key");
  TRY_ASSIGN(const auto box, std::move(wrapped));
  auto key = keys.unwrap(box, id.str());
  if (!key && key.error().code == Code::Damaged) return damaged("key");
  TRY_ASSIGN(out.key_, std::move(key));
  std::string text;
  TRY(read_part_file(out.dir_ / manifest_name, out.key_.reveal(), [&](std::string_view piece) -> Result<> {
    if (text.size() + piece.size() > most_manifest) return damaged("manifest");
    text += piece;
    return {};
  }));
  if (crypto::sha256_hex(text) != manifest) return damaged("manifest");
  TRY_ASSIGN(out.manifest_, bundle::parse_manifest(text, {.manifest_bytes = most_manifest, .bytes = ~0ull}));
  out.manifest_.signer = {};
  return out;
}

Result<PartStream> Content::open_part(std::string_view name) const {
  const auto part = std::ranges::find(manifest_.parts, name, &bundle::Part::name);
  if (part == manifest_.parts.end()) return fail(Code::NotFound, "The snapshot has no part of this name.");
  TRY_ASSIGN(auto reader, PartReader::open(dir_ / file_name(key_, part->sha256), key_.reveal()));
  return PartStream(std::move(reader), *part);
}

Result<std::optional<std::string>> PartStream::next() {
  TRY_ASSIGN(const bool more, reader_.next());
  if (!more) {
    if (bytes_ != part_.bytes || crypto::hex(hash_.finish()) != part_.sha256) return damaged(part_.name);
    return std::nullopt;
  }
  hash_.update(reader_.piece());
  bytes_ += reader_.piece().size();
  return reader_.piece();
}

Result<> Content::read(std::string_view name, const std::function<Result<>(std::string_view)>& take) const {
  TRY_ASSIGN(auto stream, open_part(name));
  for (;;) {
    TRY_ASSIGN(const auto piece, stream.next());
    if (!piece) return {};
    TRY(take(*piece));
  }
}

// ---- removing ----

// The name goes first: what is removed half way is no snapshot any more, and is swept.
Result<> remove_content(const std::filesystem::path& dir, const SnapshotId& id) {
  const auto going = dir / (std::string(making) + id.str());
  auto renamed = os::rename_path(dir / id.str(), going);
  if (!renamed && renamed.error().code != Code::NotFound) return renamed;
  if (renamed) TRY(os::sync_directory(dir));
  return os::remove_tree(going);
}

Result<std::vector<std::string>> sweep(const std::filesystem::path& dir, const std::set<std::string>& unfinished) {
  TRY(os::make_private_directory(dir));
  std::vector<std::string> removed;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool half = name.starts_with(making) && SnapshotId::looks_like(std::string_view(name).substr(making.size()));
    if (half || unfinished.contains(name)) removed.push_back(name);
  }
  if (error) return fail_errno(error.value(), "list", dir);
  for (const auto& name : removed) TRY(os::remove_tree(dir / name));
  if (!removed.empty()) TRY(os::sync_directory(dir));
  return removed;
}

}  // namespace berth::snapshots
