#pragma once
// How much memory the machine has. Any thread.

#include <cstdint>

namespace berth::os {

[[nodiscard]] std::uint64_t physical_memory();  // bytes; 0 when it cannot be told

}  // namespace berth::os
