// berth-init <no arguments>: the channel is fd 0 and fd 1 (one unix socket, or two pipes), the log is stderr.

#include <cstdio>
#include <cstring>

#include "guest/init.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::puts("berth-init " BERTH_VERSION);
    return 0;
  }
  if (argc != 1) {
    std::fputs("berth-init is the first process of a sandbox; it takes no arguments.\n", stderr);
    return 2;
  }
  return berth::guest::run(berth::UniqueFd{0}, berth::UniqueFd{1});
}
