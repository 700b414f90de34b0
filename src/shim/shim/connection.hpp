#pragma once
// One server at the shim's socket (wire/shim.proto): who it is, what waits to be sent, what it may still send.
//
// Until it proved that it knows the secret, a peer has prove_ms and a few bytes, and is sent nothing but the challenge. The
// inherited connection needs no proof.
// Sending: frames that must arrive go into the buffer; a peer that lets them grow to limit + reserve_bytes is closed.
// Output is offered: without room it is left out, the terminal is noted, and once the buffer is empty the owner is asked
// to tell the new end (connection_drained). Above the limit the peer is not read either.
// Input: a peer that has more than wire::input_window_bytes of one terminal on the way is closed.
// Owner: the Audience, which destroys a connection later, never within a call-back. Thread: the loop's.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "shim/loop.hpp"
#include "shim/outbox.hpp"
#include "wire/frame.hpp"
#include "wire/shim.pb.h"

namespace berth::shim {

class Connection {
 public:
  static constexpr std::chrono::milliseconds prove_ms{5'000};
  static constexpr std::size_t max_unproven_bytes = 256;
  static constexpr std::size_t reserve_bytes = 8 << 20;
  static constexpr std::uint32_t max_file_requests = 64;  // on the way to init
  static constexpr std::uint32_t protocol_version = 1;

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void connection_proven(Connection& connection) = 0;
    virtual void connection_frame(Connection& connection, const wire::ToShim& frame) = 0;
    virtual void connection_drained(Connection& connection, const std::set<std::string>& terminals) = 0;
    virtual void connection_ended(Connection& connection, std::string_view why) = 0;
  };
  enum class Trust { Inherited, MustProve };

  static Result<std::unique_ptr<Connection>> open(Loop& loop, UniqueFd socket, std::uint64_t number, Trust trust,
                                                  const wire::ShimSpec& spec, Owner& owner);

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] bool listens() const { return proven_ && !ended_; }
  void send(const wire::FromShim& frame);
  // `frame` is whole, length included: it is made once for all connections.
  void offer_output(const std::string& terminal, std::string_view frame);
  [[nodiscard]] bool empty() const { return ended_ || outbox_.empty(); }
  void close(std::string_view why);

  // False: over the window, and closed.
  bool accept_input(const std::string& terminal, std::size_t bytes);
  void input_taken(const std::string& terminal, std::size_t bytes);
  void forget_terminal(const std::string& terminal);

  std::uint32_t file_requests = 0;  // the owner's count

 private:
  struct Input { std::uint64_t accepted = 0, taken = 0, told = 0; };

  Connection(Loop& loop, UniqueFd socket, std::uint64_t number, const wire::ShimSpec& spec, Owner& owner);
  Result<> challenge();
  void ready(std::uint32_t events);
  void readable();
  void take(const wire::ToShim& frame);
  void prove(const wire::ToShim& frame);
  void flush();
  void tell_input(const std::string& terminal, Input& input);
  void tell_all_input();

  Loop& loop_;
  Owner& owner_;
  UniqueFd socket_;
  std::uint64_t number_;
  const wire::ShimSpec& spec_;
  std::string nonce_;
  bool proven_ = false;
  bool ended_ = false;
  std::size_t unproven_bytes_ = 0;
  wire::FrameReader reader_;
  wire::ToShim frame_;
  Outbox outbox_;
  std::set<std::string> behind_;  // terminals whose output was left out
  std::unordered_map<std::string, Input> input_;
  Loop::Watch watch_;
  Loop::Timer prove_deadline_;
  Loop::Timer tell_;
};

}  // namespace berth::shim
