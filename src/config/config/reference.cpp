#include <fmt/format.h>

#include <string>

#include "config/config.hpp"
#include "config/schema.hpp"

namespace berth::config {
namespace {

// "512MiB" of a table's cell; empty stays empty, a bar would end the cell.
std::string cell(std::string_view text, std::string_view quote = "") {
  if (text.empty()) return {};
  std::string out(quote);
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out += quote;
}

}  // namespace

const std::vector<Description>& schema() {
  static const std::vector<Description> all = [] {
    std::vector<Description> out;
    for (const Row& row : rows()) out.push_back(row.about);
    return out;
  }();
  return all;
}

std::string reference_markdown() {
  std::string out = R"(# Configuration

This page is made by `berth config reference`; a test compares the two.

A setting comes from, the later the stronger: its default, `$BERTH_HOME/config.yaml`, the environment, a flag
(`--set http.port=8080`). `berth config show` prints every value and where it came from, `berth config check` every
problem of a file at once.

```yaml
http:
  port: 8080
  allowed_origins: [https://berth.example.org]
sandbox:
  memory_bytes: 1GiB
  stop_grace_ms: 10s
```

Sizes take K, M, G, T, KiB, MiB, GiB, TiB (1024) and KB, MB, GB, TB (1000); durations ms, s, m, h, d, and are
milliseconds without a unit; flags true, false, yes, no, on, off, 1, 0; lists are items between commas, in the file also
YAML lists. A file has at most 1 MiB, 10 levels and 1,000 keys a level, and no anchors or aliases. An unknown key, a wrong
type and a value out of range are errors.
)";
  std::string_view group;
  for (const auto& [name, about] : groups()) {
    group = name;
    fmt::format_to(std::back_inserter(out),
                   "\n## {}\n\n{}\n\n| setting | type | default | range | environment | |\n| --- | --- | --- | --- | "
                   "--- | --- |\n",
                   name, about);
    for (const Description& row : schema())
      if (row.name.starts_with(std::string(group) + "."))
        fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} |\n", cell(row.name, "`"),
                       row.type.starts_with("a ") ? row.type.substr(2) : row.type, cell(row.initial, "`"),
                       cell(row.range), cell(row.environment, "`"), cell(row.help));
  }
  return out;
}

}  // namespace berth::config
