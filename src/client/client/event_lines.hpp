#pragma once
// Server-sent events out of a stream of bytes, in whatever pieces it comes. Lines end with LF, CR LF or CR. An event over
// `most_bytes` is TooLarge. Pure; for untrusted bytes. Source: HTML Living Standard, section 9.2.6.
//
// Example:
//   client::EventLines lines;
//   TRY(lines.feed("id: 7\ndata: {}\n\n", [](const client::ServerEvent&) -> Result<> { return {}; }));
//   const std::string& id = lines.last_id();

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::client {

struct ServerEvent { std::string type, data; };  // type "" is an ordinary one

class EventLines {
 public:
  static constexpr std::size_t most_bytes = 1 << 20;
  using Take = std::function<Result<>(const ServerEvent&)>;
  // Stops at the first error of `take`.
  Result<> feed(std::string_view bytes, const Take& take);
  [[nodiscard]] const std::string& last_id() const { return last_id_; }  // of what came whole, also without data

 private:
  Result<> line(const Take& take);

  std::string line_, data_, type_, id_, last_id_;
  bool has_data_ = false, after_cr_ = false;
};

}  // namespace berth::client
