#include "backup/member.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

namespace berth::backup {
namespace {

struct Field { std::size_t at, size; };
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12}, time_field{136, 12},
    sum_field{148, 8}, link_field{157, 100};
constexpr std::size_t type_at = 156, magic_at = 257, short_text = 100;
constexpr std::string_view magic("ustar\00000", 8);
constexpr std::uint32_t most_small = 07777777;  // of a mode, uid or gid: an id beyond it is written in base 256
constexpr char pax = 'x';
constexpr std::size_t most_pax_bytes = 2 * (most_path_bytes + 64);

void put(std::string& block, Field field, std::string_view text) { block.replace(field.at, text.size(), text); }

std::string number_text(std::uint64_t number, std::size_t size) {
  const std::uint64_t most = size == 8 ? most_small : 077777777777;
  if (number <= most) return fmt::format("{:0{}o}", number, size - 1) + '\0';
  std::string out(size, '\0');
  out[0] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < std::min<std::size_t>(8, size - 1); ++i) out[size - 1 - i] = static_cast<char>(number >> 8 * i);
  return out;
}

std::uint64_t number_of(std::string_view text) {  // whatever it is: what is not of our form differs when it is encoded again
  std::uint64_t out = 0;
  if (text[0] == static_cast<char>(0x80)) {
    for (const char c : text.substr(1)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  for (const char c : text.substr(0, text.size() - 1)) out = out << 3 | (static_cast<unsigned char>(c) & 7);
  return out;
}

void seal(std::string& block) {
  put(block, sum_field, "        ");
  const auto sum = std::accumulate(block.begin(), block.end(), std::uint64_t{0},
                                   [](std::uint64_t before, char c) { return before + static_cast<unsigned char>(c); });
  put(block, sum_field, fmt::format("{:06o}", sum) + '\0' + ' ');
}

std::string block_of(const Member& member, char type, std::string_view name, std::string_view target, std::uint64_t bytes) {
  std::string block(block_bytes, '\0');
  put(block, name_field, name.substr(0, name_field.size));
  put(block, mode_field, number_text(member.mode & 07777, 8));
  put(block, uid_field, number_text(member.uid, 8));
  put(block, gid_field, number_text(member.gid, 8));
  put(block, size_field, number_text(bytes, 12));
  put(block, time_field, number_text(static_cast<std::uint64_t>(std::max<std::int64_t>(member.modified, 0)), 12));
  block[type_at] = type;
  put(block, link_field, target.substr(0, link_field.size));
  block.replace(magic_at, magic.size(), magic);
  seal(block);
  return block;
}

std::string record(std::string_view key, std::string_view value) {  // "<length of all of it> key=value\n"
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t size = rest + 1;
  while (size != rest + std::to_string(size).size()) ++size;
  return fmt::format("{} {}={}\n", size, key, value);
}

std::unexpected<Error> damaged() {
  return fail(Code::Damaged, "The backup has something in it that Berth does not write.", "Take another backup.");
}

std::string_view text_in(std::string_view block, Field field) {
  const auto all = block.substr(field.at, field.size);
  return all.substr(0, std::min(all.find('\0'), all.size()));
}

// The two keys that we write, in this order; what else is there makes it another form.
Result<> read_records(std::string_view text, Member& member) {
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || size == 0 || size > text.size() || text[size - 1] != '\n') return damaged();
    const auto used = static_cast<std::size_t>(end - text.data());
    if (used + 2 > size || *end != ' ') return damaged();
    const auto pair = text.substr(used + 1, size - used - 2);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return damaged();
    if (pair.substr(0, equals) == "path") member.path = pair.substr(equals + 1);
    else if (pair.substr(0, equals) == "linkpath") member.target = pair.substr(equals + 1);
    else return damaged();
    text.remove_prefix(size);
  }
  return {};
}

}  // namespace

bool is_path(std::string_view path) {
  if (path.empty() || path.size() > most_path_bytes || path.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const auto piece = path.substr(0, path.find('/'));
    if (piece.empty() || piece == "." || piece == "..") return false;
    if (piece.size() == path.size()) return true;
    path.remove_prefix(piece.size() + 1);
  }
}

std::string encode(const Member& member) {
  std::string records, out;
  if (member.path.size() > short_text) records += record("path", member.path);
  if (member.target.size() > short_text) records += record("linkpath", member.target);
  if (!records.empty()) {
    out = block_of({.path = {}, .mode = 0644}, pax, "pax", {}, records.size()) + records;
    out.append(padding(records.size()), '\0');
  }
  return out + block_of(member, static_cast<char>(member.kind), member.path, member.target, member.kind == Kind::File ? member.bytes : 0);
}

Result<std::size_t> header_bytes(std::string_view block) {
  if (block.size() != block_bytes || block.substr(magic_at, magic.size()) != magic) return damaged();
  if (block[type_at] != pax) return block_bytes;
  const std::uint64_t size = number_of(block.substr(size_field.at, size_field.size));
  if (size > most_pax_bytes) return damaged();
  return static_cast<std::size_t>(2 * block_bytes + size + padding(size));
}

Result<Member> decode(std::string_view head) {
  if (head.size() < block_bytes) return damaged();
  Member out;
  const auto block = head.substr(head.size() - block_bytes);
  out.path = text_in(block, name_field);
  out.target = text_in(block, link_field);
  out.kind = static_cast<Kind>(block[type_at]);
  out.mode = static_cast<std::uint32_t>(number_of(block.substr(mode_field.at, mode_field.size)));
  out.uid = static_cast<std::uint32_t>(number_of(block.substr(uid_field.at, uid_field.size)));
  out.gid = static_cast<std::uint32_t>(number_of(block.substr(gid_field.at, gid_field.size)));
  out.bytes = number_of(block.substr(size_field.at, size_field.size));
  out.modified = static_cast<std::int64_t>(number_of(block.substr(time_field.at, time_field.size)));
  if (head.size() > block_bytes) {
    const std::uint64_t size = number_of(head.substr(size_field.at, size_field.size));
    if (size > head.size() - 2 * block_bytes) return damaged();
    TRY(read_records(head.substr(block_bytes, static_cast<std::size_t>(size)), out));
  }
  const bool known = out.kind == Kind::File || out.kind == Kind::Link || out.kind == Kind::Directory;
  if (!known || !is_path(out.path) || (out.kind != Kind::Link && !out.target.empty()) || encode(out) != head) return damaged();
  return out;
}

}  // namespace berth::backup
