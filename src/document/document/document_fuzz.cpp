#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "document/format.hpp"
#include "document/patch.hpp"

// Properties: what is read is written, read again and written the same; the difference to a fixed document applies and gives
// exactly it; as a patch, the bytes either apply or say why not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace document = berth::document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = document::parse(text, {.bytes = 1 << 16});
  if (!value) return value.error().message.empty() ? std::abort(), 0 : 0;
  const std::string bytes = document::canonical(*value);
  const auto again = document::parse(bytes, {.bytes = 1 << 20});
  if (!again || *again != *value || document::canonical(*again) != bytes) std::abort();
  static const auto fixed = document::parse(R"({"a/b":[1,{"c":null},3],"x":"y","todos":[]})", {});
  const auto moved = document::apply_patch(*fixed, document::difference(*fixed, *value), {});
  if (!moved || document::canonical(*moved) != bytes) std::abort();
  const auto patched = document::apply_patch(*fixed, *value, {.bytes = 1 << 16});
  if (!patched && patched.error().message.empty()) std::abort();
  (void)document::apply_merge_patch(*fixed, *value);
  (void)document::accept(*value);
  return 0;
}
