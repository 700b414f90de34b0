"""What a key opened ends with the key: streams of events, pages and viewers, each told why; and a wait answers no more."""

import asyncio
import json

import aiohttp
import pytest
from kit import SLOW
from viewer import Viewer

PATIENCE = 60 * SLOW


class Stream:
    """Server-sent events until they end; `closed` is what the server said last."""

    def __init__(self, server, key, path):
        self.server, self.key, self.path = server, key, path
        self.events, self.closed = [], None

    async def open(self, session):
        self.answer = await session.get(f"http://127.0.0.1:{self.server.port}{self.path}", headers={"Authorization": "Bearer " + self.key})
        assert self.answer.status == 200, self.path
        return self

    async def read(self):
        kind = ""
        async for line in self.answer.content:
            text = line.decode().strip()
            if text.startswith("event: "):
                kind = text[7:]
            elif text.startswith("data: "):
                assert self.closed is None, "something came after the end"
                if kind == "closed":
                    self.closed = json.loads(text[6:])
                else:
                    self.events.append(json.loads(text[6:]))
                kind = ""


class Page:
    """The WebSocket of events, with topics."""

    def __init__(self, server, key, topics):
        self.server, self.key, self.topics = server, key, topics
        self.events, self.closed, self.code = [], None, None

    async def open(self, session):
        self.socket = await session.ws_connect(f"http://127.0.0.1:{self.server.port}/v1/events", protocols=("berth.events.v1",),
                                               headers={"Authorization": "Bearer " + self.key})
        for topic in self.topics:
            await self.socket.send_json({"type": "subscribe", "topic": topic})
            assert (await self.socket.receive_json())["type"] in ("subscribed", "position")
        return self

    async def read(self):
        async for message in self.socket:
            frame = json.loads(message.data)
            assert self.closed is None, "something came after the end"
            if frame["type"] == "error":
                self.closed = frame
            elif frame["type"] == "event":
                self.events.append(frame["event"])
        self.code = self.socket.close_code


@pytest.fixture
def ada(own):
    """(server, the administrator, ada's first key as an API, her terminal, her session)"""
    server = own()
    api = server.api()
    api.call("POST", "/v1/users", {"name": "ada", "role": "member"}, expect=201)
    hers = server.tcp(api.call("POST", "/v1/keys", {"user": "ada"}, expect=201).json["text"])
    terminal = hers.terminal(hers.sandbox("container"), "cat")
    session = hers.post("/v1/sessions", {"title": "Plan", "document": {}}, 201)
    yield server, api, hers, terminal, session
    for sandbox in hers.all("/v1/sandboxes") if hers.call("GET", "/v1/info").status == 200 else []:
        hers.remove(sandbox)


async def open_all(server, key, terminal, session, http):
    streams = [await Stream(server, key, path).open(http) for path in
               ("/v1/events", f"/v1/terminals/{terminal['id']}/events?after=0", f"/v1/sessions/{session['id']}/events")]
    pages = [await Page(server, key, ["all", "commands"]).open(http), await Page(server, key, []).open(http)]
    viewers = []
    for seat in ("read", "write"):
        viewer = Viewer(server, terminal, seat=seat)
        await viewer.connect(http, headers={"Authorization": "Bearer " + key})
        viewers.append(viewer)
    return streams, pages, viewers


def refused(answer):
    return (answer.status, answer.problem["code"])


async def ends(ada, key, end, words):
    server, _, _, terminal, session = ada
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
        streams, pages, viewers = await open_all(server, key, terminal, session, http)
        readers = [asyncio.ensure_future(one.read()) for one in (*streams, *pages, *viewers)]
        waiting = asyncio.ensure_future(asyncio.to_thread(
            server.tcp(key).call, "POST", f"/v1/terminals/{terminal['id']}/wait", {"until": {"exit": True}, "timeout_ms": 10_000}))
        end()
        await asyncio.wait_for(asyncio.gather(*readers), PATIENCE)
        for one in (*streams, *pages):
            assert one.closed["code"] == "unauthenticated" and words in one.closed["detail"], one.closed
        assert [page.code for page in pages] == [1008, 1008]
        for viewer in viewers:
            assert viewer.errors[-1]["code"] == "unauthenticated" and words in viewer.errors[-1]["detail"]
            assert viewer.socket.close_code == 1008
        assert refused(await waiting) == (401, "unauthenticated")


def test_a_revoked_key_ends_all_that_it_opened_and_nothing_else(ada):
    server, api, hers, terminal, session = ada
    made = hers.call("POST", "/v1/keys", {"label": "lost"}, expect=201).json

    async def run():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            other = await Stream(server, hers.key, "/v1/events").open(http)
            reading = asyncio.ensure_future(other.read())
            await ends(ada, made["text"], lambda: hers.call("DELETE", f"/v1/keys/{made['key']['id']}", expect=204), "revoked")
            await asyncio.to_thread(hers.call, "PATCH", f"/v1/sessions/{session['id']}", {"title": "Other"}, 200, {"If-Match": '"1"'})
            while not other.events:
                await asyncio.sleep(0)
            assert not reading.done() and other.closed is None
            reading.cancel()

    asyncio.run(run())


def test_a_disabled_user_loses_what_is_open(ada):
    _, api, hers, *_ = ada
    asyncio.run(ends(ada, hers.key, lambda: api.call("POST", "/v1/users/ada", {"disabled": True}, expect=200), "disabled"))
    api.call("POST", "/v1/users/ada", {"disabled": False}, expect=200)


def test_an_expired_key_loses_it_at_that_time(ada):
    """The default of keys.used_every_ms is a minute: the end comes from the time itself."""
    hers = ada[2]
    text = hers.call("POST", "/v1/keys", {"expires_ms": int(2000 * SLOW)}, expect=201).json["text"]
    asyncio.run(ends(ada, text, lambda: None, "expired"))


def test_a_lesser_role_ends_what_it_does_not_allow(ada):
    server, api, hers, terminal, session = ada

    async def run():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            streams, pages, (reads, writes) = await open_all(server, hers.key, terminal, session, http)
            others = [asyncio.ensure_future(one.read()) for one in (*streams, *pages, reads)]
            writing = asyncio.ensure_future(writes.read())
            await asyncio.to_thread(api.call, "POST", "/v1/users/ada", {"role": "viewer"}, 200)
            await asyncio.wait_for(writing, PATIENCE)
            assert writes.errors[-1]["code"] == "permission_denied" and writes.socket.close_code == 1008
            await asyncio.to_thread(api.call, "POST", "/v1/users/ada", {"role": "member"}, 200)
            await asyncio.to_thread(hers.call, "POST", f"/v1/terminals/{terminal['id']}/input", {"text": "seen\n"}, 204)
            await asyncio.to_thread(hers.call, "PATCH", f"/v1/sessions/{session['id']}", {"title": "Other"}, 200, {"If-Match": '"1"'})
            await reads.until(lambda v: b"seen" in v.data)
            while not (streams[0].events and streams[2].events and pages[0].events):
                await asyncio.sleep(0)
            assert not any(other.done() for other in others)
            for other in others:
                other.cancel()

    asyncio.run(run())
