"""Journals on the disk as the product writes them: sealed, compressed, within their limits, and checked."""

import asyncio
import json

import pytest
from kit import SLOW, cli, eventually
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


def typed(api, terminal, version):
    """(what was typed, what was shown) of a recording with input."""
    data = api.call("GET", f"/v1/terminals/{terminal['id']}/recording?format=asciicast-{version}&input=true", expect=200).data
    events = [json.loads(line) for line in data.decode().splitlines()[1:]]
    return tuple("".join(text for _, code, text in events if code == kind) for kind in "io")


# What is written just before a program switches the echo off is not kept either: it goes on when that was seen to be kept.
GO_ON = "until [ -e /workspace/kept ]; do sleep 0.05; done"
ASKING = (f"printf 'name: '; read name; {GO_ON}; stty -echo; printf 'password: '; read password; stty echo; printf 'more: '; "
          "read more; echo $name ${#password} $more")


def let_go_on(api, made, terminal):
    eventually(lambda: "zephyr" in typed(api, terminal, "v2")[0], 20, "a record of what was typed")
    api.put(made, "/workspace/kept", b"")


@pytest.mark.parametrize("seal", ("true", "false"))
def test_what_is_typed_is_kept_where_it_is_asked_for_and_never_a_password(own, seal):
    server = own(env={"BERTH_JOURNAL_RECORD_INPUT": "true", "BERTH_JOURNAL_SEAL": seal, "BERTH_LOG_LEVEL": "debug"})
    api = server.api()
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", ASKING)
    for question, answer in ((b"name: ", "zoe zephyr\n"), (b"password: ", "correct horse battery\n"), (b"more: ", "and more\n")):
        eventually(lambda: question in b"".join(data for _, data in api.output(terminal)), 20, "a question")
        api.call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": answer}, expect=204)
        if question == b"name: ":
            let_go_on(api, made, terminal)
    seen = bytes(asyncio.run(watch(server, terminal)).data)
    assert b"zoe zephyr 21 and more" in seen
    for version in ("v2", "v3"):
        keys, shown = typed(api, terminal, version)
        assert keys == "zoe zephyr\nand more\n", keys
        assert shown.encode() == seen, "what was typed is no output"
    name = terminal["id"]
    cast = cli(server.home, "terminal", "export", name, "--input").stdout
    assert '"i"' in cast and "zephyr" in cast and "horse" not in cast
    for without in (cli(server.home, "terminal", "export", name).stdout, cli(server.home, "replay", name).stdout):
        assert '"i"' not in without and "zephyr" in without  # it was echoed
    refused = api.call("GET", f"/v1/terminals/{name}/recording?format=raw&input=true")
    assert refused.problem["code"] == "invalid_argument"
    places = [path for path in server.home.rglob("*") if path.is_file() and b"horse battery" in path.read_bytes()]
    assert places == []
    server.kill()
    code, report = check(server, name)
    assert code == 0 and report[0]["input_records"] == 2 and report[0]["input_bytes"] == len("zoe zephyr\nand more\n")
    server.start()


def test_what_is_typed_is_not_kept_unless_it_is_asked_for(own):
    server = own()
    api = server.api()
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", "read line; echo got $line")
    api.call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": "something\n"}, expect=204)
    assert b"got something" in bytes(asyncio.run(watch(server, terminal)).data)
    assert typed(api, terminal, "v3")[0] == ""
    code, report = check(server, terminal["id"])
    assert code == 0 and report[0]["input_records"] == 0


def test_of_a_shell_its_commands_input_is_kept_and_no_password_of_read(own):
    server = own(env={"BERTH_JOURNAL_RECORD_INPUT": "true"})
    api = server.api()
    api.post("/v1/templates/debian/build")
    made = api.sandbox("container", "debian")
    terminal = api.terminal(made)
    path = f"/v1/terminals/{terminal['id']}"

    def answer(pattern, text):
        body = {"until": {"pattern": pattern}, "from": 0, "timeout_ms": int(30_000 * SLOW)}
        assert api.post(path + "/wait", body)["event"] == "pattern", pattern
        api.call("POST", path + "/input", {"text": text}, expect=204)

    # bash says what it was given with -p before it switches the echo off, so the question is asked after that.
    answer(r"133;B", "read -p 'na'me': ' name; " + GO_ON + "; stty -echo; printf 'pass'word': '; read -s secret; stty echo; echo le''ngth ${#secret}\r")
    answer("name: ", "zoe zephyr\r")
    let_go_on(api, made, terminal)
    answer("password: ", "correct horse battery\r")
    answer("length 21", "exit\r")
    seen = bytes(asyncio.run(watch(server, terminal)).data)
    assert b"length 21" in seen
    keys, _ = typed(api, terminal, "v2")
    assert "zoe zephyr\r" in keys and "horse" not in keys, keys
    decrypted = b"".join(data for _, data in api.output(terminal))
    assert b"horse battery" not in decrypted
    assert [path for path in server.home.rglob("*") if path.is_file() and b"horse battery" in path.read_bytes()] == []


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
