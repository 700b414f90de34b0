#pragma once
// What a shim is started with: spec.pb (wire/shim.proto, ShimSpec) in the sandbox's directory.
//
// Refused: a file of another user, one that others may read or write (it holds the secret), another version, a value out
// of range. Sizes are bytes, durations milliseconds.

#include <filesystem>

#include "base/result.hpp"
#include "sandbox/driver.hpp"
#include "wire/shim.pb.h"

namespace berth::shim {

inline constexpr std::size_t secret_bytes = 32;

Result<wire::ShimSpec> load_spec(const std::filesystem::path& sandbox_dir);
// Fills in defaults for what is 0, and refuses what cannot be.
Result<wire::ShimSpec> checked(wire::ShimSpec spec);
[[nodiscard]] sandbox::Spec driver_spec(const wire::ShimSpec& spec);

}  // namespace berth::shim
