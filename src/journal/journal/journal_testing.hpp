#pragma once
// For tests of this room: a directory that goes away, and short forms.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "journal/cursor.hpp"
#include "journal/writer.hpp"

namespace berth::journal::testing {

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-journal-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  [[nodiscard]] std::filesystem::path journal() const { return path_ / "trm"; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline TerminalId some_id() { return TerminalId::from_bits(std::array<std::byte, 16>{std::byte{7}}); }
inline WallTime at_second(int second) { return WallTime{std::chrono::seconds{1'700'000'000 + second}}; }

inline Writer create(const std::filesystem::path& dir, std::uint64_t segment_bytes = 16 << 20, const Key& key = {}) {
  auto writer = Writer::create(dir, some_id(), {.segment_bytes = segment_bytes, .key = key}, at_second(0));
  if (!writer) ADD_FAILURE() << writer.error().describe();
  return *std::move(writer);
}

inline std::string read_bytes_of(Cursor& cursor, std::size_t at_most = 64 << 10) {
  std::string all;
  for (;;) {
    const auto piece = cursor.next(at_most);
    if (!piece) {
      ADD_FAILURE() << piece.error().describe();
      return all;
    }
    if (!*piece) return all;
    if (is_bytes((*piece)->kind)) all += (*piece)->data;
  }
}

inline std::string read_all(const std::filesystem::path& dir, ByteOffset from = {}, const Key& key = {}) {
  auto cursor = Cursor::open(dir, from, key);
  if (!cursor) {
    ADD_FAILURE() << cursor.error().describe();
    return {};
  }
  return read_bytes_of(*cursor);
}

inline std::filesystem::path last_segment(const std::filesystem::path& dir) {
  return dir / to_string(list_segments(dir)->back());
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline Key some_key(char fill = 'k') { return *Key::from(std::string(Key::bytes, fill)); }

// Some text that differs everywhere.
inline std::string numbered(std::size_t size, int seed = 0) {
  std::string text;
  for (std::int64_t line = seed; text.size() < size; ++line) text += std::to_string(line * 7919) + "\n";
  text.resize(size);
  return text;
}

}  // namespace berth::journal::testing
