#include "os/memory.hpp"

#include <malloc.h>
#include <unistd.h>

namespace berth::os {

std::uint64_t physical_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) : 0;
}

void return_free_memory() { ::malloc_trim(0); }

}  // namespace berth::os
