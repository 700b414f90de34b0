#include "client/scripted_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace berth::client {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Socket = asio::local::stream_protocol::socket;

// Lets Beast cut a unix socket; it knows TCP alone.
void teardown(beast::role_type, Socket& socket, beast::error_code& error) { socket.close(error); }

namespace {

using Wire = http::request<http::string_body>;

class BeastPeer final : public ScriptedServer::Peer {
 public:
  BeastPeer(websocket::stream<Socket&>& socket, std::string target) : socket_(socket), target_(std::move(target)) {}
  const std::string& target() const override { return target_; }

  bool read(Message& into) override {
    beast::flat_buffer buffer;
    beast::error_code error;
    socket_.read(buffer, error);
    if (error) return false;
    into = {.text = socket_.got_text(),
            .data = std::string(static_cast<const char*>(buffer.cdata().data()), buffer.size())};
    return true;
  }
  void text(const std::string& data) override { write(true, data); }
  void output(int stream, std::uint64_t from, const std::string& bytes) override {
    std::string frame(1, static_cast<char>(stream));
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(from >> shift);
    write(false, frame + bytes);
  }
  void hello(std::uint64_t from) override {
    text(R"({"type":"hello","terminal":{"id":"trm_x"},"from":)" + std::to_string(from) + "}");
  }

 private:
  void write(bool text, const std::string& data) {
    beast::error_code ignored;  // the test sees what is missing
    socket_.text(text);
    socket_.write(asio::buffer(data), ignored);
  }
  websocket::stream<Socket&>& socket_;
  std::string target_;
};

ScriptedServer::Request from_wire(const Wire& wire) {
  ScriptedServer::Request out{
      .method = std::string(wire.method_string()), .target = std::string(wire.target()), .body = wire.body()};
  for (const auto& field : wire) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    out.headers[name] = std::string(field.value());
  }
  return out;
}

void answer_with(Socket& socket, const ScriptedServer::Answer& answer) {
  http::response<http::string_body> wire(static_cast<http::status>(answer.status), 11);
  for (const auto& [name, value] : answer.headers) wire.set(name, value);
  wire.body() = answer.body;
  wire.keep_alive(false);
  wire.prepare_payload();
  beast::error_code ignored;
  http::write(socket, wire, ignored);
}

}  // namespace

struct ScriptedServer::State {
  std::string path;
  Handler handler;
  Conversation conversation;
  Handler refuse;
  asio::io_context loop{1};
  asio::local::stream_protocol::acceptor acceptor{loop};
  std::mutex mutex;
  bool stopping = false;
  std::vector<Socket*> open;         // under mutex
  std::vector<std::thread> threads;  // of the accept loop's thread only, until it ended
  std::thread accepting;

  void converse(Socket& socket, const Wire& wire) {
    websocket::stream<Socket&> ws(socket);
    ws.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& r) { r.set(http::field::sec_websocket_protocol, "berth.terminal.v1"); }));
    beast::error_code error;
    ws.accept(wire, error);
    if (error) return;
    BeastPeer peer(ws, std::string(wire.target()));
    conversation(peer);
  }

  void serve(Socket socket) {
    {
      std::lock_guard hold(mutex);
      if (stopping) return;
      open.push_back(&socket);
    }
    beast::flat_buffer buffer;
    beast::error_code error;
    Wire wire;
    http::read(socket, buffer, wire, error);
    if (!error) {
      Request request = from_wire(wire);
      bool upgrade = websocket::is_upgrade(wire);
      Answer refusal{.status = 0};
      if (upgrade && refuse) refusal = refuse(request);
      if (!upgrade)
        answer_with(socket, handler(request));
      else if (refusal.status != 0)
        answer_with(socket, refusal);
      else
        converse(socket, wire);
    }
    std::lock_guard hold(mutex);
    std::erase(open, &socket);
  }

  void accept() {
    acceptor.async_accept([this](beast::error_code error, Socket socket) {
      if (error) return;
      threads.emplace_back([this, s = std::move(socket)]() mutable { serve(std::move(s)); });
      accept();
    });
  }
};

ScriptedServer::ScriptedServer(std::string path, Handler handler, Conversation conversation, Handler refuse)
    : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  state_->handler = std::move(handler);
  state_->conversation = std::move(conversation);
  state_->refuse = std::move(refuse);
  std::remove(state_->path.c_str());
  asio::local::stream_protocol::endpoint at(state_->path);
  state_->acceptor.open(at.protocol());
  state_->acceptor.bind(at);
  state_->acceptor.listen();
  state_->accept();
  state_->accepting = std::thread([s = state_.get()] { s->loop.run(); });
}

void ScriptedServer::stop() {
  if (!state_->accepting.joinable()) return;
  asio::post(state_->loop, [s = state_.get()] { s->acceptor.close(); });
  state_->accepting.join();
  {
    std::lock_guard hold(state_->mutex);
    state_->stopping = true;
    beast::error_code ignored;
    for (Socket* socket : state_->open) socket->shutdown(Socket::shutdown_both, ignored);
  }
  for (std::thread& thread : state_->threads) thread.join();
}

ScriptedServer::~ScriptedServer() { stop(); }

}  // namespace berth::client
