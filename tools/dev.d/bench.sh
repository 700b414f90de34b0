# Figures beside their peers. The targets are in bench/, not in any test.

. tools/dev.d/deps.sh

dev_bench() {
  need_root
  dev_deps >&2
  build release berth berth-shim berth-init bench_probes >&2
  give_back
  exec /usr/bin/python3 bench/bench.py --build build/release "$@"
}
