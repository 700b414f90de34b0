# Each fuzzer in turn; what it finds stays in build/fuzz/fuzz/, a crash in build/fuzz/.

. tools/dev.d/deps.sh

dev_fuzz() {
  local seconds=${1:-60} failed=0 target corpus
  [[ $seconds =~ ^[0-9]+$ ]] || bad_option "fuzz takes seconds, not '$seconds'"
  dev_deps
  phase "build (fuzz)" build fuzz
  while read -r target; do
    corpus=$(find src -type d -path "*/corpus/${target#*_}" | head -n 1)
    mkdir -p "build/fuzz/fuzz/$target"
    phase "$target" "build/fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="build/fuzz/$target-" -print_final_stats=0 -verbosity=0 "build/fuzz/fuzz/$target" ${corpus:+"$corpus"} ||
      failed=1
  done < <(find build/fuzz/bin -name '*_fuzz' -printf '%f\n' | sort)
  return "$failed"
}
