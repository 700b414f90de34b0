// The functions of libfmt that its headers only declare, as far as the shim calls them.
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

namespace {
[[gnu::used]] constexpr auto keep = static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);
}
