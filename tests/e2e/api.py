"""The HTTP API as a test sees it: one connection for each request, over the unix socket or TCP."""

import http.client
import json
import re
import socket as sockets
import urllib.parse
from dataclasses import dataclass

from kit import SLOW


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass
class Answer:
    status: int
    headers: dict
    data: bytes

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def problem(self):
        """The answer as a problem document that keeps its promises."""
        assert self.status >= 400, f"no problem: {self.status} {self.data[:500]!r}"
        assert self.headers["content-type"] == "application/problem+json", self.headers
        body = self.json
        assert body["status"] == self.status and body["code"] and body["title"] and body["detail"], body
        assert body["request_id"] == self.headers["x-request-id"], (body, self.headers)
        shown = body["detail"] + " " + body.get("hint", "")
        leak = re.search(r"/tmp/|/home/|sqlite|errno|SELECT |\b0x[0-9a-f]{4}|\.cpp|std::", shown)
        assert not leak, f"an internal detail, {leak[0]}, in {body}"
        return body


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Api:
    def __init__(self, socket=None, port=None, key=None):
        self.socket, self.port, self.key = socket, port, key

    def connection(self, timeout=120):
        if self.socket:
            return UnixConnection(self.socket, timeout * SLOW)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * SLOW)

    def call(self, method, path, body=None, expect=None, headers=None, data=None):
        send = dict(headers or {})
        if self.key:
            send.setdefault("Authorization", "Bearer " + self.key)
        if body is not None:
            data = json.dumps(body).encode()
            send.setdefault("Content-Type", "application/json")
        connection = self.connection()
        try:
            connection.request(method, path, data, send)
            got = connection.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            connection.close()
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: {answer.status}, expected {expect}: {answer.data[:800]!r}"
        return answer

    def get(self, path):
        return self.call("GET", path, expect=200).json

    def post(self, path, body=None, expect=200):
        return self.call("POST", path, {} if body is None else body, expect=expect).json

    def all(self, path):
        """Every item of a list, page by page."""
        items, after, mark = [], "", "&" if "?" in path else "?"
        while True:
            page = self.get(path + (f"{mark}after={quoted(after)}" if after else ""))
            items += page["items"]
            after = page["next"]
            if not after:
                return items

    def sandbox(self, isolation="container", template="busybox", expect=201, **fields):
        return self.post("/v1/sandboxes", {"template": template, "isolation": isolation, **fields}, expect)

    def exec(self, sandbox, *argv, **fields):
        return self.post(f"/v1/sandboxes/{sandbox['id']}/exec", {"argv": list(argv), **fields})

    def terminal(self, sandbox, *argv, **fields):
        return self.post(f"/v1/sandboxes/{sandbox['id']}/terminals", {"argv": list(argv), **fields}, 201)

    def put(self, sandbox, path, data, mode="0644"):
        self.call("PUT", f"/v1/sandboxes/{sandbox['id']}/files?path={quoted(path)}&mode={mode}", data=data, expect=204)

    def read(self, sandbox, path):
        return self.call("GET", f"/v1/sandboxes/{sandbox['id']}/files?path={quoted(path)}", expect=200).data

    def remove(self, sandbox):
        self.call("DELETE", f"/v1/sandboxes/{sandbox['id']}?force=true", expect=204)

    def output(self, terminal, start=0):
        """(offset, bytes) pieces of a terminal's journal up to its present end."""
        while True:
            answer = self.call("GET", f"/v1/terminals/{terminal['id']}/output?from={start}&limit=1000000", expect=200)
            assert int(answer.headers["x-berth-from"]) == start, answer.headers
            yield start, answer.data
            start += len(answer.data)
            if start >= int(answer.headers["x-berth-end"]) or not answer.data:
                return
