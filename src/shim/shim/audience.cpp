#include "shim/audience.hpp"

#include <algorithm>

#include "os/file.hpp"
#include "os/socket.hpp"

namespace berth::shim {

Result<> Audience::add_inherited(UniqueFd socket) { return add(std::move(socket), Connection::Trust::Inherited); }

Result<> Audience::listen(const std::filesystem::path& path) {
  TRY_ASSIGN(socket_, os::listen_unix(path));
  path_ = path;
  TRY_ASSIGN(accepting_, loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { accept(); }));
  return {};
}

void Audience::close_socket() {
  if (!socket_) return;
  accepting_.reset();
  if (auto removed = os::remove_file(path_); !removed) log_.warning("socket not removed", {{"error", removed.error()}});
  socket_.reset();
}

void Audience::accept() {
  auto socket = os::accept_unix(socket_.get());
  if (!socket) return log_.warning("no connection accepted", {{"error", socket.error()}});
  if (!*socket) return;
  if (connections_.size() >= max_connections) return log_.warning("too many connections");
  if (auto added = add(std::move(**socket), Connection::Trust::MustProve); !added)
    log_.warning("connection failed", {{"error", added.error()}});
}

Result<> Audience::add(UniqueFd socket, Connection::Trust trust) {
  TRY_ASSIGN(auto connection, Connection::open(loop_, std::move(socket), next_number_++, trust, spec_, *this));
  connections_.push_back(std::move(connection));
  return {};
}

void Audience::connection_ended(Connection& connection, std::string_view why) {
  log_.info("connection ended", {{"connection", connection.number()}, {"why", why}});
  ended_.push_back(connection.number());
  owner_.server_went(connection);
}

void Audience::sweep() {
  if (ended_.empty()) return;
  std::erase_if(connections_, [this](const auto& connection) { return std::ranges::find(ended_, connection->number()) != ended_.end(); });
  ended_.clear();
}

void Audience::tell(const wire::FromShim& frame) {
  for (const auto& connection : connections_)
    if (connection->listens()) connection->send(frame);
}

void Audience::output(const std::string& terminal, ByteOffset offset, std::string_view data, bool error, WallTime time) {
  if (std::ranges::none_of(connections_, [](const auto& connection) { return connection->listens(); })) return;
  wire::TerminalOutput& message = *output_.mutable_output();
  message.set_terminal_id(terminal);
  message.set_offset(offset.value);
  message.set_data(data.data(), data.size());
  message.set_error(error);
  message.set_time_ns(time.time_since_epoch().count());
  output_frame_.clear();
  wire::append_frame(output_, output_frame_);
  for (const auto& connection : connections_) connection->offer_output(terminal, output_frame_);
}

void Audience::forget_terminal(const std::string& terminal) {
  for (const auto& connection : connections_) connection->forget_terminal(terminal);
}

Connection* Audience::find(std::uint64_t number) {
  const auto at = std::ranges::find(connections_, number, &Connection::number);
  return at == connections_.end() || !(*at)->listens() ? nullptr : at->get();
}

bool Audience::all_sent() const {
  return std::ranges::all_of(connections_, [](const auto& connection) { return !connection->listens() || connection->empty(); });
}

}  // namespace berth::shim
