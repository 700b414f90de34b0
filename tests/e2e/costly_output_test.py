"""Output that is dear to draw, without end: it costs its own terminal, and holds up nobody else's journal, screen or shell."""

import threading

import pytest
from journal_test import compact, segments
from kit import eventually

# Each sequence changes every cell of the screen: three bytes fill it with E, ten make it red.
COSTLY = {"alignment": r"\033#8", "erase": r"\033[41m\033[2J"}
COLS, ROWS = 200, 50
SETTINGS = {"BERTH_JOURNAL_KEEP_MS": "100", "BERTH_TERMINAL_JOURNAL_SEGMENT_BYTES": "64KiB", "BERTH_JOURNAL_TERMINAL_BYTES": "64MiB",
            "BERTH_TERMINAL_CHECKPOINT_BYTES": "64KiB", "BERTH_TERMINAL_SCREEN_MS": "1s"}
LINES = 20_000


def screen_of(api, terminal):
    """The screen's lines, or None when the server said that it took too long."""
    answer = api.call("GET", f"/v1/terminals/{terminal['id']}/screen")
    if answer.status == 504:
        assert answer.problem["code"] == "timeout"
        return None
    assert answer.status == 200, answer
    return answer.data.decode().split("\n")[:ROWS]


@pytest.mark.parametrize("kind", COSTLY)
def test_who_prints_what_is_dear_to_draw_holds_up_nobody_else(own, kind):
    server = own(env=SETTINGS)
    api = server.api()
    api.call("POST", "/v1/users", {"name": "nina", "role": "member"}, expect=201)
    nina = server.tcp(api.call("POST", "/v1/keys", {"user": "nina"}, expect=201).json["text"])
    loud = api.sandbox("container")
    twelve = f"printf '{COSTLY[kind]}'; " * 12
    block = f"i=0; while [ $i -lt 400 ]; do {twelve} i=$((i + 1)); done > block"
    terminal = api.terminal(loud, "sh", "-c", f"{block}; while :; do cat block; done", cols=COLS, rows=ROWS)
    eventually(lambda: api.get(f"/v1/terminals/{terminal['id']}")["end"] > 16 << 20, 60, "much output")

    answers, failures, over = [], [], threading.Event()

    def look():  # at the costly screen, again and again
        try:
            while not over.is_set():
                answers.append(screen_of(api, terminal))
        except (AssertionError, OSError) as failure:
            failures.append(failure)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    quiet = None
    try:
        quiet = nina.sandbox("container")
        count = nina.terminal(quiet, "sh", "-c", f"i=0; while [ $i -lt {LINES} ]; do echo a line of output, number $i; i=$((i+1)); done; cat")
        eventually(lambda: f"a line of output, number {LINES - 1}" in (screen_of(nina, count) or []), 60, "the other's screen")
        assert nina.exec(quiet, "echo", "here")["stdout"] == "here\n"
        finished = lambda: segments(server, count)[:-1]  # noqa: E731
        eventually(lambda: finished() and all(compact(path) for path in finished()), 60, "compaction of the other's journal")
        eventually(lambda: answers or failures, 60, "an answer about the costly screen")
        once = api.terminal(loud, "sh", "-c", "cat block; cat", cols=COLS, rows=ROWS)  # with an end: asking goes on where it ended
        answers.append(eventually(lambda: api.get(f"/v1/terminals/{once['id']}")["end"] >= 4800 * 3 and screen_of(api, once), 60, "a screen"))
    finally:
        over.set()
        for looker in lookers:
            looker.join()
        if quiet:
            nina.remove(quiet)  # the others are the fixture's
    assert not failures, failures
    shown = [lines for lines in answers if lines is not None]
    print(f"{kind}: {len(shown)} screens, {len(answers) - len(shown)} took too long")
    for lines in shown:
        assert {line.rstrip() for line in lines} == {"E" * COLS if kind == "alignment" else ""}
