#include "journal/checkpoints.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "journal/format.hpp"
#include "journal/seal.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

constexpr std::string_view magic = "BERTHSCR";
constexpr std::string_view suffix = ".screen";
constexpr std::string_view folder = "screens";
constexpr std::uint32_t version = 1;
constexpr std::size_t name_bytes = 32;
constexpr std::size_t head_bytes = 8 + 4 + 4 + name_bytes + 8 + 8 + 16 + 4 + 4;
constexpr int level = 3;

std::string file_name(ByteOffset offset) { return fmt::format("{:020}{}", offset.value, suffix); }

std::optional<ByteOffset> offset_of(const std::string& name) {
  ByteOffset offset;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), offset.value);
  if (error != std::errc{} || file_name(offset) != name) return std::nullopt;
  return offset;
}

struct Head {
  std::uint32_t algorithm = 0;
  std::string name;
  ByteOffset offset;
  std::int64_t time_ns = 0;
  Tag salt{};
  std::uint32_t state_bytes = 0, stored_bytes = 0;
};

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

std::string encode(const Head& head) {
  std::string out(magic);
  put(out, version);
  put(out, head.algorithm);
  out += head.name;
  out.resize(16 + name_bytes);
  put(out, head.offset.value);
  put(out, head.time_ns);
  put(out, head.salt);
  put(out, head.state_bytes);
  put(out, head.stored_bytes);
  return out;
}

std::optional<Head> decode(std::string_view bytes) {
  if (bytes.size() < head_bytes || !bytes.starts_with(magic)) return std::nullopt;
  bytes.remove_prefix(magic.size());
  if (take<std::uint32_t>(bytes) != version) return std::nullopt;
  Head head;
  head.algorithm = take<std::uint32_t>(bytes);
  head.name = bytes.substr(0, std::min(name_bytes, bytes.find('\0')));
  bytes.remove_prefix(name_bytes);
  head.offset = {take<std::uint64_t>(bytes)};
  head.time_ns = take<std::int64_t>(bytes);
  head.salt = take<Tag>(bytes);
  head.state_bytes = take<std::uint32_t>(bytes);
  head.stored_bytes = take<std::uint32_t>(bytes);
  return head;
}

Result<crypto::Aead> aead_of(const Key& key, std::uint32_t algorithm, std::string_view head) {
  const crypto::Digest derived = crypto::derive_key(key.reveal(), head);
  return crypto::Aead::open(crypto::Aead::Algorithm{algorithm}, {reinterpret_cast<const char*>(derived.data()), derived.size()});
}

std::unexpected<Error> damaged() { return fail(Code::Damaged, "A checkpoint of a screen fails its check."); }

}  // namespace

Result<Checkpoints> Checkpoints::open(const std::filesystem::path& dir, const Key& key) {
  TRY(os::stat_path(dir));
  return Checkpoints(dir / folder, dir.filename().string().substr(0, name_bytes), key);
}

Result<> Checkpoints::append(const Checkpoint& checkpoint) const {
  if (checkpoint.state.size() > max_state_bytes)
    return fail(Code::TooLarge, fmt::format("A screen of {} bytes is too large to keep.", checkpoint.state.size()));
  TRY(os::make_directory(dir_, 0700));
  std::string packed(ZSTD_compressBound(checkpoint.state.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), checkpoint.state.data(), checkpoint.state.size(), level);
  if (ZSTD_isError(size) != 0) return fail(Code::Internal, "A screen could not be compressed.");
  packed.resize(size);
  Head head{.name = name_, .offset = checkpoint.offset, .time_ns = checkpoint.time.time_since_epoch().count(),
            .salt = random_salt(), .state_bytes = static_cast<std::uint32_t>(checkpoint.state.size())};
  if (!key_.empty()) head.algorithm = static_cast<std::uint32_t>(crypto::Aead::preferred());
  head.stored_bytes = static_cast<std::uint32_t>(packed.size() + (key_.empty() ? 0 : crypto::Aead::tag_bytes));
  std::string bytes = encode(head);
  if (!key_.empty()) {
    TRY_ASSIGN(const auto aead, aead_of(key_, head.algorithm, bytes));
    std::string sealed(head.stored_bytes, '\0');
    aead.seal(0, {}, packed, sealed.data());
    packed = std::move(sealed);
  }
  put(bytes, checksum_of(packed, checksum_of(bytes, 0)));
  bytes += packed;
  // A new name, then the right one: what is there is whole, but for a power loss, which the checksum tells.
  const auto path = dir_ / file_name(checkpoint.offset);
  const auto temporary = dir_ / (file_name(checkpoint.offset) + ".new");
  TRY(os::remove_file(temporary));
  TRY_ASSIGN(const auto file, os::create_new(temporary, 0600));
  if (auto written = os::write_all(file.get(), bytes); !written) {
    if (auto removed = os::remove_file(temporary); !removed) return written;
    return written;
  }
  return os::rename_path(temporary, path);
}

Result<Checkpoint> Checkpoints::read(ByteOffset offset) const {
  TRY_ASSIGN(const std::string bytes, os::read_file(dir_ / file_name(offset), max_state_bytes + (1 << 20)));
  const auto head = decode(bytes);
  if (!head || bytes.size() != head_bytes + 8 + head->stored_bytes || head->offset != offset || head->name != name_ ||
      head->state_bytes > max_state_bytes)
    return damaged();
  const std::string_view before = std::string_view(bytes).substr(0, head_bytes);
  std::string_view checksum = std::string_view(bytes).substr(head_bytes, 8);
  std::string_view stored = std::string_view(bytes).substr(head_bytes + 8);
  if (take<std::uint64_t>(checksum) != checksum_of(stored, checksum_of(before, 0))) return damaged();
  std::string opened;
  if (head->algorithm != 0 && key_.empty())
    return fail(Code::FailedPrecondition, "This journal is sealed and its key is not here.");
  if (!key_.empty()) {
    if (head->algorithm == 0 || stored.size() < crypto::Aead::tag_bytes) return damaged();
    TRY_ASSIGN(const auto aead, aead_of(key_, head->algorithm, before));
    opened.resize(stored.size() - crypto::Aead::tag_bytes);
    if (!aead.open(0, {}, stored, opened.data())) return damaged();
    stored = opened;
  }
  Checkpoint checkpoint{.offset = offset, .time = WallTime{std::chrono::nanoseconds{head->time_ns}},
                        .state = std::string(head->state_bytes, '\0')};
  if (ZSTD_decompress(checkpoint.state.data(), checkpoint.state.size(), stored.data(), stored.size()) != head->state_bytes)
    return damaged();
  return checkpoint;
}

Result<std::optional<Checkpoint>> Checkpoints::nearest(ByteOffset at_or_before) const {
  TRY_ASSIGN(const auto all, list());
  auto at = std::ranges::upper_bound(all, at_or_before);
  while (at != all.begin()) {
    auto checkpoint = read(*--at);
    if (checkpoint) return *std::move(checkpoint);
    if (checkpoint.error().code != Code::Damaged && checkpoint.error().code != Code::NotFound)
      return pass(std::move(checkpoint).error());
  }
  return std::nullopt;
}

Result<std::vector<ByteOffset>> Checkpoints::list() const {
  std::vector<ByteOffset> all;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir_, error), end; !error && entry != end; entry.increment(error))
    if (const auto offset = offset_of(entry->path().filename().native())) all.push_back(*offset);
  if (error && error != std::errc::no_such_file_or_directory) return fail_errno(error.value(), "list", dir_);
  std::ranges::sort(all);
  return all;
}

Result<std::uint64_t> Checkpoints::trim(ByteOffset begin, std::uint64_t max_bytes) const {
  TRY_ASSIGN(const auto all, list());
  std::uint64_t kept = 0;
  bool full = false;
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    const auto path = dir_ / file_name(*at);
    if (!full && *at >= begin) {
      TRY_ASSIGN(const auto state, os::stat_path(path));
      const auto size = static_cast<std::uint64_t>(state.st_size);
      full = max_bytes != 0 && kept + size > max_bytes;
      if (!full) kept += size;
    }
    if (full || *at < begin) TRY(os::remove_file(path));
  }
  return kept;
}

}  // namespace berth::journal
