#pragma once
// A system call again for as long as a signal interrupts it. `call` returns -1 and sets errno on failure.

#include <cerrno>

namespace berth::os {

template <class Call>
auto retry(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace berth::os
