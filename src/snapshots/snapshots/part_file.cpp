#include "snapshots/part_file.hpp"

#include <algorithm>
#include <span>

#include "crypto/crypto.hpp"
#include "crypto/secret.hpp"
#include "os/file.hpp"

namespace berth::snapshots {
namespace {

using crypto::Aead;

constexpr std::string_view magic = "BERTHPRT";
constexpr std::uint32_t version = 1;
constexpr std::size_t salt_bytes = 16, head_bytes = 8 + 4 + 4 + salt_bytes;

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void put_number(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

std::uint32_t number_at(std::string_view text, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i-- > 0;) out = out << 8 | static_cast<unsigned char>(text[at + i]);
  return out;
}

Result<Aead> key_of(std::string_view key, Aead::Algorithm algorithm, std::string_view salt) {
  auto derived = crypto::derive_key(key, "berth: part of a snapshot, version 1" + std::string(salt));
  auto aead = Aead::open(algorithm, text_of(derived));
  crypto::wipe({reinterpret_cast<char*>(derived.data()), derived.size()});
  return aead;
}

std::string associated(std::string_view head, bool last) { return std::string(head) + (last ? '\1' : '\0'); }

std::unexpected<Error> damaged(const std::filesystem::path& path) {
  Error error{.code = Code::RecordDamaged, .message = "A part of this snapshot fails its check; it is kept as it is.",
              .hint = "Restore a backup, or go on from the session itself.", .operation = "read part", .subject = path.string()};
  return std::unexpected(std::move(error));
}

}  // namespace

Result<PartWriter> PartWriter::create(const std::filesystem::path& path, std::string_view key) {
  const auto algorithm = Aead::preferred();
  std::string head(magic);
  put_number(head, version);
  put_number(head, static_cast<std::uint32_t>(algorithm));
  const auto salt = crypto::random_array<salt_bytes>();
  head += text_of(salt);
  TRY_ASSIGN(auto aead, key_of(key, algorithm, text_of(salt)));
  TRY_ASSIGN(auto fd, os::create_new(path));
  TRY(os::write_all(fd.get(), head));
  return PartWriter(std::move(fd), std::move(aead), std::move(head));
}

Result<> PartWriter::seal(std::string_view plain, bool last) {
  sealed_.resize(plain.size() + Aead::tag_bytes);
  aead_.seal(index_++, associated(head_, last), plain, sealed_.data());
  return os::write_all(fd_.get(), sealed_);
}

Result<> PartWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // A full chunk is written when more comes: only then is it known not to be the last.
    if (waiting_.size() == chunk_bytes) {
      TRY(seal(waiting_, false));
      waiting_.clear();
    }
    const auto piece = bytes.substr(0, chunk_bytes - waiting_.size());
    waiting_ += piece;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<> PartWriter::finish() {
  TRY(seal(waiting_, true));
  waiting_.clear();
  TRY(os::sync(fd_.get()));
  fd_ = UniqueFd();
  return {};
}

Result<PartReader> PartReader::open(std::filesystem::path path, std::string_view key) {
  auto opened = os::open_read(path);
  if (!opened && opened.error().code == Code::NotFound) return damaged(path);
  TRY_ASSIGN(auto fd, std::move(opened));
  TRY_ASSIGN(const auto state, os::stat_fd(fd.get()));
  std::string head(head_bytes, '\0');
  TRY_ASSIGN(const auto got, os::pread_full(fd.get(), head, 0));
  if (got < head_bytes || !head.starts_with(magic)) return damaged(path);
  if (number_at(head, 8) != version) return fail(Code::Unsupported, "A part of this snapshot is of another version.", "Use the newer Berth.");
  const auto algorithm = static_cast<Aead::Algorithm>(number_at(head, 12));
  if (algorithm != Aead::Algorithm::Aes256Gcm && algorithm != Aead::Algorithm::XChaCha20Poly1305) return damaged(path);
  TRY_ASSIGN(auto aead, key_of(key, algorithm, std::string_view(head).substr(16)));
  return PartReader(std::move(path), std::move(fd), static_cast<std::uint64_t>(state.st_size), std::move(aead), std::move(head));
}

Result<bool> PartReader::next() {
  plain_.clear();
  if (ended_) return false;
  const std::uint64_t left = size_ - at_;
  if (left < Aead::tag_bytes) return damaged(path_);
  sealed_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk_bytes + Aead::tag_bytes)));
  TRY_ASSIGN(const auto read, os::pread_full(fd_.get(), sealed_, at_));
  at_ += sealed_.size();
  ended_ = at_ == size_;
  plain_.resize(sealed_.size() - Aead::tag_bytes);
  if (read != sealed_.size() || !aead_.open(index_++, associated(head_, ended_), sealed_, plain_.data())) return damaged(path_);
  return !plain_.empty();  // only the last may be empty
}

Result<> read_part_file(const std::filesystem::path& path, std::string_view key, const std::function<Result<>(std::string_view)>& take) {
  TRY_ASSIGN(auto reader, PartReader::open(path, key));
  for (;;) {
    TRY_ASSIGN(const bool more, reader.next());
    if (!more) return {};
    TRY(take(reader.piece()));
  }
}

}  // namespace berth::snapshots
