#include "api_http/server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "aio/event.hpp"
#include "aio/runtime.hpp"
#include "aio/task_group.hpp"
#include "api_http/connection.hpp"
#include "api_http/listener.hpp"
#include "api_http/openapi.hpp"
#include "api_http/tls.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"

namespace berth::api_http {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds first_request_time{1'000};  // for who was accepted and asked nothing yet

using Count = std::shared_ptr<std::atomic<std::size_t>>;

class Ticket {
 public:
  explicit Ticket(Count count) : count_(std::move(count)) { ++*count_; }
  ~Ticket() { --*count_; }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

 private:
  Count count_;
};

// What lives on one thread of the runtime.
struct Lane {
  Lane(asio::any_io_executor e, Shared& s) : executor(std::move(e)), shared(s), tasks(executor), ended(executor) {}
  asio::any_io_executor executor;
  Shared& shared;
  aio::TaskGroup tasks;
  struct Open { Connection* connection; bool movable; };
  std::vector<Open> open;
  std::vector<IdleClient> idle;  // that ended between two requests
  std::size_t carriers = 0;  // TLS in front of a connection; it has the last word to the client
  aio::Event ended;
};

// A client that moves on to the next server asks there.
Connection::Finish finish_of(const Lane& lane, bool movable) {
  return lane.shared.handing_over && !movable ? Connection::Finish::AfterFirst : Connection::Finish::Now;
}

asio::awaitable<void> run_connection(Lane* lane, UniqueFd fd, Peer peer) {
  const bool movable = peer.scheme == Scheme::Http, local_user = peer.local_user;
  std::string address = peer.address;
  const auto connection = Connection::open(lane->shared, lane->executor, std::move(fd), std::move(peer));
  lane->open.push_back({connection.get(), movable});
  if (lane->shared.stopping) connection->finish(finish_of(*lane, movable));
  co_await connection->run();
  std::erase_if(lane->open, [&](const Lane::Open& entry) { return entry.connection == connection.get(); });
  if (auto client = connection->take_idle(); client && movable && lane->shared.handing_over)
    lane->idle.push_back({*std::move(client), local_user, std::move(address)});
  lane->ended.notify();
}

asio::awaitable<void> run_tls(Lane* lane, std::shared_ptr<Tls> tls, UniqueFd encrypted, UniqueFd plain) {
  ++lane->carriers;
  co_await tls->carry(std::move(encrypted), std::move(plain), lane->shared.limits.request);
  --lane->carriers;
  lane->ended.notify();
}

asio::awaitable<void> run_listener(Listener* listener) { co_await listener->run(); }

// Whether all of its connections ended within the time.
asio::awaitable<bool> empties(Lane* lane, std::chrono::milliseconds limit) {
  const auto late = std::make_shared<bool>(false);
  asio::steady_timer timer(lane->executor, limit);
  timer.async_wait([late, lane](boost::system::error_code error) {
    if (error) return;
    *late = true;
    lane->ended.notify();
  });
  const auto busy = [lane] { return !lane->open.empty() || lane->carriers > 0; };
  while (busy() && !*late) (void)co_await lane->ended.wait();
  co_return !busy();
}

// Every connection of the lane ends: after its request within the time, then at once.
asio::awaitable<void> stop_lane(Lane* lane, std::chrono::milliseconds limit) {
  for (const auto& [connection, movable] : lane->open) connection->finish(finish_of(*lane, movable));
  bool ended = false;
  if (lane->shared.handing_over) {
    const auto first = std::min(limit, first_request_time);
    ended = co_await empties(lane, first);
    for (const auto& [connection, movable] : lane->open) connection->finish(Connection::Finish::Now);
    limit -= first;
  }
  if (!ended) ended = co_await empties(lane, limit);
  for (const auto& [connection, movable] : lane->open) connection->abort();
  (void)co_await lane->tasks.stop(std::chrono::milliseconds{1'000});
}

}  // namespace

Result<Sockets> listen(const Settings& settings) {
  Sockets out;
  TRY_ASSIGN(out.tcp, listen_tcp(settings));
  if (!settings.socket.empty()) {
    TRY_ASSIGN(out.local, os::listen_unix(settings.socket, 1024));
  }
  return out;
}

class Server::Impl {
 public:
  Impl(aio::Runtime& runtime, control::Control& control, log::Logger log, Settings settings, Takeover takeover)
      : settings_(std::move(settings)),
        shared_{.control = control, .log = std::move(log), .access = {}, .limits = settings_.limits,
                .takeover = std::move(takeover), .document = openapi_document(BERTH_VERSION)} {
    shared_.access = {.origins = settings_.origins, .hosts = settings_.hosts, .any_host = !is_loopback(settings_.address)};
    for (std::size_t i = 0; i < runtime.size(); ++i)
      lanes_.push_back(std::make_unique<Lane>(runtime.at(i).get_executor(), shared_));
  }

  Result<> serve(const Sockets& sockets, bool own) {
    own_ = own;
    const auto incoming = [this](Incoming connection) { take(std::move(connection)); };
    const auto& executor = lanes_.front()->executor;
    if (!settings_.certificate.empty()) {
      TRY_ASSIGN(tls_, Tls::open(settings_.certificate, settings_.key));
    }
    TRY_ASSIGN(auto listening, os::duplicate(sockets.tcp.get()));
    const Scheme scheme = tls_ ? Scheme::Https : Scheme::Http;
    TRY_ASSIGN(auto tcp, Listener::tcp(executor, std::move(listening), scheme, shared_.log, incoming));
    port_ = tcp->port();
    listeners_.push_back(std::move(tcp));
    if (sockets.local) {
      TRY_ASSIGN(auto copy, os::duplicate(sockets.local.get()));
      TRY_ASSIGN(auto local, Listener::unix_socket(executor, std::move(copy), shared_.log, incoming));
      listeners_.push_back(std::move(local));
    }
    if (own) accept();
    return {};
  }

  void accept() {
    for (const auto& listener : listeners_) lanes_.front()->tasks.spawn(run_listener(listener.get()));
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return *count_; }

  asio::awaitable<std::vector<IdleClient>> stop(std::chrono::milliseconds deadline, bool handing_over) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    shared_.handing_over = handing_over;
    shared_.stopping = true;
    co_await asio::co_spawn(lanes_.front()->executor, close_listeners(), asio::use_awaitable);
    for (const auto& lane : lanes_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      co_await asio::co_spawn(lane->executor, stop_lane(lane.get(), std::max(left, std::chrono::milliseconds{0})), asio::use_awaitable);
    }
    if (own_ && !settings_.socket.empty()) (void)os::remove_file(settings_.socket);
    std::vector<IdleClient> idle;
    for (const auto& lane : lanes_) std::move(lane->idle.begin(), lane->idle.end(), std::back_inserter(idle));
    co_return idle;
  }

  void adopt(IdleClient client) {
    asio::post(lanes_.front()->executor, [this, moved = std::make_shared<IdleClient>(std::move(client))] {
      take({std::move(moved->connection), {.scheme = Scheme::Http, .local_user = moved->local_user, .address = moved->address, .ticket = {}}});
    });
  }

 private:
  asio::awaitable<void> close_listeners() {
    for (const auto& listener : listeners_) listener->close();
    co_return;
  }

  // On the first lane.
  void take(Incoming incoming) {
    if (*count_ >= settings_.limits.connections) return;  // the descriptor closes
    incoming.peer.ticket = std::make_shared<Ticket>(count_);
    Lane* lane = lanes_[next_++ % lanes_.size()].get();
    if (incoming.peer.scheme == Scheme::Https) {
      auto pair = os::socket_pair();
      if (!pair) return;
      lane->tasks.spawn(run_tls(lane, tls_, std::move(incoming.connection), std::move(pair->first)));
      incoming.connection = std::move(pair->second);
    }
    lane->tasks.spawn(run_connection(lane, std::move(incoming.connection), std::move(incoming.peer)));
  }

  const Settings settings_;
  Shared shared_;
  const Count count_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::shared_ptr<Tls> tls_;
  std::uint16_t port_ = 0;
  bool own_ = false;  // the sockets end with us
  std::size_t next_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(aio::Runtime& runtime, control::Control& control, log::Logger log, Settings settings,
                                             Takeover takeover, const Sockets* sockets) {
  Sockets own;
  if (sockets == nullptr) {
    TRY_ASSIGN(own, listen(settings));
  }
  auto impl = std::make_unique<Impl>(runtime, control, std::move(log), std::move(settings), std::move(takeover));
  TRY(impl->serve(sockets == nullptr ? own : *sockets, sockets == nullptr));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port(); }
std::size_t Server::connections() const { return impl_->connections(); }
asio::awaitable<void> Server::stop(std::chrono::milliseconds deadline) { (void)co_await impl_->stop(deadline, false); }
asio::awaitable<std::vector<IdleClient>> Server::hand_over(std::chrono::milliseconds deadline) { return impl_->stop(deadline, true); }
void Server::accept() { impl_->accept(); }
void Server::adopt(IdleClient client) { impl_->adopt(std::move(client)); }

}  // namespace berth::api_http
