#pragma once
// For tests of this room: a child of this program whose calls to the files below a home go through tests/faults/faults.cpp, and the
// states of that home that a loss of power could leave.

#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "faults_record.hpp"
#include "os/process.hpp"
#include "sessions/sessions_testing.hpp"

namespace berth::sessions::testing {

std::uint64_t printed_seed();

// What a child said, line by line ("@…" without the "@"), and how it ended.
struct Said {
  std::vector<std::string> lines;
  Exit exit;
};
// Runs the test `name` of this program in a child below the interposed library. `more`: environment.
Said run_child(const std::string& name, const std::filesystem::path& home, const std::vector<std::string>& more);
void say(const std::string& line);                     // in the child

void plan_faults(const char* plan);                    // in the child, see faults.cpp
long faulty_calls();

// The record of a child, and the home at any moment of it.
class PowerLoss {
 public:
  // What became of the writes that no sync was called for since: all there, none, or each as it comes: whole, gone or torn.
  enum class Unsynced { All, None, Random };

  explicit PowerLoss(const std::filesystem::path& record);
  [[nodiscard]] std::size_t size() const { return calls_.size(); }
  [[nodiscard]] std::size_t bytes_before(std::size_t call) const { return call < calls_.size() ? calls_[call].at : bytes_.size(); }
  // Power is lost before `call`. `to` is made anew.
  void make(std::size_t call, Unsynced unsynced, std::mt19937_64& random, const std::filesystem::path& to) const;

 private:
  struct Call {
    faults::Head head;
    std::string name, other;
    std::string_view data;
    std::size_t at = 0;  // in the record
  };
  struct File {
    std::vector<std::size_t> changes;  // calls: writes and truncations
    std::vector<std::size_t> syncs;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;  // nothing: a directory
  void apply_name(Names& names, const Call& call, const std::shared_ptr<File>& file) const;
  [[nodiscard]] std::string content(const File& file, std::size_t call, Unsynced unsynced, std::mt19937_64& random) const;

  std::string bytes_;
  std::vector<Call> calls_;
};

}  // namespace berth::sessions::testing
