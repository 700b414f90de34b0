// Sealed and compact segments that somebody changed: reading ends, in bounded memory, and no byte is ever given out that was
// not written at this offset. The input is a row of changes: a position of two bytes, and what is done there.

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.hpp"
#include "journal/check.hpp"
#include "journal/compact.hpp"
#include "journal/cursor.hpp"
#include "journal/search.hpp"
#include "journal/writer.hpp"

namespace {

using namespace berth;
using namespace berth::journal;

std::string text_of(std::size_t size) {
  std::string text;
  for (int line = 0; text.size() < size; ++line) text += std::to_string(line * 7919) + "\n";
  text.resize(size);
  return text;
}

struct Form {
  std::string bytes;  // of the one segment
  SegmentName name;
  Key key;
};

constexpr std::string_view typed = "typed in between";

const std::string& text() {
  static const std::string all = text_of(9000);
  return all;
}

std::filesystem::path& dir() {
  static std::filesystem::path path = [] {
    std::string pattern = "/dev/shm/berth-forms-fuzz-XXXXXX";
    return std::filesystem::path(::mkdtemp(pattern.data()));
  }();
  static const bool cleaned = std::atexit([] { std::filesystem::remove_all(dir()); }) == 0;
  BERTH_CHECK(cleaned);
  return path;
}

Form make(bool sealed, bool compacted) {
  std::filesystem::remove_all(dir());
  Form form{.key = sealed ? *Key::from(std::string(32, 'k')) : Key()};
  auto writer = Writer::create(dir(), TerminalId::from_bits(std::array<std::byte, 16>{}), {.key = form.key}, WallTime{});
  BERTH_CHECK(writer.has_value());
  for (std::size_t at = 0; at < text().size(); at += 300) {
    if (at % 900 == 0) BERTH_CHECK(writer->append(Kind::Input, typed, WallTime{}).has_value());
    BERTH_CHECK(writer->append(Kind::Output, std::string_view(text()).substr(at, 300), WallTime{}).has_value());
  }
  if (compacted) BERTH_CHECK(compact(dir(), form.key, Last::Finished)->segments == 1);
  form.name = list_segments(dir())->front();
  std::ifstream in(dir() / to_string(form.name), std::ios::binary);
  form.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return form;
}

void change(std::string& bytes, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i + 4 <= size && !bytes.empty(); i += 4) {
    const std::size_t at = (data[i] | data[i + 1] << 8) % bytes.size();
    switch (data[i + 2] % 5) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (data[i + 3] | 1)); break;
      case 1: bytes.resize(at); break;
      case 2: bytes.erase(at, data[i + 3] * 8); break;
      case 3: bytes.insert(at, bytes.substr(at / 2, data[i + 3])); break;
      case 4: bytes.append(data[i + 3], '\0'); break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Form forms[] = {make(true, false), make(false, true), make(true, true)};
  if (size == 0) return 0;
  const Form& form = forms[data[0] % 3];
  std::string bytes = form.bytes;
  change(bytes, data + 1, size - 1);
  std::filesystem::remove_all(dir());
  std::filesystem::create_directory(dir());
  std::ofstream(dir() / to_string(form.name), std::ios::binary) << bytes;

  auto cursor = Cursor::open(dir(), {}, form.key, Typed::Give);
  for (int steps = 0; cursor && steps < 10'000; ++steps) {
    const auto piece = cursor->next(1000);
    if (!piece && !cursor->skip_damage()) break;
    if (!piece) continue;
    if (!*piece) break;
    if ((*piece)->kind == Kind::Input) BERTH_CHECK((*piece)->data == typed);
    if (is_bytes((*piece)->kind)) BERTH_CHECK(text().substr((*piece)->offset.value, (*piece)->data.size()) == (*piece)->data);
  }
  const auto checked = check(dir(), form.key);
  if (bytes == form.bytes) BERTH_CHECK(checked.has_value() && checked->whole());
  std::uint64_t lines = 0;
  const auto found = search(dir(), form.key, {.pattern = "7", .before = 1}, [&](const Line&) { return ++lines < 5000; });
  BERTH_CHECK(!found || found->bytes <= text().size());
  auto writer = Writer::open(dir(), {.key = form.key});
  if (writer) BERTH_CHECK(writer->append(Kind::Output, "x", {}).has_value());
  return 0;
}
