# What the verbs of tools/dev share. Sourced; the working directory is the root of the repository.

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'tools/dev: %s\n' "$*" >&2; exit 1; }
bad_option() { printf 'tools/dev: %s\n' "$*" >&2; exit 3; }

if [ ! -t 1 ]; then
  say() { printf '== %s\n' "$*"; }
fi

# phase NAME COMMAND…: runs it, and says how long it took. Within COMMAND a failure does not end the script: return it.
phase() {
  local name=$1 begin=$SECONDS
  shift
  say "$name"
  "$@" || { local code=$?; printf '== %s: failed after %d s\n' "$name" $((SECONDS - begin)) >&2; return "$code"; }
  printf '== %s: %d s\n' "$name" $((SECONDS - begin))
}

# Starts the same verb again as root. Its files are given back to the user who asked.
need_root() {
  [ "$EUID" -ne 0 ] || return 0
  command -v sudo >/dev/null || die "this needs root, and there is no sudo: run it as root"
  say "root is needed: asking sudo"
  exec sudo --preserve-env=BERTH_HOME,CCACHE_DIR,TERM "$ROOT/tools/dev" "$verb" "${arguments[@]}"
}
as_root() {
  if [ "$EUID" -eq 0 ]; then "$@"; else sudo --preserve-env=DEBIAN_FRONTEND "$@"; fi
}
give_back() {
  [ -z "${SUDO_UID:-}" ] || [ ! -d build ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build
}

configure() {
  local preset=$1
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/berth-configure.$$" 2>&1 ||
    { cat "/tmp/berth-configure.$$"; rm -f "/tmp/berth-configure.$$"; return 1; }
  rm -f "/tmp/berth-configure.$$"
}

# build PRESET [TARGET…]
build() {
  local preset=$1
  shift
  configure "$preset" || return
  NINJA_STATUS='[%f/%t %es] ' cmake --build --preset "$preset" ${1:+--target "$@"}
}

sources() { find src apps bench -name '*.cpp' -o -name '*.hpp' | LC_ALL=C sort; }
