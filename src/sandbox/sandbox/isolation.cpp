#include "sandbox/isolation.hpp"

namespace berth::sandbox {

std::string_view to_string(Isolation isolation) {
  switch (isolation) {
    case Isolation::Auto: return "auto";
    case Isolation::Gvisor: return "gvisor";
    case Isolation::Container: return "container";
  }
  return "";
}

std::optional<Isolation> parse_isolation(std::string_view name) {
  for (const auto isolation : {Isolation::Auto, Isolation::Gvisor, Isolation::Container}) {
    if (name == to_string(isolation)) return isolation;
  }
  return std::nullopt;
}

}  // namespace berth::sandbox
