"""Journals on the disk as the product writes them: sealed, compressed, within their limits, and checked."""

import asyncio
import json

from kit import cli, eventually
from viewer import watch

LINES = 20000


def directory(server, terminal):
    return server.home / "terminals" / terminal["id"]


def segments(server, terminal):
    return sorted(directory(server, terminal).glob("*.journal"))


def compact(path):
    return path.read_bytes()[16] == 1


def check(server, *words):
    done = cli(server.home, "--json", "journal", "check", *words)
    return done.returncode, json.loads(done.stdout)


def test_what_was_printed_is_not_on_the_disk(own, isolation):
    server = own()
    made = server.api().sandbox(isolation)
    terminal = server.api().terminal(made, "sh", "-c", "i=0; while [ $i -lt 5 ]; do echo printed-$i; i=$((i+1)); done", kind="pipes")
    asyncio.run(watch(server, terminal))
    found = [path for path in server.home.rglob("*") if path.is_file() and path.suffix in (".journal", ".log", ".pb", "")
             and b"printed-3" in path.read_bytes()]
    assert found == []
    key = next((server.home / "keys").iterdir())
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32
    server.kill()
    code, report = check(server, terminal["id"])
    assert code == 0 and report[0]["whole"] and report[0]["segments"][0]["sealed"] and report[0]["to"] == 50
    server.start()
    seen = asyncio.run(watch(server, terminal))
    assert bytes(seen.data) == b"".join(b"printed-%d\n" % i for i in range(5))


def test_finished_segments_shrink_and_say_the_same(own):
    server = own(env={"BERTH_TERMINAL_JOURNAL_SEGMENT_BYTES": "64KiB", "BERTH_JOURNAL_KEEP_MS": "100"})
    made = server.api().sandbox("container")
    terminal = server.api().terminal(made, "sh", "-c", f"i=0; while [ $i -lt {LINES} ]; do echo a line of output, number $i; i=$((i+1)); done",
                                     kind="pipes")
    expected = b"".join(b"a line of output, number %d\n" % i for i in range(LINES))
    seen = asyncio.run(watch(server, terminal))
    assert bytes(seen.data) == expected
    # A file under a block of the disk stays as it is; how little is in the last one is a matter of how the output was read.
    eventually(lambda: all(compact(path) or path.stat().st_size < 4096 for path in segments(server, terminal)), 60, "compaction")
    again = asyncio.run(watch(server, terminal))
    assert bytes(again.data) == expected
    code, report = check(server)
    assert code == 0 and report[0]["disk_bytes"] * 4 < report[0]["output_bytes"] == len(expected)


def test_damage_is_named(own):
    server = own(env={"BERTH_JOURNAL_SEAL": "false"})
    made = server.api().sandbox("container")
    terminal = server.api().terminal(made, "sh", "-c", "echo one; echo two", kind="pipes")
    asyncio.run(watch(server, terminal))
    path = segments(server, terminal)[0]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"one", b"onE"))
    code, report = check(server, str(directory(server, terminal)))
    assert code == 1 and not report[0]["whole"] and report[0]["damage"][0]["from"] == 0
    assert not report[0]["segments"][0]["sealed"]
    shown = cli(server.home, "journal", "check")
    assert shown.returncode == 1 and "offsets 0 to" in shown.stdout
    assert cli(server.home, "journal", "check", "nowhere").returncode == 3


def test_a_journal_keeps_its_limit(own):
    server = own(env={"BERTH_TERMINAL_JOURNAL_SEGMENT_BYTES": "64KiB", "BERTH_JOURNAL_TERMINAL_BYTES": "256KiB"})
    made = server.api().sandbox("container")
    terminal = server.api().terminal(made, "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo end; cat", kind="pipes")
    eventually(lambda: server.api().get(f"/v1/terminals/{terminal['id']}")["end"] == 3_000_004, 60, "all of the output")
    eventually(lambda: int(segments(server, terminal)[0].name[:8]) > 30, what="old segments to go")
    assert sum(path.stat().st_size for path in segments(server, terminal)) < 450_000
    code, report = check(server, terminal["id"])
    assert code == 0 and report[0]["from"] > 2_000_000


def test_what_is_typed_without_echo_is_nowhere(own):
    server = own(env={"BERTH_JOURNAL_SEAL": "false", "BERTH_LOG_LEVEL": "debug"})
    api = server.api()
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", "stty -echo; echo ready; read secret; stty echo; echo ${#secret} characters")
    eventually(lambda: b"ready" in b"".join(data for _, data in api.output(terminal)))
    api.call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": "correct horse battery\n"}, expect=204)
    seen = asyncio.run(watch(server, terminal))
    assert b"21 characters" in bytes(seen.data)
    places = [path for path in server.home.rglob("*") if path.is_file() and b"horse battery" in path.read_bytes()]
    assert places == []
