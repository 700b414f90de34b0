#pragma once
// The API as calls that give JSON or an Error: what the verbs of the command line are written with. Blocking; any
// thread. Errors: as client/http.hpp, and every problem document of the server with its code, sentence and hint.
//
// Example (const std::string& socket):
//   client::Api api(client::unix_endpoint(socket));
//   TRY_ASSIGN(auto sandbox, api.post("/v1/sandboxes", boost::json::object{{"template", "busybox"}}));
//   TRY_ASSIGN(auto running, api.list("/v1/sandboxes?state=running"));
//   TRY(api.remove("/v1/sandboxes/" + std::string(sandbox.at("id").as_string()) + "?force=true"));
//
// Example:
//   client::Api api(client::unix_endpoint("/run/berth/berth.sock"));
//   TRY_ASSIGN(const auto sandboxes, api.list("/v1/sandboxes"));
//   TRY_ASSIGN(const auto made, api.post("/v1/sandboxes", {{"template", "busybox"}}));

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/http.hpp"

namespace berth::client {

class Api {
 public:
  using Sender = std::function<Result<Response>(const Request&)>;
  explicit Api(Endpoint endpoint);
  explicit Api(Sender sender) : sender_(std::move(sender)) {}  // for tests

  // `timeout` 0 waits as long as it takes. 204 gives null.
  Result<boost::json::value> get(std::string target) const;
  Result<boost::json::value> post(std::string target, boost::json::value body,
                                  std::chrono::milliseconds timeout = std::chrono::milliseconds{120'000}) const;
  Result<> remove(std::string target) const;
  // Follows `next` until `most` items are there; 0: all. `target` may hold a query already.
  Result<boost::json::array> list(std::string target, std::size_t most = 0) const;
  struct Output {
    std::string bytes;
    std::uint64_t from = 0, end = 0;
    bool running = false;
  };
  // A screen as a stream that draws it again; what comes from `offset` on follows.
  struct Screen {
    std::string data;
    std::uint64_t offset = 0;
  };
  Result<Screen> screen(std::string_view terminal, std::string_view format, std::string_view at = {}) const;
  // An answer that is no JSON; complete: the server says that nothing is missing in it.
  struct Text {
    std::string body;
    bool complete = true;
  };
  Result<Text> text(std::string target) const;
  // Bytes from `from` on, at most `limit`, with where they end and whether more may come.
  Result<Output> output(std::string_view terminal, std::uint64_t from, std::uint64_t limit) const;

  // What a terminal showed, piece by piece into the sink; its error ends the call. Places as docs/api.md says; "" for none.
  struct Recording {
    std::string terminal, format, from, to;
    bool input = false;  // of a cast: with what was typed, where that was kept
  };
  Result<> recording(const Recording& wanted, std::function<Result<>(std::string_view)> sink) const;
  // A terminal made of an asciicast.
  Result<boost::json::value> import_recording(std::string cast, std::string_view name) const;

  // Any other call: the answer as it came, when it is a success.
  Result<Response> checked(const Request& request) const;

 private:
  Sender sender_;
};

}  // namespace berth::client
