"""A person at a terminal: the command line in a real PTY, what it shows, and keys for it."""

import fcntl
import os
import select
import struct
import subprocess
import termios
import time

from kit import BIN, SLOW


class Person:
    """`with Person(home, "run", …) as person: person.sees(b"$"); person.types("ls\\n")`"""

    def __init__(self, home, *words, cols=80, rows=24, env=None):
        self.master, slave = os.openpty()
        self.resize(cols, rows)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [BIN / "berth", *map(str, words)], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**clean, "BERTH_HOME": str(home), "TERM": "xterm", **(env or {})},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.shown = b""
        self.seen = 0

    def resize(self, cols, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)

    def sees(self, text, seconds=20):
        """Waits until `text` is shown after what was seen before; returns what was shown up to there."""
        deadline = time.monotonic() + seconds * SLOW
        while (at := self.shown.find(text, self.seen)) < 0:
            if time.monotonic() > deadline or (not self.read(0.2) and self.process.poll() is not None and not self.read(0)):
                raise AssertionError(f"{text!r} was not shown (exit code {self.process.poll()}); there is\n"
                                     f"{self.shown[self.seen:][-3000:].decode(errors='replace')}")
        before, self.seen = self.shown[self.seen:at], at + len(text)
        return before

    def types(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def leaves(self):
        """The two keys that detach."""
        self.types("\x10\x11")

    def ends(self, seconds=20):
        deadline = time.monotonic() + seconds * SLOW
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.05)
        while self.read(0):
            pass
        assert self.process.poll() is not None, f"it goes on:\n{self.shown[-2000:].decode(errors='replace')}"
        return self.process.returncode

    def is_restored(self):
        """The terminal's settings are what they were before."""
        return termios.tcgetattr(self.slave)[:4] == self.before[:4]

    def closes_the_window(self):
        os.close(self.slave)
        os.close(self.master)
        self.slave = self.master = -1
        return self.process.wait(30 * SLOW)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
