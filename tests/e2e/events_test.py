"""The timeline: every event once and in order, over SSE and WebSocket, whatever happens to server and client."""

import asyncio
import json
import signal
import subprocess
import threading

import aiohttp
import pytest
from kit import BIN, SLOW, eventually

PROTOCOL = "berth.events.v1"


class Follower:
    """Server-sent events, read on a thread; comes back with Last-Event-ID and takes nothing on trust."""

    def __init__(self, server, path="/v1/events", after=None):
        self.server, self.path, self.after = server, path, after
        self.events, self.gaps, self.connections = [], [], 0
        self.stopped = False
        self.failure = None
        self.socket = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            try:
                self.read_once()
            except (OSError, EOFError, ValueError):
                continue
            except AssertionError as failure:
                self.failure = failure
                return

    def read_once(self):
        connection = self.server.api().connection(timeout=20 * SLOW)
        try:
            headers = {} if self.after is None else {"Last-Event-ID": str(self.after)}
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                if answer.status != 503:
                    raise AssertionError(answer.read())
                return
            assert answer.headers["Content-Type"] == "text/event-stream"
            self.connections += 1
            self.socket = connection.sock
            lines = []
            while not self.stopped:
                line = answer.readline()
                if not line:
                    return
                if line != b"\n":
                    lines.append(line.decode().rstrip("\n"))
                    continue
                self.take(dict(one.split(": ", 1) for one in lines if not one.startswith(":")))
                lines = []
        except Exception as error:
            if type(error).__module__ == "http.client":
                raise EOFError from error
            raise
        finally:
            connection.close()

    def take(self, fields):
        position = int(fields["id"])
        if "data" in fields:
            data = json.loads(fields["data"])
            if fields.get("event") == "gap":
                self.gaps.append(data)
            else:
                assert self.after is None or data["id"] > self.after, f"{data} after {self.after}"
                assert data["id"] == position
                self.events.append(data)
        self.after = position

    def stop(self):
        self.stopped = True
        if self.failure:
            raise self.failure


def settled(server, path="/v1/events?after=0"):
    """All that is kept, by another way: a stream that ends."""
    joint = "&" if "?" in path else "?"
    answer = server.api().call("GET", path + joint + "follow=false", expect=200)
    return [json.loads(line[6:]) for line in answer.data.decode().splitlines() if line.startswith("data: ")]


def type_commands(server, terminal, part, count):
    """As much as a terminal takes at once; returns when they are on the timeline."""
    server.api().call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": "".join(f": {part} {n}\n" for n in range(count))},
                      expect=204)
    path = f"/v1/terminals/{terminal['id']}/events?after=0"
    eventually(lambda: settled(server, path)[-1]["data"].get("text") == f": {part} {count - 1}", 30, "the commands")


def types(events):
    return [event["type"] for event in events]


def test_the_life_of_a_sandbox(own):
    server = own()
    follower = Follower(server, after=0)
    made = server.api().sandbox("container")
    done = server.api().exec(made, "sh", "-c", "exit 3")
    server.api().call("POST", f"/v1/sandboxes/{made['id']}/pause", {}, expect=200)
    server.api().call("POST", f"/v1/sandboxes/{made['id']}/resume", {}, expect=200)
    server.api().remove(made)
    eventually(lambda: follower.events and follower.events[-1]["type"] == "sandbox.removed", 30, "the last event")
    follower.stop()
    assert types(follower.events) == [
        "sandbox.provisioning", "sandbox.running", "terminal.started", "command.started", "command.ended", "terminal.ended",
        "sandbox.paused", "sandbox.running", "sandbox.stopped", "sandbox.removed"]
    assert all(event["sandbox"] == made["id"] for event in follower.events)
    ended = follower.events[4]
    assert ended["terminal"] == done["terminal"] and ended["data"]["exit_code"] == 3 and ended["data"]["text"] == "sh -c 'exit 3'"
    assert settled(server) == follower.events
    assert types(settled(server, f"/v1/terminals/{done['terminal']}/events?after=0")) == [
        "terminal.started", "command.started", "command.ended", "terminal.ended"]
    assert types(settled(server, "/v1/events?after=0&topics=commands,terminals")) == types(follower.events)[2:6]
    assert settled(server, f"/v1/events?after={ended['id']}&sandbox={made['id']}") == follower.events[5:]


def test_no_gap_and_no_duplicate_while_the_server_is_killed(own):
    server = own()
    made = server.api().sandbox("container")
    followers = [Follower(server, after=0), Follower(server, "/v1/events?topics=commands", after=0)]
    terminal = server.api().terminal(made, shell_integration=True)
    followers.append(Follower(server, f"/v1/terminals/{terminal['id']}/events", after=0))
    count = 60
    for number in range(count):
        server.api().call("POST", f"/v1/terminals/{terminal['id']}/input", {"text": f"echo {number}\n"}, expect=204)
        if number % 20 == 10:
            eventually(lambda n=number: any(e["type"] == "command.ended" and e["data"]["number"] >= n - 5 for e in followers[1].events),
                       30, "commands on the timeline")
            server.kill()
            server.start()

    def numbers(events, kind):
        return [e["data"]["number"] for e in events if e["type"] == kind]

    for follower in followers:
        eventually(lambda f=follower: len(numbers(f.events, "command.ended")) >= count, 60, "every command")
        follower.stop()
        for kind in ("command.started", "command.ended"):
            assert numbers(follower.events, kind) == list(range(1, count + 1)), kind
        assert follower.gaps == [] and follower.connections > 1
    rows = server.api().all(f"/v1/commands?terminal={terminal['id']}")
    assert sorted(row["number"] for row in rows) == list(range(1, count + 1))
    everything = settled(server)
    assert [e["id"] for e in everything] == sorted({e["id"] for e in everything})
    assert followers[0].events == everything


def test_what_was_forgotten_is_told(own):
    server = own(env={"BERTH_EVENTS_KEEP": "1000", "BERTH_EVENTS_PRUNE_MS": "1000", "BERTH_EVENTS_RECENT_BYTES": "64KiB"})
    made = server.api().sandbox("container")
    server.api().exec(made, "true")
    terminal = server.api().terminal(made, shell_integration=True)
    for part in range(14):
        type_commands(server, terminal, part, 50)
    first = eventually(lambda: (lambda e: e[1]["id"] if "after" in e[0] and len(e) <= 1001 else None)(settled(server)), 60,
                       "a timeline that is short again")
    follower = Follower(server, after=0)
    eventually(lambda: follower.gaps and len(follower.events) > 100, 30, "a gap, then events")
    follower.stop()
    assert follower.gaps[0]["after"] == 0 and follower.gaps[0]["first"] >= first
    assert follower.events[0]["id"] >= follower.gaps[0]["first"]
    beyond = Follower(server, after=10**9)
    eventually(lambda: beyond.gaps, 30, "a gap for what is not there yet")
    beyond.stop()


def test_a_quiet_stream_says_where_it_is(own):
    server = own(env={"BERTH_EVENTS_HEARTBEAT_MS": "100"})
    follower = Follower(server, "/v1/events?topics=sessions")
    made = server.api().sandbox("container")
    eventually(lambda: follower.after == settled(server)[-1]["id"] and types(settled(server))[-1] == "sandbox.running", 30, "its position")
    server.api().remove(made)
    follower.stop()
    assert follower.events == []


def test_bad_questions(own):
    api = own().api()
    for path, code in (("/v1/events?topics=files", 400), ("/v1/events?after=x", 400), ("/v1/events?follow=maybe", 400),
                       ("/v1/events?topics=" + ",".join(["all"] * 65), 400), ("/v1/events?sandbox=nobody", 404),
                       ("/v1/events?terminal=trm_0123456789abcdefghjkmnpqrs", 404), ("/v1/events?since=1", 400),
                       ("/v1/terminals/trm_0123456789abcdefghjkmnpqrs/events", 404), ("/v1/terminals/x/events", 404)):
        assert api.call("GET", path).status == code, path
    assert api.call("GET", "/v1/events", headers={"Last-Event-ID": "seven"}).status == 400
    assert api.call("GET", "/v1/events", headers={"Origin": "http://evil.example"}).status == 403
    assert api.call("POST", "/v1/events", {}).status == 405


async def follow_topics(server, wanted, until, origin=None, after=0):
    """Frames of one WebSocket with these topics, until the question is true."""
    frames = []
    headers = {"Origin": origin} if origin else {}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"http://127.0.0.1:{server.port}/v1/events", headers=headers,
                                      protocols=(PROTOCOL, "berth.key." + server.key)) as socket:
            assert socket.protocol == PROTOCOL
            for topic in wanted:
                await socket.send_json({"type": "subscribe", "topic": topic, "after": after})
            while not until(frames):
                message = await asyncio.wait_for(socket.receive(), 30 * SLOW)
                if message.type != aiohttp.WSMsgType.TEXT:
                    break
                frames.append(json.loads(message.data))
                if frames[-1]["type"] == "event" and len(frames) == 5:
                    await socket.send_json({"type": "ping"})
    return frames


def test_topics_of_one_websocket(own):
    server = own()
    made = server.api().sandbox("container")
    done = server.api().exec(made, "true")
    everything = settled(server)

    def all_there(frames):
        return len([f for f in frames if f["type"] == "event"]) >= 2 + 4 + len(everything)

    frames = asyncio.run(follow_topics(server, ["commands", done["terminal"], made["id"]], all_there))
    assert {f["topic"] for f in frames if f["type"] == "subscribed"} == {"commands", done["terminal"], made["id"]}
    by_topic = {topic: [f["event"] for f in frames if f["type"] == "event" and f["topic"] == topic]
                for topic in ("commands", done["terminal"], made["id"])}
    assert by_topic[made["id"]] == everything
    assert by_topic["commands"] == [e for e in everything if e["type"].startswith("command.")]
    assert by_topic[done["terminal"]] == [e for e in everything if e["terminal"] == done["terminal"]]

    async def talk():
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.port}/v1/events"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url, headers={"Origin": "http://evil.example"}, protocols=("berth.key." + server.key,))
            assert refused.value.status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            assert refused.value.status == 401
            async with session.ws_connect(url, protocols=(PROTOCOL, "berth.key." + server.key)) as socket:
                async def say(frame):
                    await (socket.send_str(frame) if isinstance(frame, str) else socket.send_json(frame))
                    return json.loads((await asyncio.wait_for(socket.receive(), 30 * SLOW)).data)

                assert (await say({"type": "subscribe", "topic": "all"}))["type"] == "subscribed"
                assert (await say({"type": "subscribe", "topic": "all"}))["code"] == "already_exists"
                assert (await say({"type": "unsubscribe", "topic": "all"}))["type"] == "unsubscribed"
                assert (await say({"type": "unsubscribe", "topic": "all"}))["code"] == "not_found"
                assert (await say({"type": "subscribe", "topic": "files"}))["code"] == "invalid_argument"
                assert (await say({"type": "subscribe", "topic": "all", "from": 1}))["code"] == "invalid_argument"
                assert (await say({"type": "subscribe", "topic": "all", "after": -1}))["code"] == "invalid_argument"
                assert (await say("{"))["code"] == "invalid_argument"
                assert (await say({"type": "ping"}))["type"] == "pong"
                for number in range(64):
                    identity = f"trm_{number:026d}"
                    assert (await say({"type": "subscribe", "topic": identity}))["type"] == "subscribed"
                assert (await say({"type": "subscribe", "topic": "all"}))["code"] == "resource_exhausted"
                stopping = asyncio.get_running_loop().run_in_executor(None, server.stop)
                message = await asyncio.wait_for(socket.receive(), 30 * SLOW)
                assert message.type == aiohttp.WSMsgType.CLOSE and socket.close_code == 1012
                await stopping

    asyncio.run(talk())
    server.start()
    assert settled(server)[:len(everything)] == everything


def test_a_page_that_does_not_read_delays_nobody(own):
    """Others are served meanwhile, also from what is not in memory any more; then it gets all of it."""
    server = own(env={"BERTH_EVENTS_RECENT_BYTES": "64KiB"})
    made = server.api().sandbox("container")

    async def run():
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(f"http://127.0.0.1:{server.port}/v1/events", protocols=(PROTOCOL, "berth.key." + server.key))
            await socket.send_json({"type": "subscribe", "topic": "all", "after": 0})
            socket._response.connection.transport.pause_reading()
            loop = asyncio.get_running_loop()
            terminal = await loop.run_in_executor(None, lambda: server.api().terminal(made, shell_integration=True))
            for part in range(10):
                await loop.run_in_executor(None, type_commands, server, terminal, part, 50)
            socket._response.connection.transport.resume_reading()
            seen = 0
            while seen < 1000:
                frame = json.loads((await asyncio.wait_for(socket.receive(), 30 * SLOW)).data)
                seen += frame["type"] == "event" and frame["event"]["type"].startswith("command.")
            await socket.close()

    asyncio.run(run())


def test_the_command_line(own):
    server = own()
    made = server.api().sandbox("container", name="dev")
    server.cli("exec", "dev", "--", "false")
    everything = settled(server)
    done = server.cli("events", "--json", check=0)
    assert [json.loads(line) for line in done.stdout.splitlines()] == everything
    lines = server.cli("events", "dev", "--topic", "commands", check=0).stdout.splitlines()
    assert len(lines) == 2 and "command.ended" in lines[1] and "exit 1" in lines[1]
    since = everything[2]["id"]
    done = server.cli("events", "--since", str(since), "--json", check=0)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [e["id"] for e in everything[3:]]
    assert server.cli("events", "nobody").returncode == 3
    process = subprocess.Popen([BIN / "berth", "--home", str(server.home), "--json", "events", "--follow", "--since", str(since)],
                               stdout=subprocess.PIPE, env=server.environment())
    try:
        seen = [json.loads(process.stdout.readline())["id"] for _ in everything[3:]]
        server.kill()
        server.start()
        server.api().remove(made)
        ids = [e["id"] for e in eventually(lambda: (lambda e: e if e[-1]["type"] == "sandbox.removed" else None)(settled(server)), 30)]
        seen += [json.loads(process.stdout.readline())["id"] for _ in range(len(ids) - 3 - len(seen))]
        assert seen == ids[3:]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
