"""vim in a sandbox, and a person who attached to it: the server is killed and replaced, and the person goes on typing.

With BERTH_CAST=FILE what the person saw is written as an asciicast: docs/vim-survives.cast was made so.
"""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
from kit import BIN, eventually
from person import Person

COLS, ROWS = 72, 16
LOADER = "ld-linux-x86-64.so.2"


class Recorded(Person):
    """A person of whom it is kept what was shown when."""

    def __init__(self, *words, **kwargs):
        self.began, self.events = time.monotonic(), []
        super().__init__(*words, cols=COLS, rows=ROWS, env={"TERM": "xterm-256color"}, **kwargs)

    def read(self, seconds):
        before = len(self.shown)
        more = super().read(seconds)
        if len(self.shown) > before:
            self.events.append([time.monotonic() - self.began, self.shown[before:]])
        return more

    def screen(self):
        """What the person's own terminal shows now."""
        done = subprocess.run([BIN / "berth", "terminal", "render", "--cols", str(COLS), "--rows", str(ROWS), "--json"],
                              input=self.shown, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def sees_line(self, text):
        def there():
            self.read(0.05)
            return text in lines(self.screen())
        eventually(there, 30, f"the line {text!r} in\n" + "\n".join(lines(self.screen())))

    def types_slowly(self, text):
        for key in text:
            self.types(key)
            self.read(0.04)  # a person's pace, for those who watch the recording

    def write_cast(self, path, pauses=1.0):
        """asciicast v2; a wait that only the machine needed is shortened."""
        with open(path, "w", encoding="utf-8") as file:
            print(json.dumps({"version": 2, "width": COLS, "height": ROWS, "title": "vim goes on when the server is killed",
                              "env": {"TERM": "xterm-256color"}}), file=file)
            at, last, rest = 0.0, 0.0, b""
            for moment, data in self.events:
                at, last = at + min(moment - last, pauses), moment
                text, rest = whole_characters(rest + data)
                if text:
                    print(json.dumps([round(at, 3), "o", text], ensure_ascii=False), file=file)


def whole_characters(data):
    for cut in range(len(data), max(-1, len(data) - 4), -1):
        try:
            return data[:cut].decode(), data[cut:]
        except UnicodeDecodeError:
            continue
    return data.decode(errors="replace"), b""


def lines(screen):
    return ["".join(run["text"] for run in line["runs"]).rstrip() for line in screen["lines"]]


def bring_vim(api, sandbox):
    """The machine's vim with the libraries that it needs: the busybox template has neither."""
    api.exec(sandbox, "mkdir", "-p", "/workspace/bin", "/workspace/terminfo/x")
    with open("/lib/terminfo/x/xterm-256color", "rb") as file:  # of ncurses-base; without it vim uses no alternate screen
        api.put(sandbox, "/workspace/terminfo/x/xterm-256color", file.read())
    program = os.path.realpath(shutil.which("vim"))
    listed = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    for library in {program, *re.findall(r"(/\S+)", listed)}:
        with open(library, "rb") as file:
            name = "vim" if library == program else os.path.basename(library)
            api.put(sandbox, "/workspace/bin/" + name, file.read(), mode="0755")
    return [f"/workspace/bin/{LOADER}", "--library-path", "/workspace/bin", "/workspace/bin/vim"]


@pytest.mark.skipif(not shutil.which("vim"), reason="vim is in tools/packages.txt")
def test_vim_goes_on_when_the_server_is_killed_and_replaced(own):
    server = own()
    api = server.api()
    made = api.sandbox("container", name="dev")
    vim = bring_vim(api, made)
    api.put(made, "/workspace/story.txt", b"One server\n")
    terminal = api.terminal(made, "env", "TERM=xterm-256color", "TERMINFO=/workspace/terminfo", "LANG=C.UTF-8", *vim, "-u", "NONE", "-N", "-i", "NONE", "--cmd", "set encoding=utf-8", "-c",
                            "set number ruler showmode", "/workspace/story.txt", cols=COLS, rows=ROWS)
    with Recorded(server.home, "attach", terminal["id"]) as person:
        person.sees_line("  1 One server")
        person.types_slowly("GoThis line was typed before the server was killed.")
        person.sees_line("  2 This line was typed before the server was killed.")
        before = person.screen()
        assert re.search(rb"\x1b\[\?104[79]h", person.shown), "vim does not use the alternate screen"
        server.kill()
        person.types_slowly("\rThis one while there was none,")
        person.sees(b"Trying again")
        server.start()
        person.sees_line("  3 This one while there was none,")
        assert lines(person.screen())[:2] == lines(before)[:2]
        person.types_slowly("\rand this one under the next: déjà vu, 同じ画面.")
        person.sees_line("  4 and this one under the next: déjà vu, 同じ画面.")
        assert "-- INSERT --" in "\n".join(lines(person.screen()))

        def same():  # as the server's own screen has it, cell by cell
            person.read(0.05)
            mine = person.screen()
            its = api.call("GET", f"/v1/terminals/{terminal['id']}/screen?format=json", expect=200).json
            return all(mine[name] == its[name] for name in ("lines", "cursor"))

        eventually(same, 30, "the same screen on both sides")
        person.types_slowly("\x1b:wq\r")
        assert person.ends() == 0
        assert person.is_restored()
        if os.environ.get("BERTH_CAST"):
            person.write_cast(os.environ["BERTH_CAST"])
    assert api.read(made, "/workspace/story.txt").decode().splitlines() == [
        "One server", "This line was typed before the server was killed.", "This one while there was none,",
        "and this one under the next: déjà vu, 同じ画面."]
