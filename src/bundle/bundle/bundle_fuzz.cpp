// A good bundle that somebody changed, or any bytes at all: reading ends in bounded memory, and what is given out as whole is
// what was written. The input's first byte says what the rest is: a file, an archive to be packed, or changes of a good archive.

#include "base/check.hpp"
#include "bundle/bundle_testing.hpp"

namespace {

using namespace berth;
using namespace berth::bundle;
using namespace berth::bundle::testing;

const Contents contents{{"a", "one"}, {"b/c", ""}, {"d", std::string(700, 'd')}};

std::string good_tar() {
  const Manifest manifest = manifest_of(contents, some_key());
  std::string tar = head_of(manifest);
  for (const auto& [name, bytes] : contents) tar += member(manifest, "parts/" + name, bytes);
  return tar + tar_end;
}

void change(std::string& bytes, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i + 4 <= size && !bytes.empty(); i += 4) {
    const std::size_t at = (data[i] | data[i + 1] << 8) % bytes.size();
    switch (data[i + 2] % 4) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (data[i + 3] | 1)); break;
      case 1: bytes.resize(at); break;
      case 2: bytes.erase(at, data[i + 3] * 8); break;
      case 3: bytes.insert(at, bytes.substr(at / 2, data[i + 3])); break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static File file, made;
  static const std::string good = good_tar(), bundle = packed(made, good);
  if (size == 0) return 0;
  std::string bytes;
  if (data[0] % 4 == 0) {
    bytes.assign(data + 1, data + size);
  } else if (data[0] % 4 == 1) {
    bytes = packed(made, std::string(data + 1, data + size));
  } else if (data[0] % 4 == 2) {
    std::string tar = good;
    change(tar, data + 1, size - 1);
    bytes = packed(made, tar);
  } else {
    bytes = bundle;
    change(bytes, data + 1, size - 1);
  }
  const auto read = unpack(file, bytes, {.manifest_bytes = 1 << 16, .bytes = 1 << 20});
  if (bytes == bundle) BERTH_CHECK(read.has_value());
  if (!read) BERTH_CHECK(!read.error().message.empty());
  if (read && read->manifest.signer.key == hex_of(some_key().public_key())) BERTH_CHECK(read->contents == contents);
  return 0;
}
