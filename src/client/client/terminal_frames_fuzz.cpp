#include "client/terminal_frames.hpp"

#include "base/check.hpp"

// Any bytes of a server: parsed or refused, and a position never moves back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view message(reinterpret_cast<const char*>(data), size);
  if (auto frame = berth::client::parse_text(message); frame && std::holds_alternative<berth::client::SkipFrame>(*frame)) {
    const auto& skip = std::get<berth::client::SkipFrame>(*frame);
    berth::client::Position at(berth::ByteOffset{skip.from.value / 2 + skip.to.value / 2});
    auto before = *at.next();
    (void)at.skip(skip.from, skip.to);
    BERTH_CHECK(*at.next() >= before);
  }
  if (auto frame = berth::client::parse_output(message)) {
    berth::client::Position at(berth::ByteOffset{frame->from.value / 2});
    auto before = *at.next();
    auto taken = at.take(frame->from, frame->bytes);
    BERTH_CHECK(*at.next() >= before);
    BERTH_CHECK(!taken || taken->size() <= frame->bytes.size());
  }
  return 0;
}
