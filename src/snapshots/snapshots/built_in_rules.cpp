#include "snapshots/secret_scan.hpp"

namespace berth::snapshots {

// Forms that those who issue such tokens document, and assignments to names that say what they hold.
std::string_view built_in_rules() {
  return R"json([
{"id": "private-key", "keywords": ["private key-----"], "pattern": "-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:[^-]|-[^-])*"},
{"id": "berth-key", "keywords": ["berth_"], "pattern": "berth_[0-9a-z]{26}_[0-9a-z]{52}"},
{"id": "aws-access-key", "keywords": ["akia", "asia"], "pattern": "\\b((?:AKIA|ASIA)[0-9A-Z]{16})\\b"},
{"id": "github-token", "keywords": ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], "pattern": "\\b(gh[pousr]_[0-9A-Za-z]{36,251}|github_pat_[0-9A-Za-z_]{40,251})"},
{"id": "gitlab-token", "keywords": ["glpat-"], "pattern": "\\bglpat-[0-9A-Za-z_-]{20,}"},
{"id": "slack-token", "keywords": ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"], "pattern": "\\bxox[abprs]-[0-9A-Za-z-]{10,250}"},
{"id": "google-api-key", "keywords": ["aiza"], "pattern": "\\bAIza[0-9A-Za-z_-]{35}"},
{"id": "model-api-key", "keywords": ["sk-"], "pattern": "\\bsk-[0-9A-Za-z_-]{20,250}", "entropy": 3.0},
{"id": "stripe-key", "keywords": ["sk_live_", "rk_live_"], "pattern": "\\b[rs]k_live_[0-9A-Za-z]{16,250}"},
{"id": "npm-token", "keywords": ["npm_"], "pattern": "\\bnpm_[0-9A-Za-z]{36}"},
{"id": "json-web-token", "keywords": ["eyj"], "pattern": "\\beyJ[0-9A-Za-z_-]{10,}\\.eyJ[0-9A-Za-z_-]{10,}\\.[0-9A-Za-z_-]{10,}"},
{"id": "url-password", "keywords": ["://"], "pattern": "[a-z][a-z0-9+.-]{1,20}://[^\\s/:@\"']{1,100}:([^\\s/@\"']{4,200})@"},
{"id": "bearer-header", "keywords": ["bearer "], "pattern": "(?i)authorization[\"']?\\s{0,5}[:=]\\s{0,5}[\"']?bearer\\s+([0-9A-Za-z._~+/=-]{16,})"},
{"id": "assigned-secret", "keywords": ["secret", "token", "passw", "api_key", "apikey", "api-key"],
 "pattern": "(?i)(?:secret|token|passwor[dt]|passwd|api[_-]?key)[0-9a-z_]{0,30}[\"']?\\s{0,5}[:=]\\s{0,5}[\"']?([0-9A-Za-z._~+/=-]{12,500})", "entropy": 3.3}
])json";
}

}  // namespace berth::snapshots
