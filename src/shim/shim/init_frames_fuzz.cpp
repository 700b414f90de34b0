// Whatever berth-init sends, the shim neither breaks nor hangs: it ends that sandbox with a typed reason, and what it told
// its journals is whole.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "journal/cursor.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "shim/spec.hpp"
#include "shim/supervisor.hpp"
#include "wire/frame.hpp"

namespace {

using namespace berth;

constexpr int terminals = 2;

class Driver final : public sandbox::Driver {
 public:
  explicit Driver(sandbox::Started started) : started_(std::move(started)) {}
  [[nodiscard]] sandbox::Channel channel() const override { return sandbox::Channel::InBand; }
  Result<sandbox::Started> start() override { return std::move(started_); }
  Result<> pause() override { return {}; }
  Result<> resume() override { return {}; }
  Result<sandbox::Usage> usage() override { return sandbox::Usage{}; }
  Result<> destroy() override { return {}; }

 private:
  sandbox::Started started_;
};

std::string id_of(int number) { return TerminalId::from_bits(std::array<std::byte, 16>{static_cast<std::byte>(number)}).str(); }

std::string frame_of(const google::protobuf::MessageLite& message) {
  std::string bytes;
  wire::append_frame(message, bytes);
  return bytes;
}

// Init: ready, then both terminals started, then the input, then gone.
void act(UniqueFd in, UniqueFd out, std::string_view input) {
  wire::FromInit ready;
  ready.mutable_ready()->set_version(1);
  bool writing = os::write_all(out.get(), frame_of(ready)).has_value();
  wire::FrameReader reader;
  char buffer[4096];
  for (int seen = 0; seen < terminals;) {
    const auto got = os::read_some(in.get(), buffer);
    if (!got || !*got || **got == 0 || !reader.feed({buffer, **got})) return;
    while (const auto payload = reader.next()) {
      wire::ToInit frame;
      if (!wire::parse_frame(*payload, frame) || !frame.has_start()) continue;
      wire::FromInit started;
      started.mutable_started()->set_stream(frame.start().stream());
      started.mutable_started()->set_pid(7);
      writing = writing && os::write_all(out.get(), frame_of(started)).has_value();
      ++seen;
    }
  }
  if (writing && !os::write_all(out.get(), input)) return;  // ended by what came before
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path dir = [] {
    std::string pattern = "/dev/shm/berth-shim-fuzz-XXXXXX";
    return std::filesystem::path(::mkdtemp(pattern.data()));
  }();
  static const bool cleaned = std::atexit([] { std::filesystem::remove_all(dir); }) == 0;
  BERTH_CHECK(cleaned);
  std::filesystem::remove_all(dir / "terminals");
  std::filesystem::create_directory(dir / "terminals");

  auto to = os::make_pipe(), from = os::make_pipe();
  auto link = os::socket_pair();
  BERTH_CHECK(to && from && link);
  wire::ShimSpec spec;
  spec.set_version(1);
  spec.set_sandbox_id(SandboxId::from_bits(std::array<std::byte, 16>{}).str());
  spec.set_sandbox_dir(dir);
  spec.set_terminals_dir(dir / "terminals");
  spec.set_secret(std::string(shim::secret_bytes, 's'));
  const SystemClock clock;
  auto supervisor = shim::Supervisor::open({
      .spec = *shim::checked(spec),
      .link = std::move(link->second),
      .open_driver = [&]() -> Result<std::unique_ptr<sandbox::Driver>> {
        return std::make_unique<Driver>(sandbox::Started{.to_init = std::move(to->write), .from_init = std::move(from->read)});
      },
      .clock = &clock,
      .started = [&] {
        for (int i = 0; i < terminals; ++i) {
          wire::ToShim start;
          start.mutable_start()->set_terminal_id(id_of(i));
          start.mutable_start()->mutable_process()->add_argv("sh");
          BERTH_CHECK(os::write_all(link->first.get(), frame_of(start)).has_value());
        }
      },
  });
  BERTH_CHECK(supervisor.has_value());
  {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::jthread init(act, std::move(to->read), std::move(from->write), input);
    const auto ended = (*supervisor)->run();
    BERTH_CHECK(ended && (ended->code == "init_misbehaved" || ended->code == "init_died"));
  }
  for (int i = 0; i < terminals; ++i) {
    const auto known = journal::summary(dir / "terminals" / id_of(i));
    BERTH_CHECK(known && known->exit);
  }
  return 0;
}
