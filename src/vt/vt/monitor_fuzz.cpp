#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "vt/monitor.hpp"

// Property: any split of the stream gives the same markers and events. The first byte picks the size of the pieces, and
// whether markers need the nonce "n".
namespace {
std::string events_of(std::string_view bytes, std::size_t piece, const std::string& nonce) {
  using namespace berth::vt;
  std::string log;
  Monitor monitor(nonce, {}, {}, Untrusted::Follow);
  const auto offset = [](berth::ByteOffset at) { return std::to_string(at.value) + ' '; };
  const auto sink = [&](const CommandEvent& e) {
    if (e.output_begin > e.output_end || e.depth >= Commands::max_depth) std::abort();
    log += e.text + '|' + e.cwd + '|' + offset(e.output_begin) + offset(e.output_end) + (e.exit_code ? std::to_string(*e.exit_code) : "n") +
           (e.trusted ? "t" : "u") + (e.full_screen ? "f" : "") + '\n';
  };
  const auto watcher = [&](const Marker& m, bool trusted) {
    if (m.begin >= m.end || m.end > berth::ByteOffset{bytes.size()}) std::abort();
    log += std::string(to_string(m.kind)) + m.text + m.aid + m.host + offset(m.begin) + offset(m.end) + (trusted ? "t\n" : "u\n");
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) monitor.feed(bytes.substr(at, piece), sink, watcher);
  for (const CommandEvent& event : monitor.open()) sink(event);
  monitor.finish(monitor.position(), 0, sink);
  if (!monitor.open().empty()) std::abort();
  return log;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string nonce = data[0] >= 128 ? "n" : "";
  if (events_of(bytes, bytes.size(), nonce) != events_of(bytes, data[0] % 16u + 1, nonce)) std::abort();
  return 0;
}
