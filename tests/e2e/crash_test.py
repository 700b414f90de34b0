"""The server is killed at seeded moments while terminals write at full speed: no byte is lost, none comes twice."""

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import tempfile

import aiohttp
import pytest
from kit import BIN, SEED, SLOW, cli, eventually
from viewer import Viewer, watch

KILLS = int(os.environ.get("BERTH_KILLS", "50"))
SHIM_KILLS = int(os.environ.get("BERTH_SHIM_KILLS", "5"))  # each is a sandbox of its own

# Numbered blocks until /workspace/stop appears; the sum of what was written is made beside it, from the same pipe.
SOURCE = """
stty raw -echo 2>/dev/null
mkfifo "$1.pipe"
sha256sum < "$1.pipe" > "$1.sum" &
i=0
while [ ! -e stop ]; do i=$((i + 1)); echo "block $i of $1"; cat block; done | tee "$1.pipe"
wait
"""


class Onlooker:
    """`berth logs --follow` as a process of its own, killed in its turn."""

    def __init__(self, server, terminal):
        self.seen = tempfile.TemporaryFile()
        self.process = subprocess.Popen([BIN / "berth", "logs", "--follow", terminal["id"]], stdin=subprocess.DEVNULL, stdout=self.seen,
                                        stderr=subprocess.DEVNULL, env=server.environment())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.seen.seek(0)
        return self.seen


async def kill_and_watch(server, made, terminals, kills, chance):
    """Each round the server, one viewer in three, and a viewer of the command line are killed. What the latter showed comes back."""
    shown = []
    async with aiohttp.ClientSession() as session:
        viewers = [Viewer(server, terminal, keep=False) for terminal in terminals for _ in range(2)]
        tasks = [asyncio.create_task(viewer.follow(session)) for viewer in viewers]
        for round_ in range(kills):
            while min(viewer.connections for viewer in viewers) <= round_:  # each viewer has reached this server
                for task in tasks:
                    assert not task.done(), task.exception() or "the terminal ended"
                await asyncio.sleep(0.005)
            index = chance.randrange(len(terminals))
            onlooker = Onlooker(server, terminals[index])
            await asyncio.sleep(chance.uniform(0, 0.12))  # the seeded moment, not a wait for anything
            if chance.random() < 0.34:
                chance.choice(viewers).socket._response.connection.transport.abort()
            if chance.random() < 0.5:
                shown.append((index, onlooker.kill()))
                server.kill()
            else:
                server.kill()
                shown.append((index, onlooker.kill()))
            await asyncio.to_thread(server.start)
            for task in tasks:
                assert not task.done(), task.exception() or "the terminal ended"
        await asyncio.to_thread(server.api().put, made, "/workspace/stop", b"")
        await asyncio.wait_for(asyncio.gather(*tasks), 120 * SLOW)
        return viewers, shown


@pytest.mark.long
def test_killed_servers_lose_and_double_nothing(own, isolation):
    print(f"seed {SEED}, {KILLS} kills")
    chance = random.Random(f"{SEED} {isolation}")
    server = own()
    api = server.api()
    made = api.sandbox(isolation)
    api.put(made, "/workspace/block", bytes(chance.choices(b"0123456789abcdef \n\033[m", k=60_000)))
    terminals = [api.terminal(made, "sh", "-c", SOURCE, "source", f"t{i}") for i in range(2)]
    viewers, shown = asyncio.run(kill_and_watch(server, made, terminals, KILLS, chance))

    for index, terminal in enumerate(terminals):
        eventually(lambda: not server.api().get(f"/v1/terminals/{terminal['id']}")["running"])
        source = server.api().read(made, f"/workspace/t{index}.sum").split()[0].decode()
        journal, size = hashlib.sha256(), 0
        seen = [file for of, file in shown if of == index]
        for _, data in server.api().output(terminal):
            journal.update(data)
            size += len(data)
            for file in seen:
                part = file.read(len(data))
                assert data.startswith(part), f"seed {SEED}: what a viewer showed is not what was printed"
        assert not any(file.read(1) for file in seen)
        assert journal.hexdigest() == source, f"seed {SEED}: terminal {index}, {size} bytes"
        for viewer in viewers[2 * index:2 * index + 2]:
            assert (viewer.sha.hexdigest(), viewer.next) == (source, size), f"seed {SEED}: {viewer.connections} connections"
            assert viewer.connections >= KILLS and viewer.exit["exit_code"] == 0
        late = asyncio.run(watch(server, terminal, size // 2, keep=False))
        assert late.next == size
        print(f"{isolation} terminal {index}: {size} bytes, sha256 {source[:16]}…")


async def watched_to_its_end(server, terminal, kill):
    async with aiohttp.ClientSession() as session:
        viewers = [Viewer(server, terminal) for _ in range(2)]
        tasks = [asyncio.create_task(viewer.follow(session)) for viewer in viewers]
        while min(viewer.next for viewer in viewers) < 1000:
            await asyncio.sleep(0.005)
        await kill()
        await asyncio.wait_for(asyncio.gather(*tasks), 120 * SLOW)
        return viewers


@pytest.mark.long
def test_killed_shims_lose_nothing_that_was_printed(own, isolation):
    """A shim is killed at seeded moments, its server too now and then: the count in the journal is complete and in order up to
    where it ends, and each viewer has each byte of it once. On a PTY and on pipes by turns."""
    print(f"seed {SEED}, {SHIM_KILLS} shims")
    chance = random.Random(f"{SEED} shims {isolation}")
    server = own()
    for round_ in range(SHIM_KILLS):
        made = server.api().sandbox(isolation)
        count = "stty raw 2>/dev/null; i=0; while :; do echo $i; i=$((i+1)); done"
        terminal = server.api().terminal(made, "sh", "-c", count, kind=("pty", "pipes")[round_ % 2])
        shim = json.loads((server.home / "sandboxes" / made["id"] / "shim.json").read_text())["pid"]

        async def kill():
            await asyncio.sleep(chance.uniform(0, 0.2))
            both = chance.random() < 0.3
            if both:
                server.kill()
            os.kill(shim, signal.SIGKILL)
            if both:
                await asyncio.to_thread(server.start)

        viewers = asyncio.run(watched_to_its_end(server, terminal, kill))
        kept = b"".join(data for _, data in server.api().output(terminal))
        lines = kept.split(b"\n")
        assert lines[:-1] == [b"%d" % i for i in range(len(lines) - 1)], f"seed {SEED}, round {round_}"
        assert (b"%d" % (len(lines) - 1)).startswith(lines[-1])
        for viewer in viewers:
            assert bytes(viewer.data) == kept, f"seed {SEED}, round {round_}: {len(viewer.data)} of {len(kept)}"
        server.api().call("DELETE", f"/v1/sandboxes/{made['id']}?force=true", expect=204)


def test_a_terminal_goes_on_while_no_server_runs(own, isolation):
    server = own()
    made = server.api().sandbox(isolation)
    terminal = server.api().terminal(made, "sh", "-c", f"echo before; sleep {round(2 * SLOW)}; echo after; exit 5", kind="pipes")
    eventually(lambda: b"before" in b"".join(data for _, data in server.api().output(terminal)))
    server.kill()

    def kept():
        return json.loads(cli(server.home, "--json", "journal", "check", terminal["id"]).stdout)[0]["to"]

    assert kept() == len("before\n"), "the test was too slow"
    eventually(lambda: kept() == len("before\nafter\n"), what="output without a server")
    server.start()
    seen = asyncio.run(watch(server, terminal))
    assert bytes(seen.data) == b"before\nafter\n" and seen.exit["exit_code"] == 5


def test_what_was_acknowledged_is_there_after_a_kill(own):
    """Create, exec and remove are answered when they are stored."""
    server = own()
    kept = [server.api().sandbox("container", name=f"s{i}") for i in range(3)]
    server.api().exec(kept[0], "sh", "-c", "exit 4")
    server.api().remove(kept[2])
    server.kill()
    server.start()
    assert {item["name"] for item in server.api().all("/v1/sandboxes")} == {"s0", "s1"}
    assert server.api().all(f"/v1/commands?sandbox={kept[0]['id']}")[0]["exit_code"] == 4


def test_a_server_killed_while_it_creates_leaves_all_or_nothing(own, isolation):
    """Killed at seeded moments of a creation, the first of which tries the runtimes: afterwards the sandbox runs, or is failed
    and can be removed."""
    import threading
    chance = random.Random(f"{SEED} create {isolation}")
    server = own()
    for round_ in range(4):
        def create():
            try:
                server.api().call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": isolation, "name": f"r{round_}"})
            except OSError:
                pass  # the server died under the request, as it should
        thread = threading.Thread(target=create)
        thread.start()
        thread.join(chance.uniform(0, 0.4))
        server.kill()
        thread.join()
        server.start()
        for item in server.api().all("/v1/sandboxes"):
            settled = eventually(lambda: (found := server.api().get(f"/v1/sandboxes/{item['id']}"))["state"] != "provisioning"
                                 and found, 40, "an end of provisioning")
            if settled["state"] == "running":
                assert server.api().exec(item, "echo", "x")["stdout"] == "x\n"
            server.api().remove(item)
