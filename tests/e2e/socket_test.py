"""The WebSocket of a terminal: who may open it, what it does with wrong frames, and clients that vanish."""

import asyncio
import os
import socket as sockets
import struct
from pathlib import Path

import aiohttp
import pytest
from kit import SLOW, eventually
from viewer import PROTOCOL, Attached, watch


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60 * SLOW))


@pytest.fixture
def cat(api, sandbox):
    terminal = api.terminal(sandbox, "cat")
    yield terminal
    api.call("POST", f"/v1/terminals/{terminal['id']}/signal", {"signal": 9})
    eventually(lambda: not api.get(f"/v1/terminals/{terminal['id']}")["running"])


async def refusal(server, terminal, headers=None, query="", protocols=(PROTOCOL,)):
    send = {"Authorization": "Bearer " + server.key, **(headers or {})}
    async with aiohttp.ClientSession() as session:
        try:
            socket = await session.ws_connect(f"http://127.0.0.1:{server.port}/v1/terminals/{terminal}/attach{query}",
                                              headers={k: v for k, v in send.items() if v}, protocols=protocols)
            await socket.close()
            return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


def test_another_origin_is_refused(server, cat):
    own = f"http://127.0.0.1:{server.port}"
    for origin, status in ((own, 101), ("http://evil.example", 403), (own + ".evil.example", 403), ("null", 403)):
        assert run(refusal(server, cat["id"], {"Origin": origin})) == status, origin


def test_keys_of_sockets(server, cat):
    assert run(refusal(server, cat["id"], {"Authorization": ""})) == 401
    assert run(refusal(server, cat["id"], {"Authorization": "Bearer wrong"})) == 401
    by_protocol = (PROTOCOL, "berth.key." + server.key)
    assert run(refusal(server, cat["id"], {"Authorization": ""}, protocols=by_protocol)) == 101
    assert run(refusal(server, cat["id"], {"Authorization": ""}, protocols=(PROTOCOL, "berth.key.wrong"))) == 401


@pytest.mark.parametrize("query", ["?from=x", "?from=-1", "?from=99999999999999999999", "?from=1e3", "?nothing=1"])
def test_wrong_offsets(server, cat, query):
    assert run(refusal(server, cat["id"], query=query)) == 400


def test_unknown_terminal(server):
    assert run(refusal(server, "trm_00000000000000000000000000")) == 404


def test_a_plain_get_of_a_socket(api, cat):
    assert api.call("GET", f"/v1/terminals/{cat['id']}/attach").status in (400, 426)


async def typed(server, terminal):
    async with Attached(server, terminal) as viewer:
        await viewer.send(b"over\n")
        await viewer.until(lambda v: v.data.count(b"over\r\n") == 2)  # echoed, and said by cat
        return viewer


def test_what_is_typed_comes_back(server, cat):
    viewer = run(typed(server, cat))
    assert viewer.hello["terminal"]["id"] == cat["id"] and viewer.hello["from"] == 0


async def wrong_frames(server, terminal):
    async with Attached(server, terminal) as viewer:
        wrong = ["", "{", "[]", '"x"', '{"type":"nothing"}', '{"type":7}', '{"type":"resize"}',
                 '{"type":"resize","cols":0,"rows":5}',
                 '{"type":"resize","cols":80,"rows":0}', '{"type":"resize","cols":10000,"rows":24}',
                 '{"type":"ack","offset":-1}', '{"type":"ack","offset":99999999}', '{"type":"ack"}', '{"type":"resize","cols":"80","rows":5}',
                 '{"type":"signal","signal":0}', '{"type":"signal","signal":999}', '{"type":"signal","signal":"KILL"}']
        for text in wrong:
            await viewer.socket.send_str(text)
        await viewer.send({"type": "ping"})
        await viewer.until(lambda v: v.pongs == 1)
        assert len(viewer.errors) == len(wrong), viewer.errors
        assert all(error["code"] == "invalid_argument" and error["detail"] for error in viewer.errors)
        await viewer.send(b"alive\n")
        await viewer.until(lambda v: b"alive" in v.data)


def test_wrong_control_frames_are_told_and_the_connection_goes_on(server, cat):
    run(wrong_frames(server, cat))


async def too_large(server, terminal):
    async with Attached(server, terminal) as viewer:
        await viewer.socket.send_bytes(b"x" * ((64 << 10) + 1))
        await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(closed(viewer))), 20 * SLOW)
        return viewer.socket.close_code


async def closed(viewer):
    while not viewer.socket.closed:
        await asyncio.sleep(0.01)


def test_a_frame_over_the_limit_closes_with_1009(server, cat):
    assert run(too_large(server, cat)) == 1009


async def resized(server, api, sandbox):
    terminal = await asyncio.to_thread(api.terminal, sandbox, "sh", "-c",
                                       "trap 'stty size' WINCH; stty size; echo ready; while :; do read -r x; done")  # a trap ends a read
    async with Attached(server, terminal) as viewer:
        await viewer.until(lambda v: b"ready" in v.data)
        assert b"24 80" in viewer.data
        await viewer.send({"type": "resize", "cols": 132, "rows": 50})
        await viewer.send(b"\n")
        await viewer.until(lambda v: b"50 132" in v.data)
        await viewer.send({"type": "signal", "signal": 9})
        await viewer.until(lambda v: v.exit)
        assert viewer.exit["signal"] == 9 and viewer.exit["exit_code"] is None
    row = await asyncio.to_thread(api.get, f"/v1/terminals/{terminal['id']}")
    assert (row["cols"], row["rows"], row["running"], row["signal"]) == (132, 50, False, 9)


def test_size_and_signals_reach_the_program(server, api, sandbox):
    run(resized(server, api, sandbox))


def test_pipes_keep_the_streams_apart_and_end_of_input_is_told(server, api, sandbox):
    terminal = api.terminal(sandbox, "sh", "-c", "wc -c; echo no >&2", kind="pipes")
    path = f"/v1/terminals/{terminal['id']}"
    api.call("POST", path + "/input", {"text": "12345"}, expect=204)
    api.call("POST", path + "/input", {"base64": "Njc4", "close": True}, expect=204)
    viewer = run(watch(server, terminal))
    assert bytes(viewer.data) == b"8\nno\n" and viewer.exit["exit_code"] == 0
    assert b"".join(data for _, data in api.output(terminal)) == b"8\nno\n"


async def many_viewers(server, terminal, count):
    return await asyncio.gather(*(watch(server, terminal) for _ in range(count)))


def test_viewers_of_one_loud_terminal_each_get_all(server, api, sandbox):
    terminal = api.terminal(sandbox, "sh", "-c", "stty raw; seq 1 300000")
    expected = "".join(f"{i}\n" for i in range(1, 300001)).encode()
    for viewer in run(many_viewers(server, terminal, 5)):
        assert bytes(viewer.data) == expected


async def a_slow_one(server, api, terminal, size):
    """One viewer does not read at all; another is not held up, and the first gets everything later."""
    slow = Attached(server, terminal)
    async with aiohttp.ClientSession() as session:
        await slow.viewer.connect(session)
        await asyncio.to_thread(api.call, "POST", f"/v1/terminals/{terminal['id']}/input", {"text": "\n"}, 204)
        quick = await watch(server, terminal)
        assert quick.next == size
        await slow.viewer.read()
        await slow.viewer.follow(session)  # it answered no ping meanwhile: the server may have let it go
        assert slow.viewer.next == size and slow.viewer.sha.digest() == quick.sha.digest()
        await slow.viewer.socket.close()


def test_a_viewer_that_does_not_read_holds_up_nobody(server, api, sandbox):
    terminal = api.terminal(sandbox, "sh", "-c", "stty raw -echo; echo go; read x; seq 1 1000000 | head -c 4000000")
    eventually(lambda: api.get(f"/v1/terminals/{terminal['id']}")["end"] == 3)
    run(a_slow_one(server, api, terminal, 4_000_003))


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def memory_kib(server):
    status = (Path("/proc") / str(server.process.pid) / "status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.long
def test_clients_that_vanish_leak_nothing(own):
    """Resets in every phase: before a request, within one, after the upgrade, and under a stream of output."""
    server = own(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})  # what is freed is given back, also in a sanitized build
    api = server.api()
    made = api.sandbox("container")
    terminal = api.terminal(made, "sh", "-c", "while :; do echo noise; done")
    upgrade = (f"GET /v1/terminals/{terminal['id']}/attach?from=0 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
               f"Authorization: Bearer {server.key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
               f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n").encode()
    before = descriptors(server)
    port = server.port
    rounds = int(os.environ.get("BERTH_DISCONNECTS", "400"))
    for round_ in range(rounds):
        if round_ == rounds // 4:  # what a server has in any case it has by now
            warm = memory_kib(server)
        connection = sockets.create_connection(("127.0.0.1", port), timeout=20 * SLOW)
        phase = round_ % 4
        if phase:
            connection.sendall(upgrade[:40] if phase == 1 else upgrade)
        if phase == 3:
            assert connection.recv(64).startswith(b"HTTP/1.1 101")
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    eventually(lambda: api.get("/v1/info")["viewers"] == 0, 30, "no viewer")
    eventually(lambda: descriptors(server) <= before + 4, 30, f"descriptors back at {before}")
    grown = memory_kib(server) - warm
    print(f"{rounds - rounds // 4} disconnects: {grown} KiB more")
    assert grown < 16 << 10, f"{grown} KiB"
    api.call("POST", f"/v1/terminals/{terminal['id']}/signal", {"signal": 9}, expect=204)


def test_a_client_that_goes_silent_is_gone_within_the_read_timeout(own):
    server = own(env={"BERTH_HTTP_WEBSOCKET_PING_MS": "200", "BERTH_HTTP_WEBSOCKET_IDLE_MS": "800"})
    api = server.api()
    terminal = api.terminal(api.sandbox("container"), "cat")
    connection = sockets.create_connection(("127.0.0.1", server.port))
    connection.sendall((f"GET /v1/terminals/{terminal['id']}/attach HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                        f"Authorization: Bearer {server.key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n").encode())
    eventually(lambda: api.get("/v1/info")["viewers"] == 1)
    eventually(lambda: api.get("/v1/info")["viewers"] == 0, 10, "a silent viewer that is dropped")
    connection.close()


def test_a_client_that_vanishes_while_its_input_waits(own):
    server = own(env={"BERTH_HTTP_WEBSOCKET_PING_MS": "500", "BERTH_HTTP_WEBSOCKET_IDLE_MS": "2000"})
    made = server.api().sandbox("container")
    connections = []
    for _ in range(3):  # each at a terminal of its own: of several at one terminal only one types
        terminal = server.api().terminal(made, "sleep", "1000", kind="pipes")
        connection = sockets.create_connection(("127.0.0.1", server.port), timeout=20 * SLOW)
        connection.sendall((f"GET /v1/terminals/{terminal['id']}/attach HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                            f"Authorization: Bearer {server.key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                            f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n").encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 101")
        frame = b"\x82\xfe" + struct.pack(">H", 32768) + bytes(4) + b"x" * 32768
        connection.settimeout(0.5)
        try:
            while True:
                connection.sendall(frame)
        except TimeoutError:
            pass  # the program reads nothing, so nothing more is taken
        connections.append(connection)
    eventually(lambda: server.api().get("/v1/info")["viewers"] == 3)
    for connection in connections:
        connection.close()
    eventually(lambda: server.api().get("/v1/info")["viewers"] == 0, 20, "viewers that are gone")
