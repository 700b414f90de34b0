#!/bin/sh
# Installs a built package, upgrades it while a sandbox runs, removes and purges it, and says what was wrong.
#
#   packaging/test-deb.sh build/package/berth_VERSION_ARCH.deb
#
# All of it happens in a root of its own, below a private mount namespace: /usr and /etc are copy-on-write views of this
# machine's, /var is a tmpfs with a copy of dpkg's database. Nothing of the host changes. Needs root.
set -eu

fail() { echo "test-deb: $*" >&2; exit 1; }
step() { echo "test-deb: $*"; }

# A root that is a mount of its own, so that container runtimes can pivot away from it as they do on a machine.
make_root() {
  mount -t tmpfs -o mode=0755 tmpfs "$1"
  cd "$1"
  mkdir -p usr etc var/lib var/log var/cache tmp run proc sys dev root old
  chmod 1777 tmp
  for dir in usr etc; do
    mkdir -p ".$dir/upper" ".$dir/work"
    mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$1/.$dir/upper,workdir=$1/.$dir/work" "$dir"
  done
  for link in bin sbin lib lib64; do [ ! -L "/$link" ] || ln -s "usr/$link" "$link"; done
  for dir in proc sys dev; do mount --rbind "/$dir" "$dir"; done
  cp -a /var/lib/dpkg var/lib/dpkg
  cp "$2" old.deb
  cp "$3" test
}

case ${BERTH_DEB_STAGE:-outside} in
  outside)
    package=$(readlink -f "$1")
    scratch=$(mktemp -d)
    trap 'rmdir "$scratch"' EXIT
    BERTH_DEB_STAGE=namespace unshare --mount --propagation private "$(readlink -f "$0")" "$package" "$scratch"
    exit
    ;;
  namespace)
    make_root "$2" "$1" "$0"
    pivot_root . old
    cd /
    umount -l old
    exec env -i BERTH_DEB_STAGE=inside PATH=/usr/sbin:/usr/bin BERTH_HOME=/var/lib/berth DEBIAN_FRONTEND=noninteractive /test
    ;;
esac

absent() { [ ! -e "$1" ] && [ ! -L "$1" ] || fail "$1 is left behind"; }
present() { [ -e "$1" ] || [ -L "$1" ] || fail "$1 is missing"; }

# The same package with a higher version.
newer() {
  dpkg-deb -R /old.deb /tmp/newer
  sed -i 's/^Version: .*/&+next/' /tmp/newer/DEBIAN/control
  dpkg-deb --root-owner-group -b /tmp/newer /new.deb >/dev/null
}

shim_of() { sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "/var/lib/berth/sandboxes/$1/shim.json"; }

clean_up() {
  berth server start --port 0 >/dev/null 2>&1 || true
  for name in $(berth ls --json 2>/dev/null | tr '{,' '\n\n' | sed -n 's/^"name":"\([^"]*\)".*/\1/p'); do
    berth rm -f "$name" >/dev/null 2>&1 || true
  done
  berth server stop >/dev/null 2>&1 || true
}

# Sets id and shim.
start_sandbox() {
  berth server start --port 0 >/dev/null || fail "the server does not start"
  berth run --template busybox --isolation container --name "$1" -d -T -- sh -c 'while :; do sleep 1; done' >/dev/null ||
    fail "no sandbox"
  id=$(berth ls --json | tr '{' '\n' | grep "\"name\":\"$1\"" | sed -n 's/.*"id":"\(sbx_[a-z0-9]*\)".*/\1/p')
  shim=$(shim_of "$id")
  kill -0 "$shim" || fail "the sandbox has no shim"
}

await_end() {
  tries=0
  while kill -0 "$shim" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || fail "$1"
    sleep 0.1
  done
  set -- /sys/fs/cgroup/berth/*/"$id" /sys/fs/cgroup/*/berth/*/"$id"
  for group; do absent "$group"; done
}

dpkg --purge berth >/dev/null 2>&1 || true  # whatever this machine had installed of it is not what is tested

step "install"
dpkg -i /old.deb >/dev/null || fail "it does not install"
trap clean_up EXIT
for file in /usr/bin/berth /usr/lib/berth/berth-shim /usr/lib/berth/berth-init /lib/systemd/system/berth.service \
  /usr/share/man/man1/berth.1.gz /usr/share/man/man5/berth-config.5.gz /usr/share/bash-completion/completions/berth; do
  present "$file"
done
berth --version >/dev/null || fail "berth does not run"

step "a sandbox that runs"
start_sandbox keep

step "upgrade"
newer
dpkg -i /new.deb >/dev/null || fail "it does not upgrade"
kill -0 "$shim" 2>/dev/null || fail "the upgrade ended a sandbox"
berth server stop >/dev/null
kill -0 "$shim" 2>/dev/null || fail "the server's end ended a sandbox"
berth server start --port 0 >/dev/null || fail "the new server does not start"
[ "$(shim_of "$id")" = "$shim" ] || fail "the sandbox is another one now"
berth exec keep -T -- echo alive | grep -qx alive || fail "the new server cannot reach the sandbox"

step "remove"
dpkg -r berth >/dev/null 2>&1 || fail "it does not remove"
trap 'kill "$shim" 2>/dev/null || true' EXIT
await_end "a sandbox outlives the package"
trap - EXIT
absent /usr/bin/berth
absent /usr/lib/berth
present /var/lib/berth/berth.db

step "remove while no server runs"
dpkg -i /old.deb >/dev/null || fail "it does not install again"
trap clean_up EXIT
start_sandbox alone
berth server stop >/dev/null
kill -0 "$shim" 2>/dev/null || fail "the server's end ended a sandbox"
dpkg -r berth >/dev/null 2>&1 || fail "it does not remove without a server"
trap 'kill "$shim" 2>/dev/null || true' EXIT
await_end "a sandbox outlives the package when no server runs"
trap - EXIT

step "purge"
dpkg -P berth >/dev/null 2>&1 || fail "it does not purge"
absent /var/lib/berth
step "good"
