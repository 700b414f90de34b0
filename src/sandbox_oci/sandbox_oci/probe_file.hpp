#pragma once
// What a probe found, as bytes. Version 1:
//   {"version":1,"kernel":RELEASE,"runtimes":[{kind,path,version,size,modified_ns,flags,works,reason}…]}
// A file that does not parse, of another version, kernel or runtime file is as good as none: the probe runs again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox_oci/probe.hpp"

namespace berth::sandbox_oci {

struct FileIdentity {
  std::string path;  // empty: not installed
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

struct ProbeKey {
  std::string kernel;
  std::vector<FileIdentity> files;  // one per runtime, in the order of Probe::runtimes
  bool operator==(const ProbeKey&) const = default;
};

[[nodiscard]] std::string write_probe(const Probe& probe, const ProbeKey& key);
[[nodiscard]] std::optional<Probe> read_probe(std::string_view text, const ProbeKey& key);

}  // namespace berth::sandbox_oci
