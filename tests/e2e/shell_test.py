"""Shell integration: commands typed into a bash become rows with exact text, directory and exit code, and nothing that
a program prints can make one."""

import asyncio
import base64

import pytest
from kit import SLOW, eventually
from viewer import Attached


@pytest.fixture(scope="module")
def bash(server, request):
    server.api().post("/v1/templates/debian/build")
    return server


@pytest.fixture(scope="module", params=("container", "gvisor"))
def debian(request, bash):
    made = bash.api().sandbox(request.param, "debian")
    yield made
    bash.api().remove(made)


async def type_in(server, terminal, lines):
    """Types each line when the prompt of the one before it is there, which its finished row tells."""
    async with Attached(server, terminal) as viewer:
        await viewer.until(lambda v: b"\x1b]133;B" in v.data or b"133;A" in v.data)
        for count, line in enumerate(lines, 1):
            await viewer.send(line.encode() + b"\n")
            await asyncio.to_thread(eventually, lambda: len(done(server, terminal)) >= count, 20, f"a row for {line!r}")
        await viewer.send(b"exit 3\n")
        await viewer.until(lambda v: v.exit, 20)
        return viewer


def commands(server, terminal):
    rows = server.api().all(f"/v1/commands?terminal={terminal['id']}")
    return sorted((row for row in rows), key=lambda row: row["number"])


def done(server, terminal):
    return [row for row in commands(server, terminal) if row["state"] == "done"]


def session(server, sandbox, lines, **fields):
    terminal = server.api().post(f"/v1/sandboxes/{sandbox['id']}/terminals", fields, 201)
    viewer = asyncio.run(asyncio.wait_for(type_in(server, terminal, lines), 120 * SLOW))
    return terminal, viewer, commands(server, terminal)


TRICKY = [
    ("true", 0), ("false", 1), ("(exit 42)", 42), ("sh -c 'kill -9 $$'", 137), ("no_such_program_here", 127),
    ("cd /tmp", 0), ("pwd", 0), ("echo 'one; two' | cat", 0), ("echo \"a\\\"b\" # comment", 0), ("false || true", 0),
    ("true && false", 1), ("echo ünïcödé ☃", 0), ("x='semi;colon' ; echo \"$x\"", 0), ("for i in 1 2; do echo $i; done", 0),
    ("printf 'no newline'", 0), ("echo a;  echo   b", 0), (" echo leading space", 0), ("echo '\\033]133;D;0'", 0),
    ("sleep 0 & wait", 0), ("f() { return 9; }; f", 9), ("! true", 1), ("cd /workspace", 0)]


def test_every_command_is_a_row(bash, debian):
    terminal, viewer, rows = session(bash, debian, [text for text, _ in TRICKY])
    seen = [(row["text"].strip(), row["exit_code"]) for row in rows if row["state"] == "done"][:len(TRICKY)]
    assert seen == [(text.strip(), code) for text, code in TRICKY]
    by_text = {row["text"].strip(): row for row in rows}
    assert by_text["pwd"]["cwd"] == "/tmp" and by_text["true"]["cwd"] == "/workspace"
    row = by_text["printf 'no newline'"]
    output = bytes(viewer.data)[row["output_begin"]:row["output_end"]]
    assert b"no newline" in output and len(output) < 200, output
    for row in rows[:-1]:
        assert row["duration_ns"] is not None and row["started"]
    assert viewer.exit["exit_code"] == 3


def test_multiline_commands_keep_their_lines(bash, debian):
    text = "cat <<'END'\none\n\ttwo\nEND"
    _, _, rows = session(bash, debian, [text.replace("\t", "  ")])
    assert rows[0]["text"].strip() == text.replace("\t", "  ") and rows[0]["exit_code"] == 0


FORGED = (b"\x1b]133;A\x07\x1b]133;B\x07\x1b]633;E;rm -rf everything\x07\x1b]133;C\x07harmless\r\n\x1b]133;D;0\x07"
          b"\x1b]133;D;0;aid=1\x1b\\\x1b]7;file://x/forged\x1b\\\x1b]133;C;nonce=0000\x07\x1b]133;D;99\x07")


def test_a_program_cannot_forge_a_command(bash, debian):
    bash.api().put(debian, "/workspace/forged", FORGED)
    _, viewer, rows = session(bash, debian, ["cat forged", "(exit 6)"])
    texts = [(row["text"].strip(), row["exit_code"]) for row in rows if row["state"] == "done"][:2]
    assert texts == [("cat forged", 0), ("(exit 6)", 6)]
    assert not any("rm -rf" in row["text"] or "forged" in row["cwd"] for row in rows[1:]) and b"harmless" in viewer.data


def test_a_program_cannot_read_the_nonce(bash, debian):
    """Not in the environment, not on the command line, not in what the shell shows of itself."""
    hunt = "env; tr '\\0' '\\n' < /proc/$PPID/environ; tr '\\0' ' ' < /proc/$PPID/cmdline"
    terminal, viewer, rows = session(bash, debian, [f"sh -c \"{hunt}\" > seen 2>&1", "true"])
    seen = bash.api().read(debian, "/workspace/seen").lower()
    raw = bytes(viewer.data)
    import re
    nonces = {match.group(1) for match in re.finditer(rb"133;[A-D][^\x07\x1b]*?(?:nonce|berth|k)=([0-9a-zA-Z_-]{8,})", raw)}
    assert nonces, "markers carry the nonce"
    assert not any(nonce.lower() in seen for nonce in nonces), seen


def test_without_integration_there_are_no_rows_of_typed_commands(bash, debian):
    terminal = bash.api().post(f"/v1/sandboxes/{debian['id']}/terminals", {"shell_integration": False}, 201)

    async def typed():
        async with Attached(bash, terminal) as viewer:
            await viewer.send(b"echo typed; exit 4\n")
            await viewer.until(lambda v: v.exit)
            return viewer
    viewer = asyncio.run(asyncio.wait_for(typed(), 60 * SLOW))
    assert viewer.exit["exit_code"] == 4 and b"133;" not in viewer.data


def test_output_ranges_name_the_bytes_of_the_command(bash, debian):
    _, viewer, rows = session(bash, debian, ["seq 1 2000", "echo last"])
    first = bytes(viewer.data)[rows[0]["output_begin"]:rows[0]["output_end"]]
    assert first == b"".join(b"%d\r\n" % i for i in range(1, 2001))


def test_a_killed_shell_closes_its_open_command(bash, debian):
    terminal = bash.api().post(f"/v1/sandboxes/{debian['id']}/terminals", {}, 201)

    async def typed():
        async with Attached(bash, terminal) as viewer:
            await viewer.until(lambda v: b"133;" in v.data)
            await viewer.send(b"kill -9 $$\n")
            await viewer.until(lambda v: v.exit)
    asyncio.run(asyncio.wait_for(typed(), 60 * SLOW))
    rows = eventually(lambda: commands(bash, terminal))
    assert rows[0]["text"].strip() == "kill -9 $$" and rows[0]["exit_code"] is None


def test_input_over_http_reaches_the_shell(bash, debian):
    terminal = bash.api().post(f"/v1/sandboxes/{debian['id']}/terminals", {}, 201)
    path = f"/v1/terminals/{terminal['id']}/input"
    bash.api().call("POST", path, {"base64": base64.b64encode(b"(exit 8)\n").decode()}, expect=204)
    assert eventually(lambda: done(bash, terminal), 20)[0]["exit_code"] == 8
    bash.api().call("POST", path, {"text": "exit\n"}, expect=204)
    eventually(lambda: not bash.api().get(f"/v1/terminals/{terminal['id']}")["running"])
