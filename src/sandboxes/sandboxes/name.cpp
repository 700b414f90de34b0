#include "sandboxes/name.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace berth::sandboxes {
namespace {

constexpr std::size_t max_name = 63;

constexpr std::array<std::string_view, 64> adjectives{
    "able",   "amber",  "bold",   "brave",  "bright", "brisk",  "calm",   "clear",  "clever", "cosy",   "crisp",
    "deft",   "eager",  "early",  "fair",   "fast",   "fine",   "fleet",  "fond",   "frank",  "fresh",  "gentle",
    "glad",   "golden", "grand",  "green",  "happy",  "hardy",  "honest", "humble", "keen",   "kind",   "light",
    "lively", "lucky",  "mellow", "merry",  "mild",   "neat",   "nimble", "noble",  "patient", "plain", "proud",
    "quick",  "quiet",  "rapid",  "ready",  "round",  "sharp",  "silver", "smart",  "snug",   "sober",  "solid",
    "steady", "still",  "sturdy", "sunny",  "swift",  "tidy",   "warm",   "wise",   "young"};

constexpr std::array<std::string_view, 64> animals{
    "badger",  "bear",   "beaver", "bison",  "bittern", "bream",  "carp",    "cod",    "coot",    "crab",   "crane",
    "curlew",  "dolphin", "duck",  "eagle",  "eel",     "egret",  "eider",   "falcon", "finch",   "fox",    "gannet",
    "goose",   "grebe",  "gull",   "hare",   "heron",   "herring", "ibis",   "jay",    "kestrel", "kite",   "lark",
    "limpet",  "lobster", "loon",  "lynx",   "marten",  "merlin", "mink",    "mussel", "newt",    "orca",   "osprey",
    "otter",   "owl",    "oyster", "pelican", "perch",  "pike",   "plover",  "puffin", "raven",   "robin",  "salmon",
    "seal",    "shrew",  "snipe",  "stork",  "swan",    "tern",   "trout",   "walrus", "wren"};

bool plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

Result<> check_name(std::string_view name) {
  constexpr const char* hint = "A name has 1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit.";
  if (name.empty() || name.size() > max_name || !plain(name.front()) ||
      !std::ranges::all_of(name, [](char c) { return plain(c) || c == '-'; }))
    return fail(Code::InvalidArgument, "This is not a name for a sandbox.", hint);
  return {};
}

std::string readable_name(std::span<const std::byte> random) {
  BERTH_CHECK(random.size() >= 2);
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(random[i]); };
  std::string name(adjectives[at(0) % adjectives.size()]);
  name += '-';
  name += animals[at(1) % animals.size()];
  if (random.size() >= 4) name += '-' + std::to_string(at(2) * 256 + at(3));
  return name;
}

}  // namespace berth::sandboxes
