"""Shells inside of a recorded shell, in a real tmux and behind a real ssh: what the outer shell ran is told, and nothing of
what the inner one says about itself is taken for it (docs/architecture.md, Command monitor, 10 and 11)."""

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest
from kit import BIN, SLOW, eventually
from viewer import Attached

# As the integration of another terminal does: it knows a nonce of its own, and not that of Berth. $tell is how it speaks.
RC = r"""
plain() { printf '\e]%s\a' "$1"; }
wrapped() { printf '\ePtmux;\e\e]%s\a\e\\' "$1"; plain "$1;swallowed=1"; }
begins() { local text=$(HISTTIMEFORMAT= history 1); $tell "633;E;${text#*[0-9]  };n7"; $tell "133;C;nonce=n7$aid"; }
PROMPT_COMMAND='code=$?; [ "$ran" ] && $tell "133;D;$code;nonce=n7$aid"; ran=; $tell "133;A;nonce=n7$aid"'
none= PS0='${none:ran=1:0}$(begins)'
PS1='in$ '
HISTFILE=
"""
TMUX_CONF = "set -g allow-passthrough on\nset -g status off\nset -g default-command 'tell=wrapped bash --rcfile rc -i'\n"
INNER = [("false", 1), ("(exit 6)", 6)]


def bring(api, sandbox, *programs):
    """The machine's programs with the libraries that they need, in /workspace/bin."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
        for name in programs:
            program = shutil.which(name)
            assert program, f"{name} is not installed (tools/packages.txt)"
            listed = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
            for path in {program, *re.findall(r"=> (/\S+)", listed)}:
                tar.add(os.path.realpath(path), arcname="bin/" + os.path.basename(path))
    api.put(sandbox, "/workspace/programs.tar", packed.getvalue())
    done = api.exec(sandbox, "tar", "-xf", "programs.tar")
    assert done["exit_code"] == 0, done


@pytest.fixture
def inside(server, api, isolation):
    api.post("/v1/templates/debian/build")
    made = api.sandbox(isolation, "debian")
    bring(api, made, "tmux", "dropbear", "dropbearkey", "dbclient")
    api.put(made, "/workspace/rc", RC.encode())
    api.put(made, "/workspace/tmux.conf", TMUX_CONF.encode())
    yield made
    api.remove(made)


ENV = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "out$ ", "LD_LIBRARY_PATH": "/workspace/bin",
       "PATH": "/workspace/bin:/usr/bin:/bin"}


def type_in(server, sandbox, steps):
    """Types each line when the text that is named before it was printed anew. The rows of the terminal, and all of its bytes."""
    terminal = server.api().terminal(sandbox, "bash", env=ENV)

    async def typed():
        async with Attached(server, terminal) as viewer:
            seen = 0
            for awaited, line in steps:
                try:
                    await viewer.until(lambda v: v.data.find(awaited, seen) >= 0, 30)
                except TimeoutError:
                    raise AssertionError(f"no {awaited} for {line!r} in {bytes(viewer.data[seen:])}") from None
                seen = viewer.data.find(awaited, seen) + len(awaited)
                await viewer.send(line.encode() + b"\n")
            await viewer.until(lambda v: v.exit, 30)
            return viewer

    viewer = asyncio.run(asyncio.wait_for(typed(), 120 * SLOW))
    rows = eventually(lambda: (rows := server.api().all(f"/v1/commands?terminal={terminal['id']}")) and
                      all(row["state"] == "done" for row in rows) and rows, 20, "the last row")
    return sorted(rows, key=lambda row: row["number"]), bytes(viewer.data)


def told(rows):
    return [(row["text"].strip(), row["exit_code"], row["full_screen"]) for row in rows]


def parsed(data, *words):
    """The commands in these bytes as `berth terminal parse` has them, by their begin."""
    done = subprocess.run([BIN / "berth", "terminal", "parse", *words], input=data, stdout=subprocess.PIPE, check=True)
    items = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted((item for item in items if item["type"] == "command"), key=lambda item: item["start"])


OUT, IN = b"\x1b]133;B", b"133;A;nonce=n7"


def test_tmux_is_one_command_whatever_is_said_in_it(server, inside):
    tmux = "tmux -u -f tmux.conf new"
    awaited = [b"in$ ", IN, IN]  # what is passed through before tmux has drawn its window is lost
    rows, data = type_in(server, inside, [(OUT, "echo before"), (OUT, tmux), *zip(awaited, ["false", "(exit 6)", "exit 5"]),
                                          (OUT, "echo after"), (OUT, "exit 3")])
    outer = [("echo before", 0, False), (tmux, 0, True), ("echo after", 0, False), ("exit 3", 3, False)]
    assert told(rows) == outer
    assert b"swallowed" not in data, "tmux keeps what is not wrapped for itself"
    # Who knows the nonce is heard through tmux, full screen or not, and the others are told apart.
    heard = [item for item in parsed(data, "--nonce", "n7") if item["trusted"]]
    assert [(item["text"], item["exit_code"]) for item in heard] == [*INNER, ("exit 5", None)]
    # Without a nonce every marker counts, but for what a full-screen program says.
    assert told(parsed(data)) == [*outer[:-1], ("exit 3", None, False)]


@pytest.mark.parametrize("isolation", ["container"])  # an ssh server that is not root cannot make a PTY its user's own under gVisor
def test_ssh_is_one_command_whatever_is_said_behind_it(server, api, inside):
    made = api.exec(inside, "sh", "-c", "export PATH=/workspace/bin:$PATH LD_LIBRARY_PATH=/workspace/bin; mkdir -p -m 700 /home/user/.ssh && dropbearkey -t ed25519 -f host && dropbearkey -t ed25519 -f key | "
                    "grep ^ssh- > /home/user/.ssh/authorized_keys && chmod 600 /home/user/.ssh/authorized_keys")
    assert made["exit_code"] == 0, made
    listen = "dropbear -r host -p 127.0.0.1:2222"
    ssh = "dbclient -y -i key -t -p 2222 user@127.0.0.1 'cd /workspace; tell=plain aid={} exec bash --rcfile rc -i'"
    nameless, named = ssh.format(""), ssh.format('";aid=7"')
    session = [*[(IN, text) for text, _ in INNER], (IN, "exit 5")]
    rows, data = type_in(server, inside, [(OUT, listen), (OUT, nameless), *session, (OUT, named), *session, (OUT, "exit 3")])
    assert told(rows) == [(listen, 0, False), (nameless, 5, False), (named, 5, False), ("exit 3", 3, False)]
    # Without a nonce every marker counts. A shell without a name looks like a lost end; one with a name is a level deeper.
    heard = [(item["text"].strip(), item["exit_code"], item["depth"]) for item in parsed(data)]
    assert heard == [(listen, 0, 0), (nameless, None, 0), *[(*item, 0) for item in INNER], ("exit 5", 5, 0),
                     (named, 5, 0), *[(*item, 1) for item in INNER], ("exit 5", None, 1), ("exit 3", None, 0)]
