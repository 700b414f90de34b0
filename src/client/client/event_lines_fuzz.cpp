// A server's stream, whole and in two pieces: the same events.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "client/event_lines.hpp"

namespace {

std::string events_of(std::string_view first, std::string_view second) {
  std::string out;
  berth::client::EventLines lines;
  const auto take = [&](const berth::client::ServerEvent& event) -> berth::Result<> {
    out += event.type + '|' + event.data + '\n';
    return {};
  };
  (void)(lines.feed(first, take) && lines.feed(second, take));
  return out + lines.last_id();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  BERTH_CHECK(events_of(all, "") == events_of(all.substr(0, size / 2), all.substr(size / 2)));
  return 0;
}
