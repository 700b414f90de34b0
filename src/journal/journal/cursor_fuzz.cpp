// Segments are foreign bytes after a crash: whatever they hold, reading and recovery end, in bounded memory, and what is
// given out was checked.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "journal/cursor.hpp"
#include "journal/writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::journal;
  static const std::filesystem::path dir = [] {
    std::string pattern = "/dev/shm/berth-journal-fuzz-XXXXXX";
    return std::filesystem::path(::mkdtemp(pattern.data()));
  }();
  static const bool cleaned = std::atexit([] { std::filesystem::remove_all(dir); }) == 0;
  BERTH_CHECK(cleaned);

  // Two segments with headers that hold; the input is what stands in them. Its first byte says where it is cut, and pairs
  // of (255, n) make a good record of n bytes.
  std::filesystem::remove_all(dir);
  std::filesystem::create_directory(dir);
  const std::size_t cut = size == 0 ? 0 : data[0] * size / 256;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ByteOffset offset;
  for (std::uint32_t sequence = 0; sequence < 2; ++sequence) {
    SegmentHeader header{.terminal_id = "trm_fuzz", .first = offset, .created_ns = 1};
    std::string bytes = encode(header);
    const SegmentName name{.sequence = sequence, .first = offset};
    const auto part = sequence == 0 ? input.substr(0, cut) : input.substr(cut);
    for (std::size_t at = 0; at < part.size(); ++at) {
      if (part[at] != '\xff' || at + 1 >= part.size()) {
        bytes.push_back(part[at]);
        continue;
      }
      const std::string payload(static_cast<unsigned char>(part[++at]), 'x');
      const auto head = encode({.kind = static_cast<Kind>(1 + payload.size() % 7), .offset = offset}, payload, header.seed);
      bytes.append(head.data(), head.size()).append(payload);
      if (is_bytes(static_cast<Kind>(1 + payload.size() % 7))) offset += payload.size();
    }
    std::ofstream(dir / to_string(name), std::ios::binary) << bytes;
  }

  const auto known = summary(dir);
  BERTH_CHECK(known.has_value());
  const auto typed = size % 2 == 0 ? Typed::Give : Typed::PassOver;
  auto cursor = Cursor::open(dir, {size % 7}, {}, typed);
  ByteOffset last;
  for (int steps = 0; cursor && steps < 100'000; ++steps) {
    auto piece = cursor->next(1 + size % 100);
    if (!piece && !cursor->skip_damage()) break;
    if (!piece) continue;
    if (!*piece) break;
    BERTH_CHECK((*piece)->offset >= last);
    last = (*piece)->offset;
    BERTH_CHECK((*piece)->kind != Kind::Input || typed == Typed::Give);
    for (const char c : (*piece)->data) BERTH_CHECK(!is_bytes((*piece)->kind) || c == 'x');
  }
  auto writer = Writer::open(dir);
  BERTH_CHECK(writer.has_value());
  BERTH_CHECK(writer->append(Kind::Output, "x", {}).has_value());
  return 0;
}
