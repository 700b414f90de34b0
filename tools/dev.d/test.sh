# Every test. CI runs this, and nothing else.

. tools/dev.d/deps.sh

# The cases inside the programs that ctest counts, from its own log.
count_cases() {
  python3 - "$1" <<'PY'
import re, sys
text = open(sys.argv[1], errors="replace").read()
def total(pattern): return sum(map(int, re.findall(pattern, text)))
google = total(r"(?m)^\[  PASSED  \] (\d+) tests?\.")
python = total(r"(?m)^=* ?(?:\d+ failed, )?(\d+) passed")
fuzz = len(re.findall(r"(?m)^Done \d+ runs in", text))
skipped = total(r"(\d+) skipped")
failed = total(r"(?m)^\[  FAILED  \] (\d+) tests?,") + total(r"(?m)^=* ?(\d+) failed")
print(f"== cases inside: {google} unit and contract, {python} house and end to end, {fuzz} fuzzers;"
      f" {failed} failed, {skipped} skipped")
PY
}

dev_test() {
  local preset=asan filter=()
  while [ $# -gt 0 ]; do
    case $1 in
      --tsan) preset=tsan ;;
      --release) preset=release ;;
      -R) [ $# -ge 2 ] || bad_option "-R needs a regular expression"; filter=(-R "$2"); shift ;;
      *) bad_option "test: unknown option '$1'" ;;
    esac
    shift
  done
  need_root
  dev_deps
  phase "configure ($preset)" configure "$preset"
  phase "build ($preset)" build "$preset"
  give_back
  local code=0
  phase "tests ($preset)" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j2 "${filter[@]}" || code=$?
  count_cases "build/$preset/Testing/Temporary/LastTest.log"
  if [ "$preset" = release ] && [ ${#filter[@]} -eq 0 ]; then
    ./tools/dev package || code=$?
    phase "package: install, upgrade, remove" packaging/test-deb.sh "build/package/berth_$(cat VERSION)_$(dpkg --print-architecture).deb" || code=$?
  fi
  return "$code"
}
