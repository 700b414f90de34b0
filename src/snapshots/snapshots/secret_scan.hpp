#pragma once
// Looks for secrets in what is about to be shared: keys and tokens by their form, and values that look random.
//
// Problem: a terminal's output or a workspace easily has a key in it, and a link makes it public. A finding tells the rule, the
// part, the place and a few characters; never the secret. The caller chooses what to leave out: whole parts, or the bytes of
// findings, which mask() replaces by as many `*`, so that offsets and JSON stay as they are.
// No finding is no proof: rules know forms. They are RE2 (no explosion), and one runs only where one of its keywords is.
//
//   rules   JSON: [{"id": "github-token", "keywords": ["ghp_"], "pattern": "ghp_[0-9A-Za-z]{36}", "entropy": 3.0}, …]
//           keywords: in small letters, at least one, looked for whatever the case; pattern: its first group, or all of it, is the
//           secret; entropy: optional, bits for each character (Shannon) that the secret must have at least
//
// Thread: rules may be shared, a scan is one's. Memory: four times window_bytes. Of a secret that is
// longer than window_bytes no more than that may be found.
// Errors: InvalidArgument with the rule that is wrong.
//
// Example (std::string_view output):
//   TRY_ASSIGN(const auto rules, snapshots::SecretRules::parse(snapshots::built_in_rules()));
//   snapshots::SecretScan scan(rules, "terminals/trm_1/output");
//   scan.add(output);                                            // piece by piece
//   const std::vector<snapshots::Finding> found = scan.finish();

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace berth::snapshots {

struct Finding {
  std::string rule, part;
  std::uint64_t offset = 0, bytes = 0;  // in the part
  std::uint64_t line = 1;
  std::string shown;                    // its first characters, and "…"
};

class SecretRules {
 public:
  static Result<SecretRules> parse(std::string_view json);
  [[nodiscard]] std::size_t size() const;

 private:
  friend class SecretScan;
  struct Rule;
  std::shared_ptr<const std::vector<Rule>> rules_;
};

class SecretScan {
 public:
  static constexpr std::size_t window_bytes = 64 << 10, most_findings = 1'000;
  SecretScan(SecretRules rules, std::string part);
  void add(std::string_view piece);
  // In the order of their places. At most most_findings; `more` says that there were others.
  std::vector<Finding> finish();
  [[nodiscard]] bool more() const { return more_; }

 private:
  void look(bool last);
  void keep(std::string_view rule, std::size_t at, std::size_t bytes);

  SecretRules rules_;
  std::string part_, window_, small_;
  std::uint64_t offset_ = 0, line_ = 1;  // of the window
  std::vector<std::uint64_t> seen_;      // for each rule: where its last finding ended
  std::vector<Finding> found_;
  bool more_ = false;
};

[[nodiscard]] std::string_view built_in_rules();
// `piece` begins at `offset` of the part that the findings are of.
void mask(std::string& piece, std::uint64_t offset, const std::vector<Finding>& findings);
[[nodiscard]] double entropy(std::string_view text);  // bits for each byte

}  // namespace berth::snapshots
