#pragma once
// A server for tests, on a unix socket in a temporary directory: HTTP answers come from one function, WebSocket
// conversations from another. What a test needs to say about a server in three lines, broken connections included.
//
// Each connection has a thread of its own; `stop()` (and destruction) breaks all of them and joins. A server can be
// started again on the same path, as after a restart.
//
// Example (const std::string& path):
//   client::ScriptedServer server(
//       path, [](const auto&) { return client::ScriptedServer::Answer{.status = 200, .body = "{}"}; },
//       [](client::ScriptedServer::Peer& peer) {
//         peer.hello(0);
//         peer.output(1, 0, "hello");
//       });

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace berth::client {

class ScriptedServer {
 public:
  struct Request {
    std::string method, target, body;
    std::map<std::string, std::string> headers;  // lower-case names
  };
  struct Answer {
    unsigned status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
  };
  // One WebSocket. After the function returned the connection is cut without a closing handshake.
  class Peer {
   public:
    struct Message {
      bool text = false;
      std::string data;
    };
    virtual ~Peer() = default;
    [[nodiscard]] virtual const std::string& target() const = 0;
    virtual bool read(Message& into) = 0;  // false: it is closed
    virtual void text(const std::string& data) = 0;
    virtual void output(int stream, std::uint64_t from, const std::string& bytes) = 0;
    virtual void hello(std::uint64_t from) = 0;
  };
  using Handler = std::function<Answer(const Request&)>;
  using Conversation = std::function<void(Peer&)>;

  // `refuse` gives a status and a body in place of the upgrade when the status is not 0.
  ScriptedServer(std::string path, Handler handler, Conversation conversation = {}, Handler refuse = {});
  ~ScriptedServer();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace berth::client
