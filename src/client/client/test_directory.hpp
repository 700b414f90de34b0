#pragma once
// A private temporary directory for one test; removed with it.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace berth::client {

struct TestDirectory {
  std::filesystem::path path;
  TestDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "berth-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path = name;
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace berth::client
