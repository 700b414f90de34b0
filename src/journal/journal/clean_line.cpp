#include "journal/clean_line.hpp"

#include <algorithm>
#include <cstring>

namespace berth::journal {
namespace {

constexpr char escape = '\x1b';
constexpr std::size_t most_cuts = 64;

bool is_control(char c) { return ((static_cast<unsigned char>(c) < 0x20) & (c != '\t')) | (c == 0x7f); }

std::size_t find_byte(std::string_view block, char byte, std::size_t from) {
  if (from >= block.size()) return std::string_view::npos;
  const void* found = std::memchr(block.data() + from, byte, block.size() - from);
  return found == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
}

}  // namespace

std::size_t escape_length(std::string_view line) {
  const auto at = [line](std::size_t i) { return i < line.size() ? line[i] : '\n'; };
  const char kind = at(1);
  std::size_t i = 2;
  if (kind == '[') {
    while (at(i) >= 0x20 && at(i) <= 0x3f) ++i;
    return at(i) >= 0x40 && at(i) <= 0x7e ? i + 1 : std::min(i, line.size());
  }
  if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
    for (;; ++i) {
      if (at(i) == '\n' || i >= line.size()) return std::min(i, line.size());
      if (at(i) == '\a') return i + 1;
      if (at(i) == escape) return at(i + 1) == '\\' ? i + 2 : i;
    }
  }
  if (kind >= 0x20 && kind <= 0x2f) {  // ESC ( B
    while (at(i) >= 0x20 && at(i) <= 0x2f) ++i;
    return at(i) >= 0x30 && at(i) <= 0x7e ? i + 1 : std::min(i, line.size());
  }
  return kind >= 0x30 && kind <= 0x7e ? 2 : 1;
}

// Loops without a branch, so that they run sixteen bytes and more at a time.
bool has_odd_control(std::string_view lines) {
  if (lines.empty()) return false;
  bool odd = lines.back() == '\r';
  const char* at = lines.data();
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    const char c = at[i];
    odd |= is_control(c) & (c != escape) & (c != '\n') & ((c != '\r') | (at[i + 1] != '\n'));
  }
  const char last = lines.back();
  return odd || (is_control(last) && last != escape && last != '\n');
}

bool has_control(std::string_view line) {
  bool found = false;
  for (const char c : line) found |= is_control(c);
  return found;
}

void append_clean(std::string& out, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    while (end < line.size() && !is_control(line[end])) ++end;
    out.append(line, at, end - at);
    if (end == line.size()) return;
    if (line[end] == escape) {
      at = end + escape_length(line.substr(end));
    } else {
      out.push_back(' ');
      at = end + 1;
    }
  }
}

LineFilter::LineFilter(std::string text) : text_(std::move(text)) {
  text_.resize(std::min(text_.size(), most_cuts));
  for (std::size_t k = 1; k < text_.size(); ++k) {
    before_[static_cast<unsigned char>(text_[k - 1])] |= std::uint64_t{1} << k;
    behind_[static_cast<unsigned char>(text_[k])] |= std::uint64_t{1} << k;
  }
}

void LineFilter::begin(std::string_view block) {
  block_ = block;
  whole_known_ = split_known_ = false;
}

std::size_t LineFilter::next(std::size_t from) {
  if (!whole_known_ || whole_ < from) {
    const void* found = from < block_.size() ? ::memmem(block_.data() + from, block_.size() - from, text_.data(), text_.size()) : nullptr;
    whole_ = found == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data());
    whole_known_ = true;
  }
  if (!split_known_ || split_ < from) {
    split_ = next_split(from);
    split_known_ = true;
  }
  return std::min(whole_, split_);
}

// An escape sequence, or a row of them, between two characters that may stand side by side in the text.
std::size_t LineFilter::next_split(std::size_t from) {
  if (text_.size() < 2) return std::string_view::npos;
  for (std::size_t at = find_byte(block_, escape, from); at != std::string_view::npos; at = find_byte(block_, escape, at)) {
    const std::size_t first = at;
    while (at < block_.size() && block_[at] == escape) at += escape_length(block_.substr(at));
    if (first == 0 || at >= block_.size()) continue;
    const auto before = static_cast<unsigned char>(block_[first - 1]), behind = static_cast<unsigned char>(block_[at]);
    if ((before_[before] & behind_[behind]) != 0) return first;
  }
  return std::string_view::npos;
}

}  // namespace berth::journal
