# Installs what is missing. One question to dpkg when nothing is.

wanted_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' tools/packages.txt; }

# What another package provides counts as there: some distributions of Node.js bring npm with them and conflict with it.
missing_packages() {
  # shellcheck disable=SC2046
  comm -23 <(wanted_packages | LC_ALL=C sort -u) \
    <(dpkg-query -W -f='${db:Status-Abbrev}\t${Package}, ${Provides}\n' $(wanted_packages) 2>/dev/null |
      sed -n 's/^ii[^\t]*\t//p' | tr ',' '\n' | sed -e 's/ *(.*//' -e 's/^ *//' -e '/^$/d' | LC_ALL=C sort -u)
}

dev_deps() {
  [ $# -eq 0 ] || bad_option "deps takes no options"
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  say "installing $(wc -w <<<"$missing") packages:" $missing
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -q
  # shellcheck disable=SC2086
  as_root apt-get install -y -q --no-install-recommends $missing
}
