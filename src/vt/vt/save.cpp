// A screen as bytes, format 1: the magic "BVT1"; columns and rows (2 bytes each), lines of scrollback (4 bytes), length
// of what follows (4 bytes), checksum of what follows (FNV-1a, 8 bytes), all little-endian; then the stream that draws
// it, scrollback included. Loading is feeding, so damage can do no more than a program's output can.
#include <limits>

#include "vt/engine.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

constexpr std::string_view magic = "BVT1";
constexpr std::size_t head_bytes = 4 + 2 + 2 + 4 + 4 + 8;

void append(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}
std::uint64_t read(std::string_view in, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= std::uint64_t(static_cast<unsigned char>(in[at + static_cast<std::size_t>(i)])) << 8 * i;
  return value;
}
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  return hash;
}

}  // namespace

std::string save(const Screen& screen) {
  const std::string stream = redraw(screen, {.scrollback = true});
  const Engine& engine = screen.engine();
  std::string out(magic);
  append(out, engine.size.cols, 2);
  append(out, engine.size.rows, 2);
  append(out, engine.scrollback_limit, 4);
  append(out, stream.size(), 4);
  append(out, checksum(stream), 8);
  return out + stream;
}

Result<Screen> load(std::string_view saved) {
  if (saved.size() > max_saved_bytes) return fail(Code::TooLarge, "the saved screen is larger than 64 MiB");
  if (saved.size() < head_bytes || !saved.starts_with(magic.substr(0, 3)))
    return fail(Code::Damaged, "this is no saved screen");
  if (!saved.starts_with(magic)) return fail(Code::Unsupported, "the screen was saved by another version");
  const std::string_view stream = saved.substr(head_bytes);
  if (read(saved, 12, 4) != stream.size() || read(saved, 16, 8) != checksum(stream))
    return fail(Code::Damaged, "the saved screen is damaged");
  const TerminalSize size{.cols = static_cast<std::uint16_t>(read(saved, 4, 2)),
                          .rows = static_cast<std::uint16_t>(read(saved, 6, 2))};
  if (size != Screen::clamp(size)) return fail(Code::Damaged, "the saved screen has an impossible size");
  Screen screen({.size = size, .scrollback_lines = static_cast<std::uint32_t>(read(saved, 8, 4))});
  screen.feed(stream);
  (void)screen.take_replies();  // a stream of ours asks nothing
  return screen;
}

}  // namespace berth::vt
