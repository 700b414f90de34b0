#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wire/frame.hpp"
#include "wire/init.pb.h"
#include "wire/shim.pb.h"

// The first byte picks the size of the pieces in which the rest is fed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] % 64u + 1;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  berth::wire::FrameReader reader;
  berth::wire::FromInit from_init;
  berth::wire::ToShim to_shim;
  while (!rest.empty()) {
    if (!reader.feed(rest.substr(0, piece))) return 0;
    while (auto frame = reader.next()) {
      (void)berth::wire::parse_frame(*frame, from_init);
      (void)berth::wire::parse_frame(*frame, to_shim);
    }
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  return 0;
}
