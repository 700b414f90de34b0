"""Journals without a server: the write path of a shim, search, and finding a moment, beside what the machine can do.

MB/s are of processor time; finding a moment is time on the wall, with no page cached.
"""

import json
import os
import resource
import shutil
import subprocess
import tempfile

from table import summary

ROUNDS = 5
PATTERN = "segment 9999[0-9] flushed peer=12"


def journal_rows(tool, write_text, table, size):
    """`tool`: the path of berth-bench-journal. `write_text(path, bytes)` makes the log text."""
    with tempfile.TemporaryDirectory(prefix="berth-bench-journal-", dir="/var/tmp") as home:
        source = os.path.join(home, "log.txt")
        write_text(source, size)
        size = os.path.getsize(source)

        def run(*words):
            return json.loads(subprocess.run([tool, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout)

        def speed(figures, name="bytes"):
            return figures[name] / 1e6 / figures["seconds"]

        appended = {"plain": [], "sealed": []}
        small = os.path.join(home, "small.txt")
        write_text(small, min(size, 256 << 20))
        for _ in range(ROUNDS):
            for form in appended:
                journal = os.path.join(home, "append")
                appended[form].append(speed(run("append", journal, small, form)))
                shutil.rmtree(journal)
        plain = summary(appended["plain"])["p50"]
        sealed = summary(appended["sealed"])["p50"]
        table.add("journal", "append of 64 KiB, sealed", sealed, "MB/s", "plain", plain, "≥ 1000 MB/s", sealed >= 1000,
                  f"min {min(appended['sealed']):.0f}")

        journals = {form: os.path.join(home, form) for form in ("plain", "sealed")}
        for form, journal in journals.items():
            run("append", journal, source, form)
        compact = os.path.join(home, "compact")
        run("append", compact, source, "sealed")
        packed = run("compact", compact, "sealed")
        table.add("journal", "compaction, sealed", speed(packed, "before"), "MB/s", "size after / before, %",
                  100 * packed["after"] / packed["before"])

        def grep_peer():
            begin = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = subprocess.run(["grep", "-c", PATTERN, source], stdout=subprocess.PIPE, text=True,
                                   env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
            end = resource.getrusage(resource.RUSAGE_CHILDREN)
            return size / 1e6 / (end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime), int(found.stdout)

        figures = {"plain": [], "sealed": [], "compact": [], "grep -c": [], "memchr": []}
        for _ in range(ROUNDS):
            peer, expected = grep_peer()
            figures["grep -c"].append(peer)
            figures["memchr"].append(speed(run("memchr", source)))
            for name, journal in (*journals.items(), ("compact", compact)):
                found = run("grep", journal, "plain" if name == "plain" else "sealed", PATTERN)
                assert found["matches"] >= expected > 0, (name, found, expected)
                figures[name].append(speed(found))
        peer, limit = summary(figures["grep -c"])["p50"], summary(figures["memchr"])["p50"]
        for name, target in (("plain", 1000), ("sealed", 300), ("compact", 300)):
            mine = summary(figures[name])["p50"]
            shown = {"plain": "grep, plain", "sealed": "grep, sealed", "compact": "grep, sealed and compact"}[name]
            table.add("journal", shown, mine, "MB/s", "grep -c", peer, f"≥ {target} MB/s", mine >= target,
                      f"min {min(figures[name]):.0f}; memchr {limit:.0f}")

        for name, journal in (*journals.items(), ("compact", compact)):
            times = run("seek", journal, "plain" if name == "plain" else "sealed", 20)["ms"]
            figure = summary(times)
            table.add("journal", f"a moment of {size >> 20} MiB, cold, {name}", figure["p95"], "ms, p95", target="< 50 ms",
                      met=figure["p95"] < 50, spread=f"p50 {figure['p50']:.1f}")
