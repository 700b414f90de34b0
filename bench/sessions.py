"""Sessions without a server: saves, autosaves, logs and lists, each beside what the disk and SQLite give in the same run."""

import json
import subprocess
import tempfile

from table import percentile, summary

# name: (what the limit is, greatest ratio p50 to it, greatest p99 of ours in ms)
TARGETS = {
    "1 MiB sealed and hashed": ("hash alone", None, 2),
    "1 MiB written in its one form": ("parsing it", None, None),
    "save of 1 MiB": ("SQLite's commit and parsing", 1.5, 50),
    "autosave of one field of 1 MiB": ("4 KiB appended and synced", 1.5, None),
    "list by title, page 500 beside page 1": ("page 1", None, 5),
    "list by time, page 500 beside page 1": ("page 1", None, 5),
}
RATES = {"conversation entries, 1,000 at once": 0.6, "saves of 16 owners at once": 0.6}  # least share of the peer's


def session_rows(tool, table, rows=1_000_000):
    """`tool`: the path of berth-bench-sessions."""
    with tempfile.TemporaryDirectory(prefix="berth-bench-sessions-", dir="/var/tmp") as home:
        told = subprocess.run([tool, home, str(rows)], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in map(json.loads, told.splitlines()):
        name, ours, limit = line["name"], summary(line["ours"]), summary(line["limit"])
        spread = f"p99 {percentile(line['ours'], 0.99):.2f}, peer's {percentile(line['limit'], 0.99):.2f}"
        if name in RATES:
            least = RATES[name]
            table.add("sessions", name, ours["p50"], line["unit"], "small rows through the same store", limit["p50"],
                      f"≥ {least} of it", ours["p50"] >= least * limit["p50"], spread)
            continue
        peer, ratio, most = TARGETS[name]
        met = (ratio is None or ours["p50"] <= ratio * limit["p50"]) and (most is None or ours["p99"] <= most)
        target = " and ".join(([f"p50 ≤ {ratio} × it"] if ratio else []) + ([f"p99 ≤ {most} ms"] if most else []))
        table.add("sessions", name, ours["p50"], line["unit"], peer, limit["p50"], target, met, spread)
