#pragma once
// All servers that listen to this shim: the socket, the connections, and what is told to everybody.
//
// At most max_connections; one more is closed at once. Ended connections are destroyed by sweep(), which the owner calls
// between call-backs. Thread: the loop's.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "log/log.hpp"
#include "shim/connection.hpp"
#include "shim/loop.hpp"

namespace berth::shim {

class Audience final : Connection::Owner {
 public:
  static constexpr std::size_t max_connections = 8;

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void server_came(Connection& connection) = 0;  // it proved itself: a Welcome is due
    virtual void server_frame(Connection& connection, const wire::ToShim& frame) = 0;
    virtual void server_missed(Connection& connection, const std::set<std::string>& terminals) = 0;
    virtual void server_went(const Connection& connection) = 0;
  };

  Audience(Loop& loop, const wire::ShimSpec& spec, const log::Logger& log, Owner& owner)
      : loop_(loop), spec_(spec), log_(log), owner_(owner) {}
  ~Audience() override { close_socket(); }

  Result<> add_inherited(UniqueFd socket);
  Result<> listen(const std::filesystem::path& path);
  void close_socket();  // and removes its name
  void sweep();

  void tell(const wire::FromShim& frame);
  void output(const std::string& terminal, ByteOffset offset, std::string_view data, bool error, WallTime time);
  void forget_terminal(const std::string& terminal);
  [[nodiscard]] Connection* find(std::uint64_t number);
  [[nodiscard]] bool all_sent() const;

 private:
  void accept();
  Result<> add(UniqueFd socket, Connection::Trust trust);
  void connection_proven(Connection& connection) override { owner_.server_came(connection); }
  void connection_frame(Connection& connection, const wire::ToShim& frame) override { owner_.server_frame(connection, frame); }
  void connection_drained(Connection& connection, const std::set<std::string>& terminals) override {
    owner_.server_missed(connection, terminals);
  }
  void connection_ended(Connection& connection, std::string_view why) override;

  Loop& loop_;
  const wire::ShimSpec& spec_;
  const log::Logger& log_;
  Owner& owner_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint64_t> ended_;
  std::uint64_t next_number_ = 1;
  std::filesystem::path path_;
  UniqueFd socket_;
  Loop::Watch accepting_;
  wire::FromShim output_;
  std::string output_frame_;
};

}  // namespace berth::shim
