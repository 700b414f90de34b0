// The seccomp profile as a table. libseccomp knows the numbers; a name that it does not know is left out by the
// runtime.
//
// Only x86_64 is listed: a system call of another ABI (int 0x80, x32) ends the process, since a filter written in one
// ABI's numbers says nothing about another's. clone3 takes its flags in memory where no filter sees them, so it is
// ENOSYS and libc falls back to clone, whose flags are checked. Sources: seccomp(2), OCI runtime-spec config-linux.md.

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "sandbox_oci/bundle.hpp"

namespace berth::sandbox_oci {
namespace json = boost::json;
namespace {

// CLONE_NEWTIME | NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
constexpr std::uint64_t clone_newtime = 0x80;
constexpr std::uint64_t new_namespace_flags = 0x7E020000 | clone_newtime;
constexpr int eperm = 1;
constexpr int enosys = 38;
constexpr int eafnosupport = 97;

// clang-format off
constexpr const char* allowed[] = {
    // files by descriptor
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "flock", "fsync", "fdatasync", "sync", "syncfs",
    "sync_file_range", "ftruncate", "fallocate", "fadvise64", "readahead", "sendfile", "splice", "tee", "vmsplice",
    "copy_file_range", "ioctl", "pipe", "pipe2", "cachestat",
    // files by name
    "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "lstat", "fstat", "newfstatat",
    "statx", "statfs", "fstatfs", "truncate", "readlink", "readlinkat", "link", "linkat", "symlink", "symlinkat", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod",
    "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "umask", "utime", "utimes", "utimensat",
    "futimesat", "chdir", "fchdir", "getcwd", "getdents", "getdents64", "name_to_handle_at", "setxattr", "lsetxattr",
    "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "removexattr",
    "lremovexattr", "fremovexattr", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "ustat",
    // memory
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock", "mlockall",
    "munlockall", "memfd_create", "memfd_secret", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "remap_file_pages", "get_mempolicy", "process_madvise", "process_mrelease", "map_shadow_stack",
    // processes and threads
    "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "getpid", "getppid", "gettid", "getpgid",
    "getpgrp", "setpgid", "getsid", "setsid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
    "setfsgid", "capget", "capset", "prctl", "arch_prctl", "set_tid_address", "set_robust_list", "get_robust_list",
    "rseq", "futex", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue", "ptrace", "process_vm_readv",
    "process_vm_writev", "kcmp", "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "seccomp", "landlock_create_ruleset",
    "landlock_add_rule", "landlock_restrict_self", "getpriority", "setpriority", "ioprio_get", "ioprio_set",
    "sched_yield", "sched_getparam", "sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_getattr",
    "sched_setattr", "sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "sched_getaffinity",
    "sched_setaffinity", "getcpu", "getrlimit", "setrlimit", "prlimit64", "getrusage", "times", "sysinfo", "uname",
    "getrandom", "restart_syscall", "modify_ldt", "set_thread_area", "get_thread_area",
    // signals, time, waiting
    "kill", "tkill", "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigpending", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "signalfd", "signalfd4", "pause", "alarm",
    "getitimer", "setitimer", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
    "adjtimex", "clock_adjtime", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "poll", "ppoll", "select", "pselect6",
    "pselect",  // as this gVisor calls pselect6; without it readline sees the end of its input
    "epoll_create",
    "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_wait_old", "epoll_pwait", "epoll_pwait2",
    "eventfd", "eventfd2",
    // asynchronous I/O of the old kind
    "io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents",
    // sockets; socket() itself is below
    "socketpair", "bind", "listen", "accept", "accept4", "connect", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
    // System V and POSIX IPC, in a namespace of their own
    "shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv",
    "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr",
};

// Most need a capability anyway; naming them holds when a kernel forgets to ask for it.
constexpr const char* refused[] = {
    "mount", "umount", "umount2", "move_mount", "mount_setattr", "open_tree", "open_tree_attr", "fsopen", "fsconfig",
    "fsmount", "fspick", "statmount", "listmount", "pivot_root", "chroot", "setns", "add_key", "keyctl", "request_key",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "fanotify_init",
    "fanotify_mark", "open_by_handle_at", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "query_module", "get_kernel_syms", "reboot", "swapon", "swapoff", "acct",
    "quotactl", "quotactl_fd", "nfsservctl", "lookup_dcookie", "syslog", "sysfs", "_sysctl", "uselib", "vhangup",
    "iopl", "ioperm", "sethostname", "setdomainname", "clock_settime", "settimeofday", "mbind", "set_mempolicy",
    "set_mempolicy_home_node", "migrate_pages", "move_pages", "vserver",
};
// clang-format on

template <std::size_t n>
json::array names(const char* const (&table)[n]) {
  json::array out;
  out.reserve(n);
  for (const char* name : table) out.emplace_back(name);
  return out;
}

json::object rule(json::array syscalls, const char* action) {
  return {{"names", std::move(syscalls)}, {"action", action}};
}

json::object refuse(json::array syscalls, int sys_errno) {
  auto out = rule(std::move(syscalls), "SCMP_ACT_ERRNO");
  out["errnoRet"] = sys_errno;
  return out;
}

json::object when(json::object out, std::uint64_t value, const char* comparison) {
  out["args"] = json::array{json::object{{"index", 0}, {"value", value}, {"op", comparison}}};
  return out;
}

json::object when_masked(json::object out, int index, std::uint64_t mask, std::uint64_t value) {
  out["args"] =
      json::array{json::object{{"index", index}, {"value", mask}, {"valueTwo", value}, {"op", "SCMP_CMP_MASKED_EQ"}}};
  return out;
}

// One rule a bit, since libseccomp has no "masked, not equal".
void refuse_flags(json::array& rules, const char* syscall, std::uint64_t flags) {
  for (std::uint64_t bit = 1; bit <= flags; bit <<= 1) {
    if ((flags & bit) != 0) rules.push_back(when_masked(refuse({syscall}, eperm), 0, bit, bit));
  }
}

// Files, pipes and sockets may be made by name; devices may not, although none could be opened.
void refuse_devices(json::array& rules, const char* syscall, int mode_index) {
  for (const std::uint64_t type : {S_IFCHR, S_IFBLK}) {
    rules.push_back(when_masked(refuse({syscall}, eperm), mode_index, S_IFMT, type));
  }
}

// AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK; the rest is old code that hardly anybody else runs.
constexpr std::uint64_t ordinary_families[] = {1, 2, 10, 16};

void refuse_families(json::array& rules) {
  constexpr std::uint64_t last = 16;
  for (std::uint64_t family = 0; family <= last; ++family) {
    if (std::ranges::find(ordinary_families, family) != std::end(ordinary_families)) continue;
    rules.push_back(when(refuse({"socket"}, eafnosupport), family, "SCMP_CMP_EQ"));
  }
  rules.push_back(when(refuse({"socket"}, eafnosupport), last, "SCMP_CMP_GT"));
}

json::array refusals() {
  json::array rules{refuse(names(refused), eperm)};
  // NEWTIME shares its bit with clone's exit signal, and clone cannot take it
  refuse_flags(rules, "clone", new_namespace_flags & ~clone_newtime);
  refuse_flags(rules, "unshare", new_namespace_flags);
  refuse_devices(rules, "mknod", 1);
  refuse_devices(rules, "mknodat", 2);
  refuse_families(rules);
  return rules;
}

void add_allowances(json::array& rules) {
  const auto allow = [](const char* syscall) { return rule({syscall}, "SCMP_ACT_ALLOW"); };
  rules.push_back(rule(names(allowed), "SCMP_ACT_ALLOW"));
  rules.push_back(when_masked(allow("clone"), 0, new_namespace_flags & ~clone_newtime, 0));
  rules.push_back(when_masked(allow("unshare"), 0, new_namespace_flags, 0));
  for (const std::uint64_t type : {0, S_IFREG, S_IFIFO, S_IFSOCK}) {
    rules.push_back(when_masked(allow("mknod"), 1, S_IFMT, type));
    rules.push_back(when_masked(allow("mknodat"), 2, S_IFMT, type));
  }
  for (const auto family : ordinary_families) rules.push_back(when(allow("socket"), family, "SCMP_CMP_EQ"));
  // PER_LINUX, UNAME26, ADDR_NO_RANDOMIZE (debuggers), both, and "only ask"
  for (const std::uint64_t value : {0x0ull, 0x20000ull, 0x40000ull, 0x60000ull, 0xffffffffull}) {
    rules.push_back(when(allow("personality"), value, "SCMP_CMP_EQ"));
  }
}

}  // namespace

json::object make_seccomp(Kernel kernel) {
  auto rules = refusals();
  if (kernel == Kernel::Gvisor) {
    return {{"defaultAction", "SCMP_ACT_ALLOW"},
            {"architectures", json::array{"SCMP_ARCH_X86_64"}},
            {"syscalls", std::move(rules)}};
  }
  rules.push_back(refuse({"clone3"}, enosys));
  add_allowances(rules);
  return {
      {"defaultAction", "SCMP_ACT_ERRNO"},
      {"defaultErrnoRet", enosys},
      {"architectures", json::array{"SCMP_ARCH_X86_64"}},
      {"syscalls", std::move(rules)},
  };
}

}  // namespace berth::sandbox_oci
