#include "control/control_testing.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "aio/on.hpp"
#include "crypto/crypto.hpp"
#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox_oci/driver.hpp"
#include "store_sqlite/open.hpp"

namespace berth::control::testing {
namespace {

std::unique_ptr<Home> shared_home;

std::unique_ptr<store::Store> open_store(const std::filesystem::path& home, const Clock& clock) {
  auto store = store_sqlite::open({.path = home / "berth.db", .clock = &clock});
  if (!store) throw std::runtime_error(store.error().describe());
  return *std::move(store);
}

templates::Templates open_templates(const std::filesystem::path& home) {
  auto templates = templates::Templates::open({.images = home / "images", .cache = ""});
  if (!templates) throw std::runtime_error(templates.error().describe());
  return *std::move(templates);
}

}  // namespace

Home::Home() {
  char path[] = "/tmp/berth-control-XXXXXX";
  dir_ = ::mkdtemp(path);
  if (auto built = open_templates(dir_).build("busybox", [](std::string_view) {}); !built) throw std::runtime_error(built.error().describe());
}

Home::~Home() { (void)os::remove_tree(dir_); }

sandboxes::Leaves Server::real_leaves() {
  return {.choose_runtime = [](const std::string&) -> Result<sandboxes::Runtime> {
            TRY_ASSIGN(const auto runc, os::find_executable("runc", "/usr/local/sbin:/usr/sbin:/usr/bin"));
            return sandboxes::Runtime{.isolation = "container", .kind = "runc", .path = runc, .flags = {}};
          },
          .remove_traces = [](const std::filesystem::path& dir, const std::string& cgroup) {
            return sandbox_oci::remove_traces(dir, cgroup);
          }};
}

Server::Server(const std::filesystem::path& home, Settings settings, sandboxes::Leaves leaves)
    : templates(open_templates(home)), store(open_store(home, clock)) {
  settings.sandbox_template = "busybox";
  auto opened = Service::open({.runtime = &runtime, .store = store.get(), .clock = &clock, .templates = &templates, .log = {},
                               .home = home, .shim = BERTH_SHIM, .init = BERTH_INIT, .leaves = std::move(leaves), .settings = settings});
  if (!opened) throw std::runtime_error(opened.error().describe());
  service = *std::move(opened);
  runtime.start();
  if (auto recovered = wait(service->recover()); !recovered) throw std::runtime_error(recovered.error().describe());
}

Server::~Server() {
  store->close();
  runtime.stop();
}

store::SandboxRow Server::create(CreateSandbox action) {
  auto row = ask<store::SandboxRow>(std::move(action));
  if (!row) throw std::runtime_error(row.error().describe());
  return *std::move(row);
}

ExecResult Server::exec(const std::string& sandbox, std::vector<std::string> argv, std::string input) {
  auto result = ask<ExecResult>(Exec{.sandbox = sandbox, .argv = std::move(argv), .input = std::move(input)});
  if (!result) throw std::runtime_error(result.error().describe());
  return *std::move(result);
}

boost::asio::awaitable<Result<Seen>> watch_here(std::shared_ptr<Attachment> attachment, std::string until) {
  Seen seen;
  while (!seen.ended && (until.empty() || seen.bytes.find(until) == std::string::npos)) {
    const ByteOffset at = attachment->position();
    CO_TRY_ASSIGN(auto item, co_await attachment->read());
    if (auto* ended = std::get_if<Attachment::Ended>(&item)) {
      seen.ended = std::move(*ended);
      continue;
    }
    const auto& chunk = std::get<Attachment::Chunk>(item);
    EXPECT_EQ(chunk.from, at) << "a byte was left out or came twice";
    seen.bytes += chunk.data;
  }
  co_return seen;
}

boost::asio::awaitable<Result<Seen>> watch(std::shared_ptr<Attachment> attachment, std::string until) {
  const auto executor = attachment->executor();
  co_return co_await aio::on(executor, watch_here(std::move(attachment), std::move(until)));
}

void ServiceTest::SetUpTestSuite() { shared_home = std::make_unique<Home>(); }
void ServiceTest::TearDownTestSuite() { shared_home.reset(); }

const std::filesystem::path& ServiceTest::home() { return shared_home->dir(); }

namespace {
boost::asio::awaitable<Result<>> stop(Service* service) {
  co_await service->stop(patience);
  co_return Result<>{};
}
}  // namespace

void ServiceTest::SetUp() { server_ = std::make_unique<Server>(home()); }

void ServiceTest::TearDown() {
  if (!server_) server_ = std::make_unique<Server>(home());
  const auto left = server_->ask<store::Page<store::SandboxRow>>(ListSandboxes{.state = {}, .page = {.after = {}, .limit = 100}});
  ASSERT_TRUE(left) << left.error().describe();
  for (const auto& row : left->rows)
    EXPECT_TRUE(server_->ask<Done>(RemoveSandbox{.sandbox = row.id.str(), .force = true})) << row.name;
  EXPECT_TRUE(server_->wait(stop(server_->service.get())));
  server_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(home() / "sandboxes"));
  const auto cgroups = os::Cgroups::find();
  ASSERT_TRUE(cgroups);
  EXPECT_FALSE(cgroups->exists("/berth/" + crypto::sha256_hex(home().native()).substr(0, 12)));
}

}  // namespace berth::control::testing
