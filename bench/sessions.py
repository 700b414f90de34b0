"""Sessions without a server: saves, autosaves, logs and lists, each beside what the disk and SQLite give in the same run; and
what an autosave costs the client library."""

import json
import pathlib
import shutil
import subprocess
import tempfile

from table import percentile, summary

# name: (what the limit is, greatest ratio p50 to it, greatest p99 of ours in ms)
TARGETS = {
    "1 MiB sealed and hashed": ("hash alone", None, None),
    "save of 1 MiB, 8 writers": ("one commit of 8 MiB", None, 50),
    "1 MiB written in its one form": ("parsing it", None, None),
    "form of 1 MiB checked": ("parsing it", None, None),
    "save of 1 MiB": ("SQLite's commit and parsing", 1.5, None),
    "autosave of one field of 1 MiB": ("4 KiB appended and synced", 1.5, None),
    "list by title, page 500 beside page 1": ("page 1", None, 5),
    "list by time, page 500 beside page 1": ("page 1", None, 5),
}
MIDDLE = {"1 MiB sealed and hashed": 2}  # most ms at p50
RATES = {"conversation entries, 1,000 at once": 0.6, "saves of 16 owners at once": 0.6}  # least share of the peer's
HERE = pathlib.Path(__file__).resolve().parent


def client_library(build):
    """The built session-client: a copy of web/ with what its lock file names, as the tests make it."""
    home = pathlib.Path(build) / "web"
    library = home / "packages/session-client/dist/index.js"
    shutil.copytree(HERE.parent / "web", home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist", "out"))
    if not (home / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["npm", "run", "build"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    return library


def client_rows(build, table):
    """An autosave of one field of 1 MiB as the client library makes it, to a server that only answers."""
    told = subprocess.run(["node", HERE / "session_client.mjs", client_library(build).as_uri()], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    figures = json.loads(told)
    cpu, whole, wire = summary(figures["cpu_ms"]), summary(figures["stringify_ms"]), summary(figures["wire_bytes"])
    table.add("sessions", "client's CPU of an autosave of 1 MiB", cpu["p50"], "ms", "writing the document as JSON", whole["p50"], "≤ 2 ms",
              cpu["p50"] <= 2, f"p99 {cpu['p99']:.2f}")
    table.add("sessions", "an autosave on the wire, headers included", wire["p50"], "bytes", "its patch alone", figures["patch_bytes"],
              "≤ 1024 bytes", max(figures["wire_bytes"]) <= 1024, f"most {max(figures['wire_bytes'])}")


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
        middle = MIDDLE.get(name)
        met = (ratio is None or ours["p50"] <= ratio * limit["p50"]) and (most is None or ours["p99"] <= most) and (
            middle is None or ours["p50"] <= middle)
        target = " and ".join(([f"p50 ≤ {ratio} × it"] if ratio else []) + ([f"p99 ≤ {most} ms"] if most else []) +
                              ([f"p50 ≤ {middle} ms"] if middle else []))
        table.add("sessions", name, ours["p50"], line["unit"], peer, limit["p50"], target, met, spread)
