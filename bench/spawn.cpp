// berth-bench-spawn COUNT PROGRAM [ARG…]: spawns the program COUNT times, one after the other, waits for each, and prints
// the times in microseconds, one a line. Run inside a sandbox it measures what a spawn costs there by itself.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  for (int left = std::atoi(argv[1]); left > 0; --left) {
    const auto begin = std::chrono::steady_clock::now();
    pid_t pid = 0;
    if (posix_spawn(&pid, argv[2], nullptr, nullptr, argv + 2, environ) != 0) return 1;
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) return 1;
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    std::printf("%.1f\n", took.count());
  }
}
