#!/usr/bin/python3
"""record.py [NAME…]: records what real programs send to a terminal into sessions/NAME.COLSxROWS.vt, for the comparison.

Each session is a program in a PTY of its own with a scripted person: after each step the recorder waits until nothing came
for a moment. Recordings are kept in the tree, so that tests need none of these programs; run this again to renew them.
The recorder answers what a terminal must answer (DA, DSR), as xterm.js does. What is on the screen when the script ends is
kept: a program is killed where it stands, unless the script lets it end.
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
from pathlib import Path

SESSIONS = Path(__file__).parent / "sessions"
LIMIT = 200_000  # bytes of one recording: they live in the repository
ESC, CTRL_C, CTRL_B = "\x1b", "\x03", "\x02"
UP, DOWN, RIGHT, NEXT = ESC + "[A", ESC + "[B", ESC + "[C", ESC + "[6~"

TEXT = "".join(f"{n:3} The quick brown fox jumps over the lazy dog; 敏捷的狐狸 – Füchse 🦊 {'=' * (n % 50)}\n" for n in range(200))
CODE = '#include <stdio.h>\n\nint main(void) {\n  /* counts */\n  for (int i = 0; i < 10; ++i) printf("%d\\n", i);\n  return 0;\n}\n' * 12

# name: (columns, rows, command, keys step by step)
SCRIPTS = {
    "vim": (80, 24, "vim -u NONE -N -c 'syntax on' -c 'set number ruler hlsearch' code.c",
            ["/printf\r", "n", "3j", "cwputs" + ESC, ":vsplit text\r", "G", "10k", "\x17\x17", "dd", "p", "u", ":set list\r", "ihello 世界" + ESC]),
    "vim-insert": (100, 30, "vim -u NONE -N text",
                   ["O" + "words and words " * 12 + ESC, "yyP", "vjj", "d", "A!" + ESC, ":%s/fox/FUCHS/g\r", ":q!\r"]),
    "less": (80, 24, "less -R text", [" ", " ", "/dog\r", "n", "k", "G", "b", "g", RIGHT, "h"]),
    "htop": (100, 30, "htop -d 100 -u nobody", [DOWN, "\x1bOP", "q", "t", ESC + "[15~"]),
    "tmux": (100, 30, "tmux -f /dev/null -L oracle new 'sh'",
             ["PS1='$ '\r", "ls -la\r", CTRL_B + '"', "PS1='% '\r", "cat code.c\r", CTRL_B + "%", "echo right\r", CTRL_B + "o", CTRL_B + "[", UP * 3, "q", "clear\r", "echo done\r"]),
    "mc": (80, 24, "mc -u", [DOWN, DOWN, "\x1bOR", "q", "\t", DOWN, "\x1b9", ESC, "\x0f", "\x0f"]),
    "nano": (80, 24, "nano -I code.c", [DOWN * 5, "typed text", "\x17printf\r", "\x0b", "\x15", "\x07", "\x18", "\x1bx", NEXT]),
    "git-log": (120, 24, "git -C repo log --graph --all --decorate --color=always --stat", [" ", " ", "/second\r", "q"]),
    "git-diff": (80, 24, "git -C repo -c color.ui=always log -p", [" ", "G", "k"]),
    "apt": (80, 24, "apt list --installed 2>/dev/null | head -60; apt-get -s install sl 2>/dev/null; apt show coreutils 2>/dev/null", []),
    "cmake": (100, 24, "cmake -S project -B out && cmake --build out --verbose; cmake --build out", []),
    "npm": (80, 24, "npm init -y && npm pkg get name version && npm run nothing; npm help run </dev/null | head -30", []),
    "python": (80, 24, "python3 -q", ["print('a' * 200)\r", "1/0\r", "for i in range(30): print(i, chr(0x4e00 + i))\r\r", "import this\r", UP, UP, "\x01# " + "\x05 end", CTRL_C, "exit()\r"]),
    "shell": (80, 24, "bash --norc", ["PS1='\\[\\e[1;32m\\]\\u\\[\\e[0m\\]:\\w\\$ '\r", "echo " + "long " * 40 + "\r", "printf '%s\\n' {1..40}\r", UP, UP + "\x01\x0b", "ls --color=always -la\r", "echo $'\\e[4:3;58:5:9mcurly\\e[m \\e]8;;https://example.com\\e\\\\link\\e]8;;\\e\\\\'\r", "tput smacs; echo lqqk; tput rmacs\r", "clear\r", "echo 'é漢字👍🏽 ok'\r"]),
}


def prepare(home):
    (home / "text").write_text(TEXT)
    (home / "code.c").write_text(CODE)
    (home / "project").mkdir()
    (home / "project/CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.20)\nproject(demo C)\nadd_executable(demo main.c)\n")
    (home / "project/main.c").write_text(CODE[:CODE.index("}\n") + 2])
    environment = "-c user.name=A -c user.email=a@example.com -c commit.gpgsign=false"
    os.system(f"cd {home} && git init -q -b main repo && cd repo && for i in first second third; do cp ../code.c $i.c; git add .;"
              f" git {environment} commit -qm \"$i commit\"; git checkout -qb $i; done; git checkout -q main; echo x >> first.c;"
              f" git {environment} commit -qam 'change on main'; git {environment} merge -q third -m merge")


def answers(data):
    out = b""
    for match in re.finditer(rb"\x1b\[(>?)(0?)c|\x1b\[6n", data):
        out += b"\x1b[1;1R" if match[0].endswith(b"n") else b"\x1b[>0;276;0c" if match[1] else b"\x1b[?1;2c"
    return out


def record(name):
    cols, rows, command, keys = SCRIPTS[name]
    home = Path(tempfile.mkdtemp(prefix="session-"))
    prepare(home)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
                   "COLORTERM": "truecolor", "SHELL": "/bin/sh", "HISTFILE": "", "PAGER": "less", "NO_UPDATE_NOTIFIER": "1"}
    child, master = pty.fork()
    if child == 0:
        os.chdir(home)
        os.execve("/bin/sh", ["sh", "-c", "sleep 0.2; " + command], environment)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    shown, steps, quiet = b"", list(keys), 15
    while len(shown) < LIMIT:
        if not select.select([master], [], [], quiet)[0]:
            if not steps:
                break
            os.write(master, steps.pop(0).encode())
            quiet = 0.5
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        quiet = min(quiet, 3)
        if reply := answers(data):
            os.write(master, reply)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(master)
    os.system("tmux -L oracle kill-server 2>/dev/null" if name == "tmux" else "true")
    shutil.rmtree(home)
    shown = shown[:LIMIT].decode(errors="ignore").replace(str(home), "/tmp/session")
    shown = shown.replace("deb." "debian.org", "mirror.example")  # of one machine, and as long
    SESSIONS.mkdir(exist_ok=True)
    (SESSIONS / f"{name}.{cols}x{rows}.vt").write_bytes(shown.encode())
    print(f"{name}: {len(shown)} bytes")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SCRIPTS:
        record(wanted)
