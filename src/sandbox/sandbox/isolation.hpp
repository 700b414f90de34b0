#pragma once
// How strongly a sandbox is kept apart, by the names that people, the API and the store use.

#include <optional>
#include <string_view>

namespace berth::sandbox {

enum class Isolation {
  Auto,       // Gvisor where it works, else Container
  Gvisor,     // a kernel of its own between program and host
  Container,  // the host's kernel, behind namespaces and seccomp
};

[[nodiscard]] std::optional<Isolation> parse_isolation(std::string_view name);  // "auto", "gvisor", "container"
[[nodiscard]] std::string_view to_string(Isolation isolation);

}  // namespace berth::sandbox
