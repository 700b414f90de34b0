"""The server is killed at seeded moments while terminals write at full speed: no byte is lost, none comes twice."""

import asyncio
import hashlib
import json
import os
import random

import aiohttp
import pytest
from kit import SEED, SLOW, cli, eventually
from viewer import Viewer, watch

KILLS = int(os.environ.get("BERTH_KILLS", "50"))

# Numbered blocks until /workspace/stop appears; the sum of what was written is made beside it, from the same pipe.
SOURCE = """
stty raw -echo 2>/dev/null
mkfifo "$1.pipe"
sha256sum < "$1.pipe" > "$1.sum" &
i=0
while [ ! -e stop ]; do i=$((i + 1)); echo "block $i of $1"; cat block; done | tee "$1.pipe"
wait
"""


async def kill_and_watch(server, made, terminals, kills, chance):
    async with aiohttp.ClientSession() as session:
        viewers = [Viewer(server, terminal, keep=False) for terminal in terminals for _ in range(2)]
        tasks = [asyncio.create_task(viewer.follow(session)) for viewer in viewers]
        for round_ in range(kills):
            while min(viewer.connections for viewer in viewers) <= round_:  # each viewer has reached this server
                for task in tasks:
                    assert not task.done(), task.exception() or "the terminal ended"
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.12))  # the seeded moment, not a wait for anything
            server.kill()
            await asyncio.to_thread(server.start)
            for task in tasks:
                assert not task.done(), task.exception() or "the terminal ended"
        await asyncio.to_thread(server.api().put, made, "/workspace/stop", b"")
        await asyncio.wait_for(asyncio.gather(*tasks), 120 * SLOW)
        return viewers


@pytest.mark.long
def test_killed_servers_lose_and_double_nothing(own, isolation):
    print(f"seed {SEED}, {KILLS} kills")
    chance = random.Random(f"{SEED} {isolation}")
    server = own()
    api = server.api()
    made = api.sandbox(isolation)
    api.put(made, "/workspace/block", bytes(chance.choices(b"0123456789abcdef \n\033[m", k=60_000)))
    terminals = [api.terminal(made, "sh", "-c", SOURCE, "source", f"t{i}") for i in range(2)]
    viewers = asyncio.run(kill_and_watch(server, made, terminals, KILLS, chance))

    for index, terminal in enumerate(terminals):
        eventually(lambda: not server.api().get(f"/v1/terminals/{terminal['id']}")["running"])
        source = server.api().read(made, f"/workspace/t{index}.sum").split()[0].decode()
        journal, size = hashlib.sha256(), 0
        for _, data in server.api().output(terminal):
            journal.update(data)
            size += len(data)
        assert journal.hexdigest() == source, f"seed {SEED}: terminal {index}, {size} bytes"
        for viewer in viewers[2 * index:2 * index + 2]:
            assert (viewer.sha.hexdigest(), viewer.next) == (source, size), f"seed {SEED}: {viewer.connections} connections"
            assert viewer.connections >= KILLS and viewer.exit["exit_code"] == 0
        late = asyncio.run(watch(server, terminal, size // 2, keep=False))
        assert late.next == size
        print(f"{isolation} terminal {index}: {size} bytes, sha256 {source[:16]}…")


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
