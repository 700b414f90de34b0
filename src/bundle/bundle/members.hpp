#pragma once
// Private to bundle: what its members are called, and what the signature is for.

#include <string>
#include <string_view>

#include "bundle/manifest.hpp"

namespace berth::bundle {

inline constexpr std::string_view manifest_name = "manifest.json", signature_name = "manifest.sig";
inline constexpr std::string_view signature_context = "berth bundle manifest, version 1";
[[nodiscard]] inline std::string member_name(const Part& part) { return "parts/" + part.name; }

}  // namespace berth::bundle
