#pragma once
// What is done to one terminal that was found. Each runs on the terminal's strand.

#include <boost/asio/awaitable.hpp>

#include "control/attachment.hpp"
#include "control/finder.hpp"
#include "store/also.hpp"

namespace berth::control {

boost::asio::awaitable<Result<TerminalInfo>> start_terminal(std::shared_ptr<sandboxes::Sandbox> sandbox, StartTerminal wanted,
                                                           store::Also also);
boost::asio::awaitable<Result<TerminalInfo>> get_terminal(FoundTerminal found);
boost::asio::awaitable<Result<std::vector<TerminalInfo>>> live_terminals(std::shared_ptr<sandboxes::Sandbox> sandbox);
boost::asio::awaitable<Result<>> write_input(FoundTerminal found, std::string data, bool close);
// send_keys.cpp: all of it as one input, encoded for the modes that the program set.
boost::asio::awaitable<Result<>> send_keys(Domain* domain, FoundTerminal found, SendKeys wanted);
// wait.cpp: returns when it happened, the terminal ended, or the time is over. Output costs one window of memory.
boost::asio::awaitable<Result<WaitResult>> wait_for(Domain* domain, FoundTerminal found, WaitTerminal wanted);
boost::asio::awaitable<Result<>> resize_terminal(FoundTerminal found, TerminalSize size);
boost::asio::awaitable<Result<>> signal_terminal(FoundTerminal found, int signal);
// Returns when it has ended: after the hangup, or killed after the grace.
boost::asio::awaitable<Result<TerminalInfo>> close_terminal(FoundTerminal found, std::chrono::milliseconds grace, store::Also also);
boost::asio::awaitable<Result<OutputPart>> read_output(Domain* domain, FoundTerminal found, ByteOffset from, std::uint64_t limit);
boost::asio::awaitable<Result<std::shared_ptr<Attachment>>> attach_terminal(Domain* domain, FoundTerminal found,
                                                                            AttachTerminal wanted,
                                                                            std::optional<Attachment::Drawn> drawn, TakenOver taken);
// Starts, feeds, collects and waits; killed at its timeout. exec.cpp
boost::asio::awaitable<Result<ExecResult>> exec(Domain* domain, std::shared_ptr<sandboxes::Sandbox> sandbox, Exec wanted, store::Also also);

}  // namespace berth::control
