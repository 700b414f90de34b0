#include "vt/line.hpp"

#include <cstring>

#include "vt/utf8.hpp"

namespace berth::vt {
namespace {

constexpr char has_style = 1, is_blank = 2;

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

void append_cell(std::string& out, std::uint32_t text, const TextTable& clusters) {
  if (text & cell::tail) return;
  if (text & cell::cluster) {
    out += clusters[text & cell::code_mask];
  } else {
    append_utf8(out, text & cell::code_mask);
  }
}

// Cells with text, those of ASCII many at a time.
void append_cells(std::string& out, std::span<const std::uint32_t> cells, const TextTable& clusters) {
  while (!cells.empty()) {
    std::size_t ascii = 0;
    while (ascii < cells.size() && cells[ascii] < 0x80) ++ascii;
    const std::size_t at = out.size();
    out.resize(at + ascii);
    for (std::size_t i = 0; i < ascii; ++i) out[at + i] = static_cast<char>(cells[i]);
    for (cells = cells.subspan(ascii); !cells.empty() && cells[0] >= 0x80; cells = cells.subspan(1))
      append_cell(out, cells[0], clusters);
  }
}

// Steps over one run; `style` is where its style is, or null.
struct RunBytes {
  char flags;
  const char* style;
  std::uint16_t columns;
  std::string_view text;
};
RunBytes next_run(const char*& at) {
  RunBytes run{.flags = *at++, .style = nullptr};
  if (run.flags & has_style) {
    run.style = at;
    at += sizeof(Style);
  }
  run.columns = take<std::uint16_t>(at);
  if (!(run.flags & is_blank)) {
    const auto size = take<std::uint32_t>(at);
    run.text = {at, size};
    at += size;
  }
  return run;
}

}  // namespace

void encode_line(const Grid& grid, int y, const StyleTable& styles, const TextTable& clusters, std::string& out) {
  out.clear();
  out += grid.continues(y) ? '\1' : '\0';
  const auto text = grid.text(y);
  const auto ids = grid.styles(y);
  auto used = static_cast<std::size_t>(grid.used(y));
  while (used > 0 && cell::is_blank(text[used - 1]) && ids[used - 1] == 0) --used;
  for (std::size_t x = 0; x < used;) {
    const std::size_t begin = x;
    const bool blank = cell::is_blank(text[x]);
    const StyleId id = ids[x];
    out += static_cast<char>((id != 0 ? has_style : 0) | (blank ? is_blank : 0));
    if (id != 0) append(out, styles[id]);
    const std::size_t columns_at = out.size();
    append(out, std::uint16_t{0});
    if (!blank) append(out, std::uint32_t{0});
    const std::size_t text_at = out.size();
    while (x < used && ids[x] == id && cell::is_blank(text[x]) == blank) ++x;
    if (!blank) append_cells(out, text.subspan(begin, x - begin), clusters);
    const auto columns = static_cast<std::uint16_t>(x - begin);
    std::memcpy(out.data() + columns_at, &columns, sizeof columns);
    if (blank) continue;
    const auto size = static_cast<std::uint32_t>(out.size() - text_at);
    std::memcpy(out.data() + columns_at + sizeof columns, &size, sizeof size);
  }
}

void encode_line(const Line& line, std::string& out) {
  out.assign(1, line.continues ? '\1' : '\0');
  for (const Run& run : line.runs) {
    const bool styled = run.style != Style{};
    out += static_cast<char>((styled ? has_style : 0) | (run.blank ? is_blank : 0));
    if (styled) append(out, run.style);
    append(out, static_cast<std::uint16_t>(run.columns));
    if (run.blank) continue;
    append(out, static_cast<std::uint32_t>(run.text.size()));
    out += run.text;
  }
}

Line decode_line(std::string_view bytes) {
  Line line{.continues = bytes[0] != 0};
  const char* const end = bytes.data() + bytes.size();
  for (const char* at = bytes.data() + 1; at < end;) {
    const RunBytes bytes_of_run = next_run(at);
    Run run{.columns = bytes_of_run.columns,
            .blank = (bytes_of_run.flags & is_blank) != 0,
            .text = std::string(bytes_of_run.text)};
    if (bytes_of_run.style) std::memcpy(&run.style, bytes_of_run.style, sizeof(Style));
    line.runs.push_back(std::move(run));
  }
  return line;
}

void for_each_style(std::string& line, const std::function<void(Style&)>& visit) {
  const char* const end = line.data() + line.size();
  for (const char* at = line.data() + 1; at < end;) {
    const RunBytes run = next_run(at);
    if (!run.style) continue;
    Style style;
    std::memcpy(&style, run.style, sizeof style);
    visit(style);
    std::memcpy(line.data() + (run.style - line.data()), &style, sizeof style);
  }
}

std::string Line::text() const {
  std::string out;
  for (const Run& run : runs) out += run.blank ? std::string(static_cast<std::size_t>(run.columns), ' ') : run.text;
  return out;
}

}  // namespace berth::vt
