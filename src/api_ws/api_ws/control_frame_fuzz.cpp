// Text frames of a client.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api_ws/control_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)berth::api_ws::parse_control_frame({reinterpret_cast<const char*>(data), size});
  return 0;
}
