#include "journal/trim.hpp"

#include <vector>

#include "journal/segment.hpp"
#include "os/file.hpp"

namespace berth::journal {

Result<Trimmed> trim(const std::filesystem::path& dir, std::uint64_t max_bytes) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  Trimmed result;
  std::vector<std::uint64_t> sizes;
  for (const SegmentName& name : names) {
    const auto state = os::stat_path(dir / to_string(name));
    if (!state && state.error().code != Code::NotFound) return pass(state.error());
    sizes.push_back(state ? static_cast<std::uint64_t>(state->st_size) : 0);
    result.disk_bytes += sizes.back();
  }
  std::size_t at = 0;
  for (; max_bytes != 0 && at + 1 < names.size() && result.disk_bytes > max_bytes; ++at) {
    TRY(os::remove_file(dir / to_string(names[at])));
    result.disk_bytes -= sizes[at];
    result.removed_bytes += sizes[at];
  }
  if (!names.empty()) result.begin = names[at].first;
  return result;
}

}  // namespace berth::journal
