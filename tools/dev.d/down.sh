# Ends the server of the home and every sandbox of it. What was recorded stays.

. tools/dev.d/up.sh

dev_down() {
  [ $# -eq 0 ] || bad_option "down takes no options"
  need_root
  export BERTH_HOME=${BERTH_HOME:-$HOME/.local/share/berth}
  [ -x build/release/bin/berth ] || die "nothing is built: there is nothing to stop"
  if ! server_pid >/dev/null; then
    [ -d "$BERTH_HOME" ] || { echo "no server runs, and there is no $BERTH_HOME"; return; }
    berth server start >/dev/null # sandboxes outlive their server: only a server can end them
  fi
  local name
  for name in $(berth ls --json | python3 -c 'import json, sys
for item in json.load(sys.stdin): print(item["id"])'); do
    echo "stopping $name"
    berth stop "$name" >/dev/null
  done
  berth server stop >/dev/null
  echo "the server of $BERTH_HOME and its sandboxes are stopped; what was recorded stays"
}
