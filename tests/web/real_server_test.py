"""The library against a real server, which is killed with -9 while two clients edit one session: no edit is lost."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from kit import SEED, Server, clean_up, new_home  # noqa: E402

HERE = Path(__file__).resolve().parent


@pytest.fixture
def server():
    one = Server(new_home())
    yield one.start()
    assert clean_up(one) == []


def start(built, server, script, *words):
    environment = {**os.environ, "BERTH_KEY": server.key, "BERTH_PORT": str(server.port)}
    return subprocess.Popen(["node", HERE / script, built / "index.js", *map(str, words)], env=environment, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_two_clients_and_a_server_that_is_killed(built, server):
    print("BERTH_SEED", SEED)
    chance = random.Random(SEED)
    port = server.port
    session = server.api().post("/v1/sessions", {"title": "Plan", "document": {"todos": [], "last": {}}}, 201)["id"]
    client = start(built, server, "two_clients.mjs", session, SEED)
    done = None
    for line in client.stdout:
        said = json.loads(line)
        if said == "kill":
            server.kill()
            server.args = ("--port", str(port))
            server.start()
        else:
            done = said
            break
        client.stdin.write(json.dumps(chance.random()) + "\n")
        client.stdin.flush()
    assert client.wait(120) == 0 and done is not None
    document = server.api().get(f"/v1/sessions/{session}/document")
    assert {todo["id"] for todo in document["todos"]} == {f"{tab}{n}" for tab in "ab" for n in range(done["steps"])}
    assert document["last"] == {"a": done["steps"] - 1, "b": done["steps"] - 1}
    assert done["states"] == ["saved", "saved"]


def test_answers_as_the_client_needs_them(built, server):
    session = server.api().post("/v1/sessions", {"title": "ä" * 50, "document": {"n": 1}}, 201)["id"]
    client = start(built, server, "answers.mjs", session)
    said, _ = client.communicate(timeout=120)
    assert client.returncode == 0, said
    assert server.api().get("/v1/devices")["items"] == []
