# The long tests with a new seed each round. A failure prints the seed; BERTH_SEED=… repeats it.

. tools/dev.d/deps.sh

dev_soak() {
  local minutes=${1:-10}
  [[ $minutes =~ ^[0-9]+$ ]] || bad_option "soak takes minutes, not '$minutes'"
  need_root
  dev_deps
  phase "build (release)" build release
  give_back
  local end=$((SECONDS + minutes * 60)) round=0
  while [ $SECONDS -lt "$end" ]; do
    round=$((round + 1))
    export BERTH_SEED=$(((RANDOM << 15) | RANDOM))
    phase "round $round, seed $BERTH_SEED" \
      env BERTH_BIN="$ROOT/build/release/bin" BERTH_KILLS="${BERTH_KILLS:-300}" BERTH_SHIM_KILLS="${BERTH_SHIM_KILLS:-300}" \
      BERTH_DISCONNECTS="${BERTH_DISCONNECTS:-10000}" BERTH_UNTERMINATED="${BERTH_UNTERMINATED:-1073741824}" \
      /usr/bin/python3 -m pytest -q -p no:cacheprovider -m long tests/e2e
    phase "random terminal output, seed $BERTH_SEED" \
      env BERTH_BUILD="$ROOT/build/release" BERTH_STREAMS="${BERTH_STREAMS:-10000}" \
      /usr/bin/python3 -m pytest -q -p no:cacheprovider -m long tests/oracle
    phase "power lost at each moment of a session's life, kills between any two calls, cuts and flips, seed $BERTH_SEED" \
      env BERTH_MOMENTS="${BERTH_MOMENTS:-0}" BERTH_KILL_STEPS="${BERTH_KILL_STEPS:-0}" BERTH_CUTS=0 BERTH_FLIPS=2000 \
      build/release/bin/sessions_test --gtest_filter='PowerLossTest.*:DiskFaults.*:Rounds.*' --gtest_brief=1
    phase "properties of the screen, new seeds" \
      env -u BERTH_SEED BERTH_ROUNDS=50 build/release/bin/vt_test --gtest_filter='ScreenProperty.*' --gtest_brief=1
  done
}
