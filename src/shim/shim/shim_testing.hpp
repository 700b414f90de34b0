#pragma once
// For tests of this room: a supervisor on a thread of its own, a driver whose sandbox is the test (or a real berth-init
// as a plain process), and a server. Everything that waits gives up after `patience`.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "os/process.hpp"
#include "sandbox/driver.hpp"
#include "shim/supervisor.hpp"
#include "wire/frame.hpp"

namespace berth::shim::testing {

inline constexpr std::chrono::milliseconds patience{20'000};

// One side of a channel or connection, blocking with patience.
class Peer {
 public:
  Peer() = default;
  Peer(UniqueFd in, UniqueFd out) : in_(std::move(in)), out_(std::move(out)) {}
  explicit Peer(UniqueFd socket);

  void send(const google::protobuf::MessageLite& message, const std::vector<int>& fds = {});
  void send_raw(std::string_view bytes, const std::vector<int>& fds = {});
  // The next frame; false at the end of the stream.
  bool next(google::protobuf::MessageLite& message);
  bool at_end();  // waits for the end, whatever comes before
  void close();
  [[nodiscard]] int in() const { return in_.get(); }

 private:
  UniqueFd in_, out_;
  wire::FrameReader reader_;
};

// The sandbox: what start() hands out is the other end of `init`.
struct FakeSandbox {
  explicit FakeSandbox(sandbox::Channel kind);

  sandbox::Channel kind;
  Peer init;
  sandbox::Started started;
  Result<> start_result;
  std::atomic<int> destroyed{0}, pauses{0}, resumes{0};
  std::atomic<std::uint64_t> oom_kills{0};
  os::Process process;  // a real berth-init; killed by destroy()
};

class Home {
 public:
  Home();
  ~Home();
  Home(const Home&) = delete;
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  [[nodiscard]] std::filesystem::path terminals() const { return dir_ / "terminals"; }
  [[nodiscard]] wire::ShimSpec spec() const;

 private:
  std::filesystem::path dir_;
};

class Shim {
 public:
  enum class Init { Scripted, Real };
  struct Setup {
    sandbox::Channel channel = sandbox::Channel::PtyHandover;
    Init init = Init::Scripted;
    bool ready = true;  // init says so, and the Welcome was read
    std::function<void(wire::ShimSpec&)> change;
    std::function<void(FakeSandbox&)> prepare;
  };
  explicit Shim(Setup setup);
  Shim() : Shim(Setup{}) {}
  ~Shim();

  [[nodiscard]] Peer connect(bool prove = true);  // and reads the Welcome
  [[nodiscard]] Peer connect_raw();
  // Reads frames of the link until one of that kind.
  wire::FromShim await(wire::FromShim::MessageCase kind) { return await(link, kind); }
  static wire::FromShim await(Peer& peer, wire::FromShim::MessageCase kind);
  // Frames of init until one of that kind.
  wire::ToInit await_init(wire::ToInit::MessageCase kind);
  // Starts one and gives the StartProcess that init got.
  wire::StartProcess start(const std::string& id, bool pty, std::vector<std::string> argv = {"prog"}, bool record_input = false);
  void started(std::uint64_t stream, const std::vector<int>& fds = {});
  void output(std::uint64_t stream, std::uint64_t offset, std::string_view data, bool error = false);
  void exit(std::uint64_t stream, int code, std::uint64_t out = 0, std::uint64_t error = 0);
  void end_init() { sandbox->init.close(); }
  const ExitRecord& join();  // waits for run() to return
  [[nodiscard]] std::string journal(const std::string& id) const;
  [[nodiscard]] std::string typed(const std::string& id) const;  // what its journal has of input, one line a record
  void terminate();          // SIGTERM

  Home home;
  wire::ShimSpec spec;
  std::shared_ptr<FakeSandbox> sandbox;
  Peer link;
  wire::FromShim welcome;

 private:
  bool real_;  // init is a process
  SystemClock clock_;
  std::unique_ptr<Supervisor> supervisor_;
  std::thread thread_;
  Result<ExitRecord> ended_ = fail(Code::Internal, "did not run");
};

[[nodiscard]] std::string terminal_id(int number);
[[nodiscard]] wire::ToShim input_of(const std::string& id, std::string data);
// Output frames until `bytes` of data came, or the terminal's exit.
[[nodiscard]] std::string read_output(Peer& peer, const std::string& id, std::size_t bytes);
[[nodiscard]] std::string numbered(std::size_t size);

}  // namespace berth::shim::testing
