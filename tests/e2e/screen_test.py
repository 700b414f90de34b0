"""The screen of a terminal: what a program drew, at any time, after a restart, and exactly where attaching goes on."""

import asyncio
import json

import pytest
from kit import ISOLATIONS, eventually
from viewer import Attached

DRAW = ("printf 'plain \\033[1;31mred\\033[0m\\n'; printf '\\033[?1049h\\033[2J\\033[3;5Hfull screen'; "
        "read line; printf '\\033[5;5Hsaw %s' \"$line\"; exec sleep 1000")


def screen(server, terminal, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return server.api().call("GET", f"/v1/terminals/{terminal['id']}/screen?{words}", expect=200)


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_the_screen_survives_the_server_and_attaching_goes_on_from_it(own, isolation):
    server = own()
    made = server.api().sandbox(isolation)
    terminal = server.api().terminal(made, "sh", "-c", DRAW, cols=60, rows=12)
    eventually(lambda: b"full screen" in screen(server, terminal).data, 20, "the drawing")
    before = json.loads(screen(server, terminal, format="json").data)
    server.kill()
    server.start()
    answer = screen(server, terminal, format="json")
    assert json.loads(answer.data) == before and answer.headers["x-berth-size"] == "60x12"
    offset = int(answer.headers["x-berth-offset"])

    async def go_on():
        async with Attached(server, terminal, offset) as viewer:
            await viewer.send(b"you\r")
            await viewer.until(lambda v: b"saw you" in v.data)

    asyncio.run(go_on())
    text = screen(server, terminal).data.decode().split("\n")
    assert text[2] == "    full screenyou" and text[4] == "    saw you", text
    assert b"plain red" in screen(server, terminal, at=len("plain .[1;31mred")).data, "an earlier screen"
    assert screen(server, terminal, format="svg").data.lstrip().startswith(b"<svg")
    assert server.cli("screen", terminal["id"], check=0).stdout.split("\n")[4] == "    saw you"


def test_wrong_questions(server, api, sandbox):
    terminal = api.terminal(sandbox, "echo", "x")
    eventually(lambda: not api.get(f"/v1/terminals/{terminal['id']}")["running"])
    ask = lambda query: api.call("GET", f"/v1/terminals/{terminal['id']}/screen?{query}")  # noqa: E731
    assert ask("format=png").problem["code"] == "invalid_argument"
    assert ask("at=1000").problem["code"] == "invalid_argument"
    assert ask("at=-1").status == 400
    assert api.call("GET", "/v1/terminals/trm_00000000000000000000000000/screen").status == 404
    pipes = api.terminal(sandbox, "true", kind="pipes")
    assert api.call("GET", f"/v1/terminals/{pipes['id']}/screen").problem["code"] == "failed_precondition"
