"""Viewers of one terminal beside each other: the slow, the fast, who types, and who answers what programs ask."""

import asyncio
from contextlib import ExitStack

import pytest
from kit import ISOLATIONS, SLOW, eventually
from person import Person
from viewer import Attached

LOUD = ("sh", "-c", "read go; seq 1 2000000; printf '\\033[2J\\033[3;5Hat the end'; read line")
ASK = "stty raw -echo; printf '\\033[3;7H\\033[6n'; head -c 6 | od -An -c; printf '\\033[5n'; head -c 4 | od -An -c; sleep 1000"


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 120 * SLOW))


@pytest.fixture
def box(server):
    made = server.api().sandbox("container")
    yield made
    server.api().remove(made)


async def beside(server, terminal):
    async with (Attached(server, terminal, wish={"slow": "wait"}) as fast,
                Attached(server, terminal, acks=False, wish={"slow": "skip", "seat": "read"}) as slow,
                Attached(server, terminal, acks=False, wish={"slow": "wait", "seat": "read"}) as waiting,
                Attached(server, terminal) as older):
        await fast.send(b"go\n")
        for viewer in (fast, older):
            await viewer.until(lambda v: b"at the end" in v.data, 60)
        for viewer in (slow, waiting):
            assert viewer.next <= viewer.hello["window"] and not viewer.skips, "no more than a window is under way"
            viewer.acks = True
            await viewer.send({"type": "ack", "offset": viewer.next})
            viewer.acked = viewer.next
        await slow.until(lambda v: v.screens, 60)
        await waiting.until(lambda v: b"at the end" in v.data, 60)
        await fast.send(b"\n")
        for viewer in (fast, slow, waiting, older):
            await viewer.until(lambda v: v.exit, 60)
        return fast, slow, waiting, older


def test_a_slow_viewer_is_moved_forward_and_delays_nobody(server, box):
    terminal = server.api().terminal(box, *LOUD, cols=60, rows=12)
    fast, slow, waiting, older = run(beside(server, terminal))
    assert not fast.skips and not waiting.skips and not older.skips
    assert fast.sha.digest() == waiting.sha.digest() == older.sha.digest(), "each byte once for who waits"
    assert len(slow.skips) == 1 and slow.skips[0]["reason"] == "slow" and slow.skips[0]["redraw"], slow.skips
    assert b"at the end" in slow.screens[0]
    assert slow.data == fast.data[:slow.skips[0]["from"]] + fast.data[slow.skips[0]["to"]:], "exact before and behind it"


async def taken_over(server, terminal):
    first, second, reader = ({"viewer": "first"}, {"viewer": "second"}, {"seat": "read"})
    async with (Attached(server, terminal, wish=first) as one, Attached(server, terminal, wish=second) as two,
                Attached(server, terminal, wish=reader) as three):
        for viewer in (one, two, three):
            await viewer.until(lambda v: v.hello)
        assert (one.seats, two.seats, three.seats) == (["writer"], ["reader"], ["reader"])
        await one.send({"type": "resize", "cols": 100, "rows": 30})
        await two.send({"type": "resize", "cols": 20, "rows": 5})
        await three.until(lambda v: v.sizes == [(100, 30)])
        for viewer in (two, three):
            await viewer.send(b"refused\n")
            await viewer.until(lambda v: v.errors)
        assert two.errors[0]["code"] == "failed_precondition" and three.errors[0]["code"] == "permission_denied"
        await two.send({"type": "take_over"})
        await two.until(lambda v: v.seats == ["reader", "writer"])
        await one.until(lambda v: v.seats == ["writer", "reader"])
        await three.until(lambda v: v.sizes == [(100, 30), (20, 5)])
        await two.send(b"mine\n")
        await three.until(lambda v: b"mine" in v.data)
        assert b"refused" not in three.data
        await two.socket.close()  # 1000: it does not come back
        await one.until(lambda v: v.seats == ["writer", "reader", "writer"])
        await three.send({"type": "take_over"})
        await three.until(lambda v: len(v.errors) == 2)
        await three.send({"type": "ack", "offset": three.next + 1})
        await three.until(lambda v: len(v.errors) == 3)


def test_taking_over_is_told_to_both(server, box):
    terminal = server.api().terminal(box, "cat")
    run(taken_over(server, terminal))
    server.api().call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": "by name\n"}, expect=204)
    eventually(lambda: b"by name" in server.api().call("GET", f"/v1/terminals/{terminal['id']}/output").data)


async def seats_over_a_restart(server, terminal):
    async with (Attached(server, terminal, wish={"viewer": "w"}) as writer, Attached(server, terminal, wish={"viewer": "r"}) as reader):
        for viewer in (writer, reader):
            await viewer.until(lambda v: v.hello)
        server.kill()
        at = writer.next
    server.start()
    async with Attached(server, terminal, at, wish={"viewer": "r", "had": "reader"}) as reader:
        await reader.until(lambda v: v.hello)
        assert reader.seats == ["reader"], "it came first, and waits in line"
        async with Attached(server, terminal, at, wish={"viewer": "w", "had": "writer"}) as writer:
            await writer.until(lambda v: v.hello)
            assert writer.seats == ["writer"]
            await writer.send(b"still mine\n")
            await reader.until(lambda v: b"still mine" in v.data)


def test_a_writer_keeps_his_seat_over_a_killed_server(own):
    server = own()
    terminal = server.api().terminal(server.api().sandbox("container"), "cat")
    run(seats_over_a_restart(server, terminal))


def test_two_people_and_two_keys(server, api, box):
    terminal = api.terminal(box, "sh")
    with ExitStack() as people:
        first = people.enter_context(Person(server.home, "attach", terminal["id"]))
        eventually(lambda: api.get(f"/v1/terminals/{terminal['id']}")["viewers"] == 1, 20, "the first one's arrival")
        second = people.enter_context(Person(server.home, "attach", terminal["id"]))
        first.types("echo one-$((1+1))\n")
        first.sees(b"one-2")
        second.sees(b"you watch")
        second.types("\x10\x14")
        second.sees(b"you type now")
        first.sees(b"took over")
        second.types("echo two-$((2+2))\n")
        first.sees(b"two-4")
        second.leaves()
        assert second.ends() == 0
        first.sees(b"you type now")
        first.types("exit 3\n")
        assert first.ends() == 3


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_program_that_asks_is_answered_once_with_nobody_there(server, api, isolation):
    made = api.sandbox(isolation)
    terminal = api.terminal(made, "sh", "-c", ASK)
    output = lambda: api.call("GET", f"/v1/terminals/{terminal['id']}/output").data  # noqa: E731
    eventually(lambda: b"0   n" in output(), 20, "the second answer")
    assert b"033   [   3   ;   7   R" in output() and b"033   [   0   n" in output(), output()
    api.remove(made)


def test_offsets_that_are_not_there(server, api, box):
    terminal = api.terminal(box, "echo", "x")
    eventually(lambda: not api.get(f"/v1/terminals/{terminal['id']}")["running"])
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for query in ("from=1000", "from=0&at=2026-01-01T00:00:00Z", "at=noon", "slow=maybe", "seat=first", "had=writer&seat=take", "viewer=a%20b"):
        answer = api.call("GET", f"/v1/terminals/{terminal['id']}/attach?{query}", headers=upgrade)
        assert answer.status == 400, query
    assert "from 0 to 3" in api.call("GET", f"/v1/terminals/{terminal['id']}/attach?from=1000", headers=upgrade).problem["detail"]
