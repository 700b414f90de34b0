#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api_ws/event_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)berth::api_ws::parse_event_frame({reinterpret_cast<const char*>(data), size});
  return 0;
}
