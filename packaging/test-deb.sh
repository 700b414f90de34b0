#!/bin/sh
# Installs a built package, upgrades it while a sandbox runs, removes and purges it, and says what was wrong.
#
#   packaging/test-deb.sh build/package/berth_VERSION_ARCH.deb
#
# All of it happens in a root of its own, below a private mount namespace: /usr and /etc are copy-on-write views of this
# machine's, /var is a tmpfs with a copy of dpkg's database. Nothing of the host changes. Needs root.
set -eu

package=$(readlink -f "$1")
if [ "${BERTH_DEB_NAMESPACE:-}" != 1 ]; then
  scratch=$(mktemp -d)
  trap 'rmdir "$scratch"' EXIT
  BERTH_DEB_NAMESPACE=1 BERTH_DEB_SCRATCH=$scratch unshare --mount --propagation private "$0" "$package"
  exit
fi

root=$BERTH_DEB_SCRATCH/root
fail() { echo "test-deb: $*" >&2; exit 1; }
step() { echo "test-deb: $*"; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin BERTH_HOME=/var/lib/berth DEBIAN_FRONTEND=noninteractive "$@"; }
absent() { [ ! -e "$root$1" ] && [ ! -L "$root$1" ] || fail "$1 is left behind"; }
present() { [ -e "$root$1" ] || [ -L "$root$1" ] || fail "$1 is missing"; }

make_root() {
  mount -t tmpfs -o mode=0755 tmpfs "$BERTH_DEB_SCRATCH"
  mkdir "$root"
  cd "$root"
  mkdir -p usr etc var/lib var/log var/cache tmp run proc sys dev root
  chmod 1777 tmp
  for dir in usr etc; do
    mkdir -p "$BERTH_DEB_SCRATCH/$dir.upper" "$BERTH_DEB_SCRATCH/$dir.work"
    mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$BERTH_DEB_SCRATCH/$dir.upper,workdir=$BERTH_DEB_SCRATCH/$dir.work" "$dir"
  done
  for link in bin sbin lib lib64; do [ ! -L "/$link" ] || ln -s "usr/$link" "$link"; done
  for dir in proc sys dev; do mount --rbind "/$dir" "$dir"; done
  cp -a /var/lib/dpkg var/lib/dpkg
  # Whatever this machine had installed of it is not what is tested.
  inside dpkg --purge berth >/dev/null 2>&1 || true
}

# The same package with a higher version.
newer() {
  inside dpkg-deb -R /old.deb /tmp/newer
  inside sed -i 's/^Version: .*/&+next/' /tmp/newer/DEBIAN/control
  inside dpkg-deb --root-owner-group -b /tmp/newer /new.deb >/dev/null
}

shim_of() { inside sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "/var/lib/berth/sandboxes/$1/shim.json"; }

clean_up() {
  inside berth server start --port 0 >/dev/null 2>&1 || true
  for name in $(inside berth ls --json 2>/dev/null | tr '{,' '\n\n' | sed -n 's/^"name":"\([^"]*\)".*/\1/p'); do
    inside berth rm -f "$name" >/dev/null 2>&1 || true
  done
  inside berth server stop >/dev/null 2>&1 || true
}

make_root
cp "$package" "$root/old.deb"

step "install"
inside dpkg -i /old.deb >/dev/null || fail "it does not install"
trap clean_up EXIT
for file in /usr/bin/berth /usr/lib/berth/berth-shim /usr/lib/berth/berth-init /lib/systemd/system/berth.service \
  /usr/share/man/man1/berth.1.gz /usr/share/man/man5/berth-config.5.gz /usr/share/bash-completion/completions/berth; do
  present "$file"
done
inside berth --version >/dev/null || fail "berth does not run"

step "a sandbox that runs"
inside berth server start --port 0 >/dev/null || fail "the server does not start"
inside berth run --template busybox --isolation container --name keep -d -T -- sh -c 'while :; do sleep 1; done' >/dev/null ||
  fail "no sandbox"
id=$(inside berth ls --json | sed -n 's/.*"id":"\(sbx_[a-z0-9]*\)".*/\1/p')
shim=$(shim_of "$id")
kill -0 "$shim" || fail "the sandbox has no shim"

step "upgrade"
newer
inside dpkg -i /new.deb >/dev/null || fail "it does not upgrade"
kill -0 "$shim" 2>/dev/null || fail "the upgrade ended a sandbox"
inside berth server stop >/dev/null
kill -0 "$shim" 2>/dev/null || fail "the server's end ended a sandbox"
inside berth server start --port 0 >/dev/null || fail "the new server does not start"
[ "$(shim_of "$id")" = "$shim" ] || fail "the sandbox is another one now"
inside berth exec keep -T -- echo alive | grep -qx alive || fail "the new server cannot reach the sandbox"

step "remove"
inside dpkg -r berth >/dev/null 2>&1 || fail "it does not remove"
trap - EXIT
! kill -0 "$shim" 2>/dev/null || fail "a sandbox outlives the package"
absent /usr/bin/berth
absent /usr/lib/berth
present /var/lib/berth/berth.db

step "purge"
inside dpkg -P berth >/dev/null 2>&1 || fail "it does not purge"
absent /var/lib/berth
step "good"
