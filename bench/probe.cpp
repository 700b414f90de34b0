// berth-bench-probe MODE …: one measurement, samples in microseconds one a line (or one JSON line) on stdout.
//   exec HOST PORT KEY SANDBOX COUNT PROGRAM      exec through the API
//   echo HOST PORT KEY TERMINAL COUNT GAP_US      key to echo over a WebSocket
//   attach HOST PORT KEY TERMINAL QUERY           from connecting until the screen is there, or the first output
//   bulk HOST PORT KEY TERMINAL                   reads to the end; checks that offsets continue; JSON
//   hold HOST PORT KEY                            attaches the terminals named on stdin, prints "held", waits for EOF
//   pty-echo COUNT GAP_US PROGRAM [ARG…]          the same through a bare PTY
//   pty-bulk PROGRAM [ARG…]                       reads a bare PTY to its end; JSON

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"

namespace {

using bench::die;
using Clock = std::chrono::steady_clock;

double micros(Clock::time_point begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

void pause_between(int gap_us) {
  if (gap_us <= 0) return;
  const timespec gap{0, (gap_us / 2 + std::rand() % gap_us) * 1000L};
  nanosleep(&gap, nullptr);
}

int run_exec(char** a) {
  bench::Connection connection(a[0], a[1]);
  const std::string path = std::string("/v1/sandboxes/") + a[3] + "/exec";
  const std::string body = std::string(R"({"argv":[")") + a[5] + R"("]})";
  for (int left = std::atoi(a[4]); left > 0; --left) {
    const auto begin = Clock::now();
    const std::string answer = connection.request("POST", path, a[2], body, 200);
    const double took = micros(begin);
    if (answer.find("\"exit_code\":0") == std::string::npos) die(answer.c_str());
    std::printf("%.1f\n", took);
  }
  return 0;
}

std::string attach_path(const std::string& terminal, const char* from) { return "/v1/terminals/" + terminal + "/attach" + from; }

int run_echo(char** a) {
  bench::WebSocket socket(a[0], a[1], attach_path(a[3], ""), a[2]);
  socket.read();  // hello
  const int count = std::atoi(a[4]), gap = std::atoi(a[5]);
  for (int i = 0; i < count; ++i) {
    const char key = static_cast<char>('a' + i % 26);
    pause_between(gap);
    const auto begin = Clock::now();
    socket.send_binary({&key, 1});
    for (;;) {
      const bench::Frame frame = socket.read();
      if (frame.opcode == 8) die("the terminal ended");
      if (frame.opcode == 2 && frame.payload.size() > 9 && frame.payload.substr(9).find(key) != std::string_view::npos) break;
    }
    std::printf("%.1f\n", micros(begin));
    if (i % 64 == 63) {  // a new line now and then, as a person types; its echo is read away
      socket.send_binary("\n");
      while (socket.read().payload.find('\n') == std::string_view::npos) {}
    }
  }
  return 0;
}

int run_attach(char** a) {
  const auto begin = Clock::now();
  bench::WebSocket socket(a[0], a[1], attach_path(a[3], a[4]), a[2]);
  for (;;) {
    const bench::Frame frame = socket.read();
    if (frame.opcode == 8) die("closed before a screen came");
    if (frame.opcode == 2) break;
  }
  std::printf("%.1f\n", micros(begin));
  return 0;
}

int run_bulk(char** a) {
  bench::WebSocket socket(a[0], a[1], attach_path(a[3], "?from=0"), a[2]);
  std::uint64_t next = 0;
  Clock::time_point begin{};
  for (;;) {
    const bench::Frame frame = socket.read();
    if (frame.opcode == 8) die("closed before the end");
    if (frame.opcode == 1 && frame.payload.find("\"exit\"") != std::string_view::npos) break;
    if (frame.opcode != 2) continue;
    std::uint64_t offset = 0;
    for (int i = 1; i <= 8; ++i) offset = offset << 8 | static_cast<unsigned char>(frame.payload[static_cast<std::size_t>(i)]);
    if (offset != next) die("a gap or a duplicate in the output");
    if (next == 0) begin = Clock::now();
    next += frame.payload.size() - 9;
  }
  const double seconds = micros(begin) / 1e6;
  std::printf("{\"bytes\":%llu,\"seconds\":%.4f}\n", static_cast<unsigned long long>(next), seconds);
  return 0;
}

int run_hold(char** a) {
  std::vector<std::unique_ptr<bench::WebSocket>> sockets;
  std::string terminal;
  while (std::getline(std::cin, terminal) && !terminal.empty()) {
    sockets.push_back(std::make_unique<bench::WebSocket>(a[0], a[1], attach_path(terminal, ""), a[2]));
    sockets.back()->read();
  }
  std::printf("held\n");
  std::fflush(stdout);
  while (std::getline(std::cin, terminal)) {}
  return 0;
}

pid_t spawn_on_pty(char** argv, int& master) {
  winsize size{50, 200, 0, 0};
  const pid_t child = forkpty(&master, nullptr, nullptr, &size);
  if (child < 0) die("forkpty failed");
  if (child == 0) {
    execvp(argv[0], argv);
    _exit(127);
  }
  return child;
}

int run_pty_echo(char** a) {
  int master = -1;
  const pid_t child = spawn_on_pty(a + 2, master);
  char buffer[65536];
  pollfd waiting{master, POLLIN, 0};
  const auto until_quiet = [&](int ms) {
    while (poll(&waiting, 1, ms) > 0)
      if (read(master, buffer, sizeof buffer) <= 0) die("the program ended");
  };
  until_quiet(300);
  for (int i = 0; i < std::atoi(a[0]); ++i) {
    const char key = static_cast<char>('a' + i % 26);
    pause_between(std::atoi(a[1]));
    const auto begin = Clock::now();
    if (write(master, &key, 1) != 1) die("write failed");
    for (bool found = false; !found;) {
      const ssize_t got = read(master, buffer, sizeof buffer);
      if (got <= 0) die("the program ended");
      found = std::memchr(buffer, key, static_cast<std::size_t>(got)) != nullptr;
    }
    std::printf("%.1f\n", micros(begin));
    if (i % 64 == 63) {
      if (write(master, "\n", 1) != 1) die("write failed");
      until_quiet(20);
    }
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return 0;
}

int run_pty_bulk(char** a) {
  int master = -1;
  const pid_t child = spawn_on_pty(a, master);
  static char buffer[65536];
  std::uint64_t total = 0;
  Clock::time_point begin{};
  for (ssize_t got = 0; (got = read(master, buffer, sizeof buffer)) > 0; total += static_cast<std::uint64_t>(got))
    if (total == 0) begin = Clock::now();
  const double seconds = micros(begin) / 1e6;
  waitpid(child, nullptr, 0);
  std::printf("{\"bytes\":%llu,\"seconds\":%.4f}\n", static_cast<unsigned long long>(total), seconds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  char** rest = argv + 2;
  const int given = argc - 2;
  if (mode == "exec" && given == 6) return run_exec(rest);
  if (mode == "echo" && given == 6) return run_echo(rest);
  if (mode == "attach" && given == 5) return run_attach(rest);
  if (mode == "bulk" && given == 4) return run_bulk(rest);
  if (mode == "hold" && given == 3) return run_hold(rest);
  if (mode == "pty-echo" && given >= 3) return run_pty_echo(rest);
  if (mode == "pty-bulk" && given >= 1) return run_pty_bulk(rest);
  std::fprintf(stderr, "usage: see the head of bench/probe.cpp\n");
  return 2;
}
