// Stands in for berth-init in the drivers' tests: says that it runs, then is a shell that the test drives over the
// channel. Static, as init is.

#include <unistd.h>

int main() {
  if (write(1, "ready\n", 6) != 6) return 1;
  execl("/bin/busybox", "sh", nullptr);
  return 127;
}
