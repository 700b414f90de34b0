#!/usr/bin/python3
"""tools/dev bench [NAME…] [--json]: each figure beside its peer or limit, measured alternately in one run.

Targets belong to the benchmark, never to a test: machines are shared and noisy. Results are kept in bench/results/.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402
from journal import journal_rows  # noqa: E402
from rig import Rig, Tools, pss_kib  # noqa: E402
from sessions import client_rows, session_rows  # noqa: E402
from table import Table, summary  # noqa: E402

ROUNDS = 5
TRUE = {"busybox": "/bin/true", "debian": "/usr/bin/true"}


def spread(samples):
    figures = summary(samples)
    return f"p95 {figures['p95']:.1f}"


def isolations(rig):
    for isolation in ("container", "gvisor"):
        yield isolation


def bench_exec(rig, table):
    """exec of `true` through the API, beside the same spawn measured inside, and beside the runtime's own exec."""
    for isolation in isolations(rig):
        sandbox = rig.sandbox(isolation)
        shutil.copy(rig.tool("berth-bench-spawn"), rig.workspace(sandbox))
        os.chmod(os.path.join(rig.workspace(sandbox), "berth-bench-spawn"), 0o755)
        ours, inside, runtime = [], [], []
        for _ in range(ROUNDS):
            ours += rig.samples("exec", sandbox["id"], 40, TRUE["busybox"])
            answer = rig.call("POST", f"/v1/sandboxes/{sandbox['id']}/exec",
                              {"argv": ["/workspace/berth-bench-spawn", "40", TRUE["busybox"]]})
            inside += [float(line) for line in answer["stdout"].split()]
            runtime += peers.runtime_exec(rig, sandbox, 5, [TRUE["busybox"]])
        mine, limit, other = summary(ours), summary(inside), summary(runtime)
        table.add(f"exec {isolation}", "p50 over spawn inside", (mine["p50"] - limit["p50"]) / 1000, "ms",
                  "spawn inside, ms", limit["p50"] / 1000, "≤ 2 ms", mine["p50"] - limit["p50"] <= 2000, spread(ours))
        table.add(f"exec {isolation}", "p50", mine["p50"] / 1000, "ms", f"{sandbox['runtime']} exec", other["p50"] / 1000)
        rig.remove(sandbox)


def bench_create(rig, table):
    """create to first output, cold, beside the bare runtime on an equal bundle."""
    for isolation in isolations(rig):
        ours, bare = [], []
        model = rig.sandbox(isolation)
        with peers.EqualBundle(rig, model) as bundle:
            for _ in range(ROUNDS * 3):
                begin = time.monotonic()
                sandbox = rig.sandbox(isolation)
                answer = rig.call("POST", f"/v1/sandboxes/{sandbox['id']}/exec", {"argv": ["/bin/echo", "hello"]})
                ours.append((time.monotonic() - begin) * 1000)
                assert answer["stdout"] == "hello\n"
                rig.remove(sandbox)
                bare.append(bundle.run_once())
        podman = peers.podman_run(ROUNDS) if isolation == "container" else []
        mine, other = summary(ours), summary(bare)
        table.add(f"create {isolation}", "p50 to first output", mine["p50"], "ms", f"{model['runtime']} run",
                  other["p50"], "≤ 1.3 ×", mine["p50"] <= 1.3 * other["p50"], spread(ours))
        if podman:
            table.add(f"create {isolation}", "p50 to first output", mine["p50"], "ms", "podman run", summary(podman)["p50"])
        rig.remove(model)


SILENT = ["sh", "-c", "exec cat > /dev/null"]  # what comes back is the terminal's own echo


def bench_echo(rig, table):
    """key to the terminal's echo over a WebSocket on loopback, beside a bare PTY and an attached tmux client; also while
    another terminal floods."""
    for isolation, (p50, p99) in (("container", (1.7, 2.5)), ("gvisor", (3, None))):
        sandbox = rig.sandbox(isolation)
        terminal = rig.terminal(sandbox, SILENT, cols=200, rows=50)
        for beside in ("", ", another floods"):
            if beside:
                flood = rig.terminal(sandbox, ["sh", "-c", "yes 'the quick brown fox jumps over the lazy dog'"])
                viewer = subprocess.Popen([rig.tool("berth-bench-probe"), "bulk", "127.0.0.1", rig.port, rig.key, flood["id"]],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            samples = {"ours": [], "bare PTY": [], "tmux attached": []}
            for _ in range(ROUNDS):
                samples["ours"] += rig.samples("echo", terminal["id"], 300, 5000)
                samples["bare PTY"] += rig.samples("pty-echo", 300, 5000, *SILENT, remote=False)
                with peers.tmux(*SILENT) as attached:
                    samples["tmux attached"] += rig.samples("pty-echo", 300, 5000, *attached, remote=False)
            if beside:
                rig.call("DELETE", f"/v1/terminals/{flood['id']}")
                viewer.wait(60)
            figures = {name: summary(values) for name, values in samples.items()}
            mine = figures.pop("ours")
            for peer, other in figures.items():
                for point, times in (("p50", p50), ("p99", p99)):
                    target = times if peer.startswith("tmux") else None
                    table.add(f"echo {isolation}", point + beside, mine[point], "µs", peer, other[point],
                              f"≤ {target} ×" if target else "", mine[point] <= target * other[point] if target else None)
        rig.remove(sandbox)


def write_log_text(path, size):
    """Coloured log lines, the same bytes every time."""
    lines = []
    for i in range(20000):
        level = ("INFO", "DEBUG", "WARN", "ERROR")[i * 7 % 4]
        lines.append(f"\x1b[2m2026-01-01T00:00:{i % 60:02d}.{i % 1000:03d}Z\x1b[0m \x1b[3{i % 7 + 1}m{level:>5}\x1b[0m "
                     f"\x1b[1mstorage::wal\x1b[0m: segment {i * 2654435761 % 99991} flushed peer={i % 13} bytes={i * 37}\n")
    block = "".join(lines).encode()
    with open(path, "wb") as file:
        for _ in range(size // len(block)):
            file.write(block)


def bench_bulk(rig, table, size=200 << 20):
    """200 MB of log text through a terminal to one WebSocket client, journal on, beside the raw PTY on the host.

    Under gVisor in writes of 4 KiB: its terminal has no back-pressure on longer ones (docs/decisions/0006).
    """
    source = os.path.join(rig.home, "log.txt")
    write_log_text(source, size)
    for isolation in isolations(rig):
        sandbox = rig.sandbox(isolation)
        shutil.copy(source, os.path.join(rig.workspace(sandbox), "log.txt"))
        ours, bare, others = [], [], {}
        for _ in range(3):
            copy = ["cat", "/workspace/log.txt"] if isolation == "container" else [
                "sh", "-c", "dd if=/workspace/log.txt bs=4k 2>/dev/null"]
            terminal = rig.terminal(sandbox, copy, cols=200, rows=50)
            figures = json.loads(rig.probe("bulk", terminal["id"]))
            ours.append(figures["bytes"] / 1e6 / figures["seconds"])
            other = json.loads(rig.probe("pty-bulk", "cat", source, remote=False))
            bare.append(other["bytes"] / 1e6 / other["seconds"])
            assert figures["bytes"] == other["bytes"], (figures, other)
            if isolation == "container":
                for name, rate in peers.copies(rig, source):
                    others.setdefault(name, []).append(rate)
        mine, limit = summary(ours)["p50"], summary(bare)["p50"]
        target = "≥ 0.9 ×" if isolation == "container" else ""
        table.add(f"bulk {isolation}", "median", mine, "MB/s", "raw PTY", limit, target, mine >= 0.9 * limit if target else None,
                  f"min {min(ours):.1f}")
        for name, rates in others.items():
            table.add(f"bulk {isolation}", "median", mine, "MB/s", name, summary(rates)["p50"])
        rig.remove(sandbox)


def bench_memory(rig, table, terminals=1000):
    """PSS of the processes; memory of the server for each idle attached terminal."""
    table.add("memory", "server, idle", pss_kib(rig.server.pid) / 1024, "MiB", target="< 40 MB",
              met=pss_kib(rig.server.pid) / 1024 < 40)
    sandbox = rig.sandbox("container", processes=terminals + 50, open_files=16384, memory_bytes=4 << 30)
    with open(os.path.join(rig.directory(sandbox), "shim.json")) as file:
        shim = json.load(file)["pid"]
    init = peers.first_child_of_sandbox(rig, sandbox)
    table.add("memory", "shim", pss_kib(shim) / 1024, "MiB", target="< 5 MB", met=pss_kib(shim) / 1024 < 5)
    table.add("memory", "init", pss_kib(init) / 1024, "MiB", target="< 2 MB", met=pss_kib(init) / 1024 < 2)
    before = pss_kib(rig.server.pid)
    ids = [rig.terminal(sandbox, ["cat"])["id"] for _ in range(terminals)]
    holder = subprocess.Popen([rig.tool("berth-bench-probe"), "hold", "127.0.0.1", rig.port, rig.key],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    holder.stdin.write("\n".join(ids) + "\n\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    each = (pss_kib(rig.server.pid) - before) * 1.024 / terminals
    table.add("memory", f"server per idle attached terminal, {terminals}", each, "KB", target="< 20 KB", met=each < 20)
    table.add("memory", f"shim with {terminals} terminals", pss_kib(shim) / 1024, "MiB")
    holder.stdin.close()
    holder.wait(60)
    rig.remove(sandbox)


TUI = ("printf '\\033[?1049h\\033[H\\033[1;7m status \\033[0m'; i=0; "
       "while [ $i -lt 40 ]; do i=$((i+1)); printf '\\r\\n\\033[3%dm%d columns of something\\033[0m' $((i%8)) $i; done; exec cat")


def bench_attach(rig, table, size=1 << 30):
    """a viewer comes to a terminal with 1 GiB of output after the server was killed: its screen, no page of the journal cached."""
    source = os.path.join(rig.home, "log.txt")
    write_log_text(source, size)
    sandbox = rig.sandbox("container")
    shutil.move(source, os.path.join(rig.workspace(sandbox), "log.txt"))
    begin = time.time()
    terminal = rig.terminal(sandbox, ["sh", "-c", f"cat /workspace/log.txt; rm /workspace/log.txt; {TUI}"], cols=200, rows=50)
    journal = os.path.join(rig.home, "terminals", terminal["id"])
    rig.settled(journal, size)
    span = time.time() - begin
    screens, moments, bare = [], [], []
    for round_ in range(ROUNDS * 4):
        rig.restart()
        peers.forget_pages(journal)
        screens += rig.samples("attach", terminal["id"], "?acknowledge=true")
        peers.forget_pages(journal)
        back = span * (round_ + 1) / (ROUNDS * 4 + 1)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin + back))
        moments += rig.samples("attach", terminal["id"], f"?acknowledge=true&at={moment}")
        peers.forget_pages(journal)
        bare += peers.read_cold(journal)
    limit = summary(bare)["p50"]
    for what, samples, most in (("screen of 1 GiB, cold, server restarted", screens, 30), ("the same at a moment", moments, 50)):
        figures = summary([sample / 1000 for sample in samples])
        table.add("attach", what + ", p50", figures["p50"], "ms", "4 MiB of it read cold", limit, f"< {most} ms",
                  figures["p50"] < most, f"p95 {figures['p95']:.1f}")
    rig.remove(sandbox)


def bench_vt(rig, table, size=64 << 20):
    """MB/s (of processor time) of terminal output through the screen and the command monitor, beside memchr(ESC) and libvterm; memory."""
    tool = rig.tool("berth-bench-vt")
    lines = subprocess.run([tool, str(size), str(ROUNDS)], stdout=subprocess.PIPE, text=True, check=True).stdout
    rates = {(row["corpus"], row["reader"]): row["mb_per_s"] for row in map(json.loads, lines.splitlines())}
    targets = {("log", "screen"): 300, ("ascii", "screen"): 500, ("tui", "screen"): 150, ("log", "monitor"): 1500,
               ("ascii", "monitor"): 10000}
    for (corpus, reader), samples in rates.items():
        if reader == "memchr" or reader.startswith("libvterm"):
            continue
        peers = ["memchr"] if reader == "monitor" else ["memchr", "libvterm state", "libvterm screen"]
        for peer in (peer for peer in peers if (corpus, peer) in rates):
            target = targets.get((corpus, reader)) if peer == "memchr" else None
            mine = summary(samples)["p50"]
            table.add(f"vt {corpus}", reader, mine, "MB/s", peer, summary(rates[corpus, peer])["p50"],
                      f"≥ {target} MB/s" if target else "", mine >= target if target else None,
                      f"min {min(samples):.0f} max {max(samples):.0f}")
    memory = json.loads(subprocess.run([tool, "memory"], stdout=subprocess.PIPE, text=True, check=True).stdout)
    table.add("vt memory", "screen of 200 × 50", memory["screen"] / 1024, "KiB", target="< 64 KiB",
              met=memory["screen"] < 64 << 10)
    table.add("vt memory", "with the alternate screen active", memory["both"] / 1024, "KiB")


def bench_journal(rig, table, size=1 << 30):
    """write path, search and finding a moment of a journal of 1 GiB, beside grep and the bare memory."""
    journal_rows(rig.tool("berth-bench-journal"), write_log_text, table, size)


def bench_sessions(rig, table):
    """saves, autosaves, logs and lists of sessions, beside a synced append and SQLite's own commit."""
    session_rows(rig.tool("berth-bench-sessions"), table)
    client_rows(os.path.dirname(rig.bin), table)


BENCHES = {"exec": bench_exec, "create": bench_create, "echo": bench_echo, "bulk": bench_bulk, "memory": bench_memory, "attach": bench_attach,
           "vt": bench_vt, "journal": bench_journal, "sessions": bench_sessions}
SERVERLESS = {"vt", "journal", "sessions"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of " + ", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="print JSON rows instead of the table")
    parser.add_argument("--build", default="build/release", help="build directory (default %(default)s)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(BENCHES)}")
    table = Table()
    names = options.names or list(BENCHES)
    failed = []
    for name in names:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        rig = Tools(options.build) if name in SERVERLESS else Rig(options.build)
        try:
            BENCHES[name](rig, table)
        except Exception:  # said below, and in the exit code; the others' figures are kept
            traceback.print_exc()
            failed.append(name)
        finally:
            rig.close()
    print(table.json_lines() if options.json else table.text())
    results = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")
    for name in [name for name in names if name not in failed]:
        chosen = Table()
        chosen.rows = [row for row in table.rows if row["bench"].split()[0] == name]
        with tempfile.NamedTemporaryFile("w", dir=results, delete=False, suffix=".tmp") as file:
            file.write(chosen.text() + "\n\n```json\n" + chosen.json_lines() + "\n```\n")
        os.chmod(file.name, 0o644)
        os.rename(file.name, os.path.join(results, name + ".md"))
    if failed:
        sys.exit("bench: no figures of " + ", ".join(failed))


if __name__ == "__main__":
    main()
