"""A viewer of a terminal over WebSocket that takes nothing on trust: each byte once, in order, whatever breaks."""

import asyncio
import hashlib
import json
import struct

import aiohttp
from kit import SLOW

PROTOCOL = "berth.terminal.v1"


class Gap(AssertionError):
    pass


class Viewer:
    def __init__(self, server, terminal, start=0, keep=True, acks=True, **wish):
        """`wish`: parameters of the attach, as slow="skip"; with any the viewer acknowledges, unless `acks` is off."""
        self.server, self.id = server, terminal["id"] if isinstance(terminal, dict) else terminal
        self.next = start
        self.keep = keep
        self.acks = acks
        self.wish = {"acknowledge": "true", **wish} if wish else {}
        self.acked = 0
        self.skips = []
        self.screens = []
        self.drawn = []
        self.seats = []
        self.sizes = []
        self.data = bytearray()
        self.sha = hashlib.sha256()
        self.hello = None
        self.exit = None
        self.errors = []
        self.pongs = 0
        self.connections = 0
        self.socket = None
        self.changed = asyncio.Condition()

    async def connect(self, session, **kwargs):
        headers = {"Authorization": "Bearer " + self.server.key, **kwargs.pop("headers", {})}
        words = {} if self.next is None else {"from": self.next}
        where = "?" + "&".join(f"{name}={value}" for name, value in {**words, **self.wish}.items())
        self.socket = await session.ws_connect(
            f"http://127.0.0.1:{self.server.port}/v1/terminals/{self.id}/attach{where}", headers=headers,
            protocols=(PROTOCOL,), max_msg_size=8 << 20, autoping=True, **kwargs)
        self.connections += 1
        return self.socket

    async def read(self):
        """Reads until the connection ends or the terminal did; True when the terminal did."""
        async for message in self.socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.take(message.data)
            elif message.type == aiohttp.WSMsgType.TEXT:
                self.control(json.loads(message.data))
            else:
                break
            if self.wish and self.acks:
                await self.acknowledge()
            async with self.changed:
                self.changed.notify_all()
        return self.exit is not None

    async def acknowledge(self):
        window = self.hello["window"] if self.hello else 0
        if window and self.next - self.acked >= window // 4 and not self.socket.closed:
            self.acked = self.next
            await self.send({"type": "ack", "offset": self.next})

    def take(self, frame):
        stream, offset = struct.unpack_from(">BQ", frame)
        data = frame[9:]
        if stream == 3 and offset == (self.drawn[-1]["offset"] if self.drawn and not self.skips else self.skips and self.skips[-1]["to"]):
            return self.screens.append(data)
        if stream not in (1, 2) or not data:
            raise Gap(f"a frame of stream {stream} with {len(data)} bytes")
        if self.next is None:
            self.next = offset
        if offset != self.next:
            raise Gap(f"bytes at {offset}, expected {self.next} (connection {self.connections})")
        self.next = offset + len(data)
        self.sha.update(data)
        if self.keep:
            self.data += data

    def control(self, frame):
        kind = frame["type"]
        if kind == "hello":
            self.hello = frame
            if self.next is None:
                self.next = frame["from"]
            self.acked = frame["from"]
            self.seats.append(frame["seat"])
            if frame["from"] != self.next:
                raise Gap(f"the server begins at {frame['from']}, asked for {self.next}")
        elif kind == "exit":
            if frame["end"] != self.next:
                raise Gap(f"the end is {frame['end']}, seen {self.next}")
            self.exit = frame
        elif kind == "skip":
            if frame["from"] != self.next or frame["to"] < self.next:
                raise Gap(f"{frame} at {self.next}")
            self.skips.append(frame)
            self.next = frame["to"]
        elif kind == "screen":
            self.drawn.append(frame)
        elif kind == "seat":
            self.seats.append(frame["seat"])
        elif kind == "size":
            self.sizes.append((frame["cols"], frame["rows"]))
        elif kind == "error":
            self.errors.append(frame)
        elif kind == "pong":
            self.pongs += 1

    async def follow(self, session):
        """Reads to the terminal's end, over any number of servers."""
        pause = 0.005
        while self.exit is None:
            try:
                await self.connect(session)
                pause = 0.005
                await self.read()
            except (aiohttp.ClientError, OSError, ValueError, KeyError):
                pass
            if self.exit is None:
                await asyncio.sleep(pause)  # between two attempts to connect, as any client
                pause = min(pause * 2, 0.05)
        return self

    async def until(self, question, seconds=20):
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: question(self)), seconds * SLOW)

    async def send(self, data):
        if isinstance(data, dict):
            await self.socket.send_str(json.dumps(data))
        else:
            await self.socket.send_bytes(data)


async def watch(server, terminal, start=0, keep=True):
    async with aiohttp.ClientSession() as session:
        return await asyncio.wait_for(Viewer(server, terminal, start, keep).follow(session), 120 * SLOW)


class Attached:
    """`async with Attached(server, terminal) as viewer`: connected, and reading beside the test."""

    def __init__(self, server, terminal, start=0, acks=True, wish=None, **kwargs):
        self.viewer = Viewer(server, terminal, start, acks=acks, **(wish or {}))
        self.kwargs = kwargs

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        try:
            await self.viewer.connect(self.session, **self.kwargs)
        except BaseException:
            await self.session.close()
            raise
        self.task = asyncio.ensure_future(self.viewer.read())
        return self.viewer

    async def __aexit__(self, *_):
        await self.viewer.socket.close()
        await asyncio.wait([self.task], timeout=10)
        self.task.cancel()
        await self.session.close()
