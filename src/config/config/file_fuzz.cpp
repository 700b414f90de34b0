#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/file.hpp"

// Property: whatever the bytes are, the reader ends with entries inside its limits, or with a problem that says where.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto entries = berth::config::read_yaml(text, "fuzz.yaml");
  if (!entries) {
    if (!entries.error().where.starts_with("fuzz.yaml") || entries.error().expected.empty()) std::abort();
    return 0;
  }
  berth::config::Settings settings;
  for (const auto& entry : *entries) {
    if (entry.key.empty() || entry.line < 1 || entry.value.items.size() > berth::config::max_keys) std::abort();
    if (const auto row = berth::config::find_row(entry.key)) berth::config::rows()[*row].set(settings, entry.value);
  }
  return 0;
}
