#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "vt/monitor.hpp"

// Property: any split of the stream gives the same events. The first byte picks the size of the pieces.
namespace {
std::string events_of(std::string_view bytes, std::size_t piece) {
  std::string log;
  berth::vt::Monitor monitor;
  const auto sink = [&](const berth::vt::CommandEvent& e) {
    log += e.text + '|' + e.cwd + '|' + std::to_string(e.output_begin.value) + '-' + std::to_string(e.output_end.value) +
           (e.exit_code ? std::to_string(*e.exit_code) : "n") + '\n';
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) monitor.feed(bytes.substr(at, piece), sink);
  return log;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (events_of(bytes, bytes.size()) != events_of(bytes, data[0] % 16u + 1)) std::abort();
  return 0;
}
