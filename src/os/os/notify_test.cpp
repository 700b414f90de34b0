#include "os/notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/unique_fd.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

// Says its name in the environment; what was told is read back.
struct Manager {
  UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

  explicit Manager(std::string name) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = 0;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0) << std::strerror(errno);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  std::string told() const {
    std::array<char, 256> space{};
    const auto n = ::recv(socket.get(), space.data(), space.size(), MSG_DONTWAIT);
    return n < 0 ? "" : std::string(space.data(), static_cast<std::size_t>(n));
  }
};

TEST(Notify, TheManagerIsToldByPathAndByAbstractName) {
  const ScratchDir dir;
  for (const auto& name : {(dir / "notify").string(), "@berth-notify-" + std::to_string(::getpid())}) {
    const Manager manager(name);
    EXPECT_TRUE(notify_service_manager("READY=1\nMAINPID=7\n"));
    EXPECT_EQ(manager.told(), "READY=1\nMAINPID=7\n") << name;
  }
}

TEST(Notify, NobodyToTellIsFineAndADeadOneIsSaid) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(notify_service_manager("READY=1\n"));
  const ScratchDir dir;
  ::setenv("NOTIFY_SOCKET", (dir / "none").c_str(), 1);
  EXPECT_EQ(notify_service_manager("READY=1\n").error().sys_errno, ENOENT);
  ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  EXPECT_EQ(notify_service_manager("READY=1\n").error().sys_errno, ENAMETOOLONG);
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace berth::os
