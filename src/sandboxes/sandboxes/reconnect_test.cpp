// A connection that is lost while the shim lives is made again, by itself; one to a dead shim ends the sandbox. Real shim,
// init, runc and SQLite; the keeper is the test.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "aio/deadline.hpp"
#include "aio/runtime.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox_oci/driver.hpp"
#include "sandboxes/sandboxes.hpp"
#include "store_sqlite/open.hpp"
#include "templates/templates.hpp"

namespace berth::sandboxes {
namespace {

using boost::asio::awaitable;
constexpr std::chrono::seconds patience{60};

struct TestKeeper final : Keeper {
  explicit TestKeeper(const boost::asio::any_io_executor& executor) : changed(executor) {}
  awaitable<Result<>> restore() override { co_return Result<>{}; }
  void attached(std::shared_ptr<link::Link> to, const wire::Welcome&) override {
    link = std::move(to);
    ++times;
    changed.notify();
  }
  void frame(wire::FromShim) override {}
  awaitable<void> ended(std::string why) override {
    reason = std::move(why);
    changed.notify();
    co_return;
  }
  std::shared_ptr<link::Link> link;
  int times = 0;
  std::string reason;
  aio::Event changed;
};

awaitable<Result<>> wait_for(std::shared_ptr<TestKeeper> keeper, std::function<bool(const TestKeeper&)> done) {
  const auto until = [](std::shared_ptr<TestKeeper> of, std::function<bool(const TestKeeper&)> holds) -> awaitable<Result<>> {
    while (!holds(*of)) CO_TRY(co_await of->changed.wait());
    co_return Result<>{};
  };
  co_return co_await aio::with_deadline(until(keeper, std::move(done)), patience, "It did not come to that.");
}

class Reconnect : public testing::Test {
 public:
  Reconnect() {
    char path[] = "/tmp/berth-reconnect-XXXXXX";
    home_ = ::mkdtemp(path);
    for (const char* name : {"sandboxes", "terminals"}) EXPECT_TRUE(os::make_private_directory(home_ / name));
    auto templates = templates::Templates::open({.images = home_ / "images", .cache = ""});
    root_ = templates->build("busybox", [](std::string_view) {})->root;
    auto store = store_sqlite::open({.path = home_ / "berth.db", .clock = &clock_});
    EXPECT_TRUE(store) << store.error().describe();
    store_ = *std::move(store);
  }
  ~Reconnect() override {
    store_->close();
    lanes_.reset();
    (void)os::remove_tree(home_);
    const auto cgroups = os::Cgroups::find();
    EXPECT_FALSE(cgroups->exists(cgroup_parent())) << "the last sandbox left the group above it";
    (void)cgroups->remove(cgroup_parent());
  }
  [[nodiscard]] std::string cgroup_parent() const { return "/berth/" + home_.filename().string(); }
  Context context() {
    return {.store = store_.get(), .clock = &clock_, .pool = &pool_,
            .leaves = {.choose_runtime = {},
                       .remove_traces = [](const std::filesystem::path& dir, const std::string& cgroup) {
                         return sandbox_oci::remove_traces(dir, cgroup);
                       }},
            .options = {.directory = home_ / "sandboxes", .journals = home_ / "terminals", .shim = BERTH_SHIM, .init = BERTH_INIT,
                        .cgroup_parent = cgroup_parent(), .stop_margin = stop_margin_},
            .make_keeper = [this](std::shared_ptr<Sandbox> sandbox) { return keeper_ = std::make_shared<TestKeeper>(sandbox->executor()); }};
  }
  // The story runs on the one lane, so that it may touch what lives there.
  template <class Story>
  void tell(Story story) {
    Sandboxes sandboxes(context(), *lanes_);
    std::optional<Result<>> told;
    boost::asio::co_spawn(runtime_.at(0), story(this, &sandboxes), [&](std::exception_ptr defect, Result<> result) {
      EXPECT_FALSE(defect);
      told = std::move(result);
      runtime_.at(0).stop();
    });
    runtime_.at(0).run();
    ASSERT_TRUE(told);
    EXPECT_TRUE(*told) << told->error().describe();
  }
  Request request() {
    return {.owner = "local", .name = {}, .template_name = "busybox", .template_digest = "d", .template_root = root_,
            .runtime = {.isolation = "container", .kind = "runc", .path = *os::find_executable("runc", "/usr/local/sbin:/usr/sbin:/usr/bin"), .flags = {}},
            .limits = {.memory_bytes = 64 << 20, .cpu_millis = 0, .processes = 64, .open_files = 256}};
  }

  std::chrono::milliseconds stop_margin_{10'000};
  SystemClock clock_;
  std::filesystem::path home_, root_;
  std::unique_ptr<store::Store> store_;
  aio::Pool pool_{"test", 2, 16};
  aio::Runtime runtime_{1};
  std::unique_ptr<aio::Lanes> lanes_ = std::make_unique<aio::Lanes>(runtime_);
  std::shared_ptr<TestKeeper> keeper_;
};

TEST_F(Reconnect, ALostConnectionIsMadeAgain) {
  tell([](Reconnect* test, Sandboxes* sandboxes) -> awaitable<Result<>> {
    CO_TRY_ASSIGN(const auto row, co_await sandboxes->create(test->request()));
    const auto keeper = test->keeper_;
    keeper->link->close();
    CO_TRY(co_await wait_for(keeper, [](const TestKeeper& k) { return k.times == 2; }));
    const auto sandbox = sandboxes->find(row.id);
    wire::FileRequest stat;
    stat.set_path("/");
    CO_TRY_ASSIGN(const auto link, sandbox->link());
    CO_TRY_ASSIGN(const auto reply, co_await link->file(std::move(stat)));
    EXPECT_EQ(reply.entries_size(), 1);
    CO_TRY_ASSIGN(const auto stopped, co_await sandbox->stop(std::chrono::milliseconds{0}));
    EXPECT_EQ(stopped.state, store::SandboxState::Stopped);
    EXPECT_EQ(keeper->reason, "The sandbox was stopped.");
    co_return co_await sandboxes->remove(row.id);
  });
}

TEST_F(Reconnect, AShimThatHangsIsKilledWhenItMustStop) {
  stop_margin_ = std::chrono::milliseconds{100};
  tell([](Reconnect* test, Sandboxes* sandboxes) -> awaitable<Result<>> {
    CO_TRY_ASSIGN(const auto row, co_await sandboxes->create(test->request()));
    const auto record = read_shim_record(test->home_ / "sandboxes" / row.id.str());
    CO_TRY_ASSIGN(const auto shim, record->process.open());
    CO_TRY(os::signal_pidfd(shim.get(), SIGSTOP));
    CO_TRY_ASSIGN(const auto stopped, co_await sandboxes->find(row.id)->stop(std::chrono::milliseconds{0}));
    EXPECT_EQ(stopped.state, store::SandboxState::Stopped);
    EXPECT_EQ(stopped.reason_code, "killed");
    EXPECT_FALSE(record->process.verify());
    EXPECT_FALSE(os::Cgroups::find()->exists(record->cgroup));
    co_return co_await sandboxes->remove(row.id);
  });
}

}  // namespace
}  // namespace berth::sandboxes
