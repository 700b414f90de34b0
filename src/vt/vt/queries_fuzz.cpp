// Any bytes, in pieces that the first byte chooses: what the filter lets pass asks a screen nothing, and any split gives
// the same; the scanner finds whatever a screen answers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vt/queries.hpp"
#include "vt/screen.hpp"

namespace {

std::string filtered(std::string_view bytes, std::size_t piece) {
  berth::vt::QueryFilter filter;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) out += filter.without_queries(bytes.substr(at, piece));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string whole = filtered(bytes, bytes.size() + 1);
  if (whole != filtered(bytes, data[0] % 16u + 1)) std::abort();
  berth::vt::Screen asked({.size = {}}), quiet({.size = {}});
  berth::vt::QueryScanner scanner;
  asked.feed(bytes);
  if (!asked.take_replies().empty() && !scanner.feed(bytes)) std::abort();
  quiet.feed(whole);
  if (!quiet.take_replies().empty()) std::abort();
  return 0;
}
