#pragma once
// Misuse of our own code ends the process, in release too: going on would lose or forge something later.

#include <cstdio>
#include <cstdlib>

#define BERTH_CHECK(condition)                                                              \
  do {                                                                                      \
    if (!(condition)) [[unlikely]] {                                                        \
      std::fprintf(stderr, "check failed: %s at %s:%d\n", #condition, __FILE__, __LINE__);  \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)
