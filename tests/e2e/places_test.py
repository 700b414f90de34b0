"""Places in a terminal's output: a viewer, a screen and the command line begin at an offset, a command, or a time."""

import asyncio

import aiohttp
import pytest
from kit import Server, clean_up, eventually, new_home
from person import Person
from viewer import Attached

UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
LINES = ["echo first-$((1 + 1)); printf '\\033[2J\\033[3;5Hbe%s\\033[6;1H' fore", "echo second-$((2 + 2))", "echo third-$((3 + 3))"]


def path(terminal, below=""):
    return f"/v1/terminals/{terminal['id']}{below}"


def printed(api, terminal):
    return b"".join(data for _, data in api.output(terminal))


@pytest.fixture(scope="module", params=["small", "compact"])
def home(request):
    """(server, whether its segments are small, sealed, and compressed at once)"""
    large = request.param == "compact"
    server = Server(new_home(), env={"BERTH_TERMINAL_JOURNAL_SEGMENT_BYTES": "64KiB", "BERTH_JOURNAL_KEEP_MS": "100"} if large else {}).start()
    for template in ("busybox", "debian"):
        server.api().post(f"/v1/templates/{template}/build")
    yield server, large
    assert clean_up(server) == []


def typed(api, terminal, lines):
    start = 0
    for line in lines:
        api.call("POST", path(terminal, "/wait"), {"until": {"pattern": "133;B"}, "from": start, "timeout_ms": 60000}, expect=200)
        api.call("POST", path(terminal, "/keys"), {"text": line, "enter": True}, expect=204)
        ended = api.call("POST", path(terminal, "/wait"), {"until": {"command_end": True}, "from": start, "timeout_ms": 60000}, expect=200).json
        assert ended["event"] == "command_end", ended
        start = ended["end"]


@pytest.fixture(scope="module")
def shell(home):
    """A bash that ran LINES, and the row of each; when segments are small, some compressed ones before them."""
    server, large = home
    api = server.api()
    terminal = api.terminal(api.sandbox("container", "debian"), cols=60, rows=12)
    typed(api, terminal, (["seq 1 60000"] if large else []) + LINES)
    if large:
        first = lambda: min((server.home / "terminals" / terminal["id"]).glob("*.journal"))  # noqa: E731
        eventually(lambda: first().read_bytes()[16] == 1, 60, "compaction")
    rows = {row["text"]: row for row in api.all(f"/v1/commands?terminal={terminal['id']}")}
    return server, terminal, [rows[line] for line in LINES]


async def watched(server, terminal, place, enough):
    async with Attached(server, terminal, None, wish={"at": place, "seat": "read"}) as viewer:
        await viewer.until(lambda v: enough in v.data)
        return viewer


def test_a_viewer_begins_with_the_screen_of_that_place_and_goes_on(shell):
    server, terminal, (first, second, third) = shell
    whole = printed(server.api(), terminal)
    for place in (str(second["output_begin"]), f"cmd:{second['number']}", second["started"]):
        viewer = asyncio.run(watched(server, terminal, place, b"third-6"))
        begin = viewer.hello["from"]
        assert begin == second["output_begin"] or (place == second["started"] and first["output_end"] <= begin <= second["output_end"]), place
        assert viewer.hello["screen"] and viewer.drawn == [{"type": "screen", "offset": begin, "cols": 60, "rows": 12}]
        assert b"before" in viewer.screens[0] and b"second-4" not in viewer.screens[0] or place == second["started"]
        assert bytes(viewer.data) == whole[begin:begin + len(viewer.data)], place
    early = asyncio.run(watched(server, terminal, "0ms", b"third-6"))
    assert early.hello["from"] == 0 and bytes(early.data) == whole[:len(early.data)]


def test_it_goes_on_live(shell):
    server, terminal, (_, _, third) = shell

    async def live():
        async with Attached(server, terminal, None, wish={"at": f"cmd:{third['number']}"}) as viewer:
            await viewer.until(lambda v: b"third-6" in v.data)
            await viewer.send(b"echo live-$((4 + 4))\n")
            await viewer.until(lambda v: b"live-8" in v.data)

    asyncio.run(live())


def test_who_does_not_acknowledge_gets_the_bytes_alone(shell):
    server, terminal, (_, second, _) = shell

    async def plain():
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.port}{path(terminal, '/attach')}?seat=read&at=cmd:{second['number']}"
            async with session.ws_connect(url, headers={"Authorization": "Bearer " + server.key}) as socket:
                hello = await socket.receive_json()
                return hello, await socket.receive_bytes()

    hello, frame = asyncio.run(plain())
    assert hello["from"] == second["output_begin"] and not hello["screen"]
    assert frame[0] == 1 and frame[9:].startswith(b"second-4"), frame


def test_a_screen_at_a_place(shell):
    server, terminal, (first, second, third) = shell
    at = {row["number"]: server.api().call("GET", path(terminal, f"/screen?at=cmd:{row['number']}"), expect=200) for row in (first, second, third)}
    assert b"before" not in at[first["number"]].data.replace(b"be%s", b"")
    assert b"    before" in at[second["number"]].data and b"second-4" not in at[second["number"]].data
    assert b"second-4" in at[third["number"]].data
    assert int(at[second["number"]].headers["x-berth-offset"]) == second["output_begin"]
    shown = server.cli("screen", terminal["id"], "--at", f"cmd:{third['number']}", check=0).stdout
    assert "second-4" in shown and "third-6" not in shown
    assert server.cli("screen", terminal["id"], "--at", "noon").returncode == 3


def test_a_person_begins_at_a_command(shell):
    server, terminal, (_, _, third) = shell
    with Person(server.home, "attach", terminal["id"], "--from", f"cmd:{third['number']}", cols=60, rows=12) as person:
        before = person.sees(b"third-6")
        assert b"    before" in before or b"before" in before, "the screen that was there"
        person.types("echo now-$((5 + 5))\r")
        person.sees(b"now-10")
        person.leaves()
        assert person.ends() == 0


@pytest.mark.parametrize("place", ["noon", "cmd:0", "cmd:x", "-1", "9999999999999", "cmd:9999"])
def test_places_that_are_none(shell, place):
    server, terminal, _ = shell
    end = server.api().get(path(terminal))["end"]
    for below in (f"/attach?at={place}", f"/attach?acknowledge=true&at={place}", f"/screen?at={place}"):
        answer = server.api().call("GET", path(terminal, below), headers=UPGRADE if "attach" in below else {})
        assert answer.status == (404 if place == "cmd:9999" else 400), (below, answer.data)
        if place == "9999999999999":
            assert f"from 0 to {end}" in answer.problem["detail"], "the range that is kept"


def test_a_terminal_that_has_ended(home):
    server, _ = home
    api = server.api()
    made = api.sandbox("container")
    script = "echo one; sleep 0.3; echo two; exit 4"
    for kind in ("pty", "pipes"):
        terminal = api.terminal(made, "sh", "-c", script, kind=kind)
        eventually(lambda: not api.get(path(terminal))["running"], 20, "its end")
        events = asyncio.run(watched(server, terminal, "150ms", b"two"))
        assert events.hello["screen"] == (kind == "pty") and b"one" not in events.data
        assert [b"one" in screen for screen in events.screens] == ([True] if kind == "pty" else [])
        end = api.get(path(terminal))["end"]
        after = api.call("GET", path(terminal, "/attach?at=2999-01-01T00:00:00Z"), headers={})
        assert after.status == 426, "a place behind the end is the end"
        assert api.call("GET", path(terminal, f"/attach?at={end + 1}"), headers=UPGRADE).status == 400
    done = server.cli("attach", terminal["id"], "--from", "150ms")
    assert (done.returncode, done.stdout) == (4, "two\n"), done.stderr
    assert server.cli("attach", terminal["id"]).returncode != 0, "without a place it has to run"


def test_a_place_before_the_oldest_byte(own):
    server = own(env={"BERTH_TERMINAL_JOURNAL_SEGMENT_BYTES": "64KiB", "BERTH_JOURNAL_TERMINAL_BYTES": "256KiB"})
    api = server.api()
    api.post("/v1/templates/debian/build")
    made = api.sandbox("container", "debian")
    terminal = api.terminal(made)
    typed(api, terminal, ["echo gone", "head -c 1500000 /dev/zero | tr '\\0' x"])
    oldest = lambda: int(min((server.home / "terminals" / terminal["id"]).glob("*.journal")).stem.split("-")[1])  # noqa: E731
    eventually(lambda: oldest() > 500_000, 30, "old segments to go")
    for below in ("/attach?at=cmd:1", "/attach?at=0", "/screen?at=cmd:1"):
        answer = api.call("GET", path(terminal, below), headers=UPGRADE if "attach" in below else {})
        assert answer.status == 400 and "kept" in answer.problem["detail"], answer.data
    viewer = asyncio.run(watched(server, terminal, "2020-01-01T00:00:00Z", b"xxxx"))
    assert viewer.hello["from"] > 500_000, "a moment before it is the oldest byte"
