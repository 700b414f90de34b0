#pragma once
// For tests of this room: a whole service in a home of its own, with SQLite, runc, the real shim and init and the busybox
// template. Calls block with patience. A Server may be dropped without stop(), as kill -9 would do to it.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "aio/runtime.hpp"
#include "control/service.hpp"
#include "templates/templates.hpp"

namespace berth::control::testing {

inline constexpr std::chrono::seconds patience{60};

// $BERTH_HOME with the busybox template; one for all tests of the process, since unpacking is slow.
class Home {
 public:
  Home();
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  [[nodiscard]] templates::Templates templates() const;

 private:
  std::filesystem::path dir_;
};

class Server {
 public:
  explicit Server(const std::filesystem::path& home, Settings settings = without_rate(), sandboxes::Leaves leaves = real_leaves());
  ~Server();  // as a kill would end it
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  static sandboxes::Leaves real_leaves();
  static Settings without_rate() { return {.rate_requests_per_second = 1'000'000, .rate_burst = 1'000'000}; }
  static Caller me() { return {.owner = "local", .key = "socket", .address = "here", .request_id = "req_test", .permissions = store::Permissions::all()}; }
  static Caller stranger() { return {.owner = "stranger", .key = "socket", .address = "there", .request_id = "req_other", .permissions = store::permissions_of(store::Role::Member)}; }

  template <class T>
  Result<T> ask(Action action, Caller caller = me()) {
    return wait(perform_as<T>(*service, std::move(caller), std::move(action)));
  }
  template <class T>
  std::future<T> begin(boost::asio::awaitable<T> work) {
    return boost::asio::co_spawn(runtime.next(), std::move(work), boost::asio::use_future);
  }
  template <class T>
  T wait(boost::asio::awaitable<T> work) {
    auto future = begin(std::move(work));
    if (future.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no answer in time");
    return future.get();
  }
  // A sandbox of busybox, running.
  store::SandboxRow create(CreateSandbox action = {});
  ExecResult exec(const std::string& sandbox, std::vector<std::string> argv, std::string input = {});

  aio::Runtime runtime{2};
  SystemClock clock;
  templates::Templates templates;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Service> service;
};

// Reads an attachment from where it is until its end, or until what was read contains `until`.
struct Seen { std::string bytes; std::optional<Attachment::Ended> ended; };
boost::asio::awaitable<Result<Seen>> watch(std::shared_ptr<Attachment> attachment, std::string until);

class ServiceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;
  void TearDown() override;  // removes every sandbox
  static const std::filesystem::path& home();
  std::unique_ptr<Server> server_;
};

}  // namespace berth::control::testing
