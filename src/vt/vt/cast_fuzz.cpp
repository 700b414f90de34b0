// Properties, over any bytes: a recording is refused or read, the same in any pieces, with times that never go back; what was
// read is written and read again the same; any output becomes a recording that reads well. The first byte chooses the pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "vt/cast.hpp"

namespace {

using namespace berth::vt;

struct Read {
  bool whole = false;
  std::optional<CastHeader> header;
  std::vector<CastEvent> events;
};

Read read(std::string_view file, std::size_t piece) {
  Read out;
  CastReader reader;
  const auto sink = [&out](const CastEvent& event) { out.events.push_back(event); };
  berth::Result<> outcome;
  for (std::size_t at = 0; outcome && at < file.size(); at += piece) outcome = reader.feed(file.substr(at, piece), sink);
  out.whole = outcome && reader.finish(sink);
  out.header = reader.header();
  return out;
}

void write(CastWriter& writer, const CastEvent& event, std::string& out) {
  switch (event.kind) {
    case CastEvent::Kind::Output: writer.output(event.time, event.text, out); break;
    case CastEvent::Kind::Resize: writer.resize(event.time, event.size, out); break;
    case CastEvent::Kind::Marker: writer.marker(event.time, event.text, out); break;
    case CastEvent::Kind::Exit: writer.exit(event.time, event.status, out); break;
    case CastEvent::Kind::Input: writer.input(event.time, event.text, out); break;
  }
}

std::string output_of(const Read& read) {
  std::string out;
  for (const CastEvent& event : read.events)
    if (event.kind == CastEvent::Kind::Output) out += event.text;
  return out;
}

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece = data[0] % 32u + 1;
  const Read whole = read(bytes, std::max<std::size_t>(bytes.size(), 1)), pieces = read(bytes, piece);
  check(whole.whole == pieces.whole && whole.events == pieces.events && whole.header == pieces.header);
  for (std::size_t i = 1; i < whole.events.size(); ++i) check(whole.events[i].time >= whole.events[i - 1].time);
  if (whole.whole) {
    std::string out;
    CastWriter writer(3);
    writer.begin(*whole.header, out);
    for (const CastEvent& event : whole.events) write(writer, event, out);
    writer.finish(out);
    const Read again = read(out, piece);
    check(again.whole);
    std::string text;  // what is no UTF-8 in the file is U+FFFD from here on
    for_each_code(output_of(whole), [&text](char32_t code) { append_utf8(text, code); });
    check(output_of(again) == text);
  }
  std::string out;
  CastWriter writer(data[0] % 2 == 0 ? 2 : 3);
  writer.begin({}, out);
  for (std::size_t at = 0; at < bytes.size(); at += piece) writer.output(CastTime{static_cast<std::int64_t>(at)}, bytes.substr(at, piece), out);
  writer.finish(out);
  std::string text;
  for_each_code(bytes, [&text](char32_t code) { append_utf8(text, code); });
  const Read made = read(out, piece);
  check(made.whole && output_of(made) == text);
  return 0;
}
