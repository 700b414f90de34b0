// berth-hostile ACT [ARGUMENT]: tries one hostile act. Exit 0 and "done: …" when it worked, exit 1 and "stopped: …" when
// something stopped it, exit 2 for a wrong call. Each act is chosen so that it does no harm where it works.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

int done(const std::string& what) {
  std::printf("done: %s\n", what.c_str());
  return 0;
}

int stopped(const char* call) {
  std::printf("stopped: %s: %s\n", call, std::strerror(errno));
  return 1;
}

int try_open(const char* path, int flags, const char* what) {
  const int fd = open(path, flags | O_CLOEXEC);
  return fd < 0 ? stopped("open") : done(std::string(what) + " " + path);
}

int act_mount(const char*) {
  mkdir("/tmp/hostile-mount", 0700);
  if (mount("none", "/tmp/hostile-mount", "tmpfs", 0, nullptr) != 0) return stopped("mount");
  umount("/tmp/hostile-mount");
  return done("mounted a tmpfs");
}

int act_user_namespace(const char*) {
  if (unshare(CLONE_NEWUSER) != 0) return stopped("unshare");
  return done("made a user namespace");
}

int act_user_namespace_clone(const char*) {
  const long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) return stopped("clone");
  if (child == 0) _exit(0);
  waitpid(static_cast<pid_t>(child), nullptr, 0);
  return done("cloned into a user namespace");
}

// ARGUMENT: pid of a process outside.
int act_ptrace(const char* pid) {
  const auto target = static_cast<pid_t>(std::atoi(pid));
  if (ptrace(PTRACE_SEIZE, target, nullptr, nullptr) != 0) return stopped("ptrace");
  return done("traces the process");
}

// ARGUMENT: pid of a process outside.
int act_signal(const char* pid) {
  if (kill(static_cast<pid_t>(std::atoi(pid)), 0) != 0) return stopped("kill");
  return done("may signal the process");
}

int act_keyring(const char*) {
  const long key = syscall(SYS_add_key, "user", "berth-hostile", "x", 1UL, -2 /* process keyring */);
  return key < 0 ? stopped("add_key") : done("added a key");
}

int act_io_uring(const char*) {
  char parameters[120] = {};
  const long fd = syscall(SYS_io_uring_setup, 4, parameters);
  return fd < 0 ? stopped("io_uring_setup") : done("made an io_uring");
}

int act_bpf(const char*) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  const long fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
  return fd < 0 ? stopped("bpf") : done("made a BPF map");
}

int act_proc_write(const char*) { return try_open("/proc/sys/kernel/core_pattern", O_WRONLY, "opened for writing"); }
int act_sys_write(const char*) {
  return try_open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY, "opened for writing");
}

// Children that wait; stops at 1,000 and counts how many there were at once.
int act_fork_bomb(const char*) {
  int hold[2];
  if (pipe(hold) != 0) return stopped("pipe");
  std::vector<pid_t> children;
  int failed = 0;
  while (children.size() < 1000) {
    const pid_t child = fork();
    if (child < 0) {
      failed = errno;
      break;
    }
    if (child == 0) {
      close(hold[1]);
      char byte = 0;
      _exit(static_cast<int>(read(hold[0], &byte, 1)));
    }
    children.push_back(child);
  }
  close(hold[1]);
  for (pid_t child : children) waitpid(child, nullptr, 0);
  errno = failed;
  if (failed != 0) return stopped(("fork after " + std::to_string(children.size())).c_str());
  return done("1000 processes at once");
}

int act_memory_bomb(const char*) {
  const std::size_t size = 1536UL << 20;
  char* memory = static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) return stopped("mmap");
  for (std::size_t at = 0; at < size; at += 4096) memory[at] = 1;
  return done("touched 1.5 GiB");
}

int act_device_node(const char*) {
  unlink("/tmp/hostile-device");
  if (mknod("/tmp/hostile-device", S_IFCHR | 0600, makedev(1, 1)) != 0) return stopped("mknod");  // /dev/mem
  unlink("/tmp/hostile-device");
  return done("made a device node");
}

// ARGUMENT: a file of the host.
int act_read_host(const char* path) {
  for (const std::string& way : {std::string(path), "/proc/1/root" + std::string(path), "/proc/self/root/../../../.." + std::string(path)})
    if (const int fd = open(way.c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) return done("read " + way);
  return stopped("open");
}

// ARGUMENT: a port on which a process of the host listens, on 127.0.0.1.
int act_connect(const char* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return stopped("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return stopped("connect");
  return done("connected to the host");
}

// ARGUMENT: path of a unix socket of the host.
int act_unix_socket(const char* path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return stopped("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return stopped("connect");
  return done("connected to a socket of the host");
}

int act_raw_socket(const char*) {
  if (socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) < 0) return stopped("socket");
  return done("opened a raw socket");
}

// ARGUMENT: pid of berth-init as the sandbox sees it (1), or of a stand-in of the same user outside.
int act_init_channel(const char* pid) {
  for (const char* fd : {"0", "1"})
    if (open(("/proc/" + std::string(pid) + "/fd/" + fd).c_str(), O_WRONLY | O_CLOEXEC) >= 0)
      return done("opened a descriptor of the process");
  return stopped("open");
}

int act_init_memory(const char* pid) {
  return try_open(("/proc/" + std::string(pid) + "/mem").c_str(), O_RDWR, "opened the memory");
}

// Finds a set-user-ID program of its own making useful: no_new_privs must keep it from gaining anything.
int act_new_privileges(const char*) {
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    errno = EPERM;
    return stopped("no_new_privs is set");
  }
  return done("may gain privileges through exec");
}

int act_chroot(const char*) {
  if (chroot("/tmp") != 0) return stopped("chroot");
  return done("changed its root");
}

int act_reboot(const char*) {  // CAD off is what every machine has already: no change where it works
  if (syscall(SYS_reboot, 0xfee1dead, 672274793, 0, nullptr) != 0) return stopped("reboot");
  return done("may reboot");
}

int act_hostname(const char*) {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  if (sethostname(name, std::strlen(name)) != 0) return stopped("sethostname");
  return done("may set the host name");
}

struct Act {
  const char* name;
  int (*run)(const char* argument);
  bool needs_argument;
};

constexpr Act acts[] = {{"mount", act_mount, false},
                        {"user_namespace", act_user_namespace, false},
                        {"user_namespace_clone", act_user_namespace_clone, false},
                        {"ptrace", act_ptrace, true},
                        {"signal", act_signal, true},
                        {"keyring", act_keyring, false},
                        {"io_uring", act_io_uring, false},
                        {"bpf", act_bpf, false},
                        {"proc_write", act_proc_write, false},
                        {"sys_write", act_sys_write, false},
                        {"fork_bomb", act_fork_bomb, false},
                        {"memory_bomb", act_memory_bomb, false},
                        {"device_node", act_device_node, false},
                        {"read_host", act_read_host, true},
                        {"connect", act_connect, true},
                        {"unix_socket", act_unix_socket, true},
                        {"raw_socket", act_raw_socket, false},
                        {"init_channel", act_init_channel, true},
                        {"init_memory", act_init_memory, true},
                        {"new_privileges", act_new_privileges, false},
                        {"chroot", act_chroot, false},
                        {"reboot", act_reboot, false},
                        {"hostname", act_hostname, false}};

}  // namespace

int main(int argc, char** argv) {
  for (const Act& act : acts)
    if (argc >= 2 && std::strcmp(argv[1], act.name) == 0 && (!act.needs_argument || argc == 3))
      return act.run(argc == 3 ? argv[2] : "");
  if (argc == 2 && std::strcmp(argv[1], "list") == 0) {
    for (const Act& act : acts) std::printf("%s\n", act.name);
    return 0;
  }
  std::fprintf(stderr, "usage: berth-hostile ACT [ARGUMENT]\n");
  return 2;
}
