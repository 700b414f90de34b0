#include "client/terminal_frames.hpp"

#include "base/check.hpp"

// Any bytes of a server: parsed or refused, and a position never moves back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view message(reinterpret_cast<const char*>(data), size);
  (void)berth::client::parse_text(message);
  if (auto frame = berth::client::parse_output(message)) {
    berth::client::Position at(berth::ByteOffset{frame->from.value / 2});
    auto before = *at.next();
    auto taken = at.take(frame->from, frame->bytes);
    BERTH_CHECK(*at.next() >= before);
    BERTH_CHECK(!taken || taken->size() <= frame->bytes.size());
  }
  return 0;
}
