#pragma once
// How much memory the machine has, and giving back what we do not need of it. Any thread.

#include <cstdint>

namespace berth::os {

[[nodiscard]] std::uint64_t physical_memory();  // bytes; 0 when it cannot be told
// Gives what the allocator holds and nobody uses back to the system: for a program that goes idle after a burst.
void return_free_memory();

}  // namespace berth::os
