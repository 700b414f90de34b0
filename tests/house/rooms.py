"""The rule of rooms, as pure functions: what was declared, what is included, and what is wrong with it.

Levels are read from docs/architecture.md, so that the page cannot lie: a line of its table is a level, names apart by
spaces do not know each other, and `a > b` lets a use b within a level. Leaves follow "leaves:".
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

# Who may include which third-party header: the first pattern that matches decides. The C++ vocabulary of the project
# (fmt, Asio's awaitable and executors, JSON values) is free for every room that declares it as VENDOR.
VENDOR_OWNERS = [
    (r"sqlite3\.h", {"store_sqlite"}),
    (r"sodium", {"crypto"}),
    (r"re2/", {"journal", "snapshots"}),
    (r"zstd", {"journal", "bundle"}),
    (r"openssl/|boost/asio/ssl|boost/beast/ssl|boost/beast/websocket/ssl", {"api_http", "client", "beast", "crypto"}),
    (r"spdlog/", {"log"}),
    (r"yaml-cpp/", {"config"}),
    (r"CLI/", {"cli"}),
    (r"seccomp", {"sandbox_oci"}),
    (r"boost/beast/", {"api_http", "api_ws", "client", "beast"}),
    (r"boost/json/src|boost/asio/impl/src|boost/asio/ssl/impl/src", {"beast", "aio"}),
    (r"google/protobuf/", {"wire", "guest", "shim", "link", "sandboxes"}),
    (r"prometheus/", {"control"}),
    (SYSTEM := r"sys/mount\.h|sched\.h|sys/eventfd\.h|sys/signalfd\.h|sys/timerfd\.h|linux/", {"os", "pty"}),
    (r"pty\.h|termios\.h", {"pty", "cli", "os"}),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


@dataclass
class Room:
    name: str
    uses: set = field(default_factory=set)
    test_uses: set = field(default_factory=set)
    vendor: set = field(default_factory=set)
    app: bool = False


@dataclass
class Levels:
    level: dict
    leaves: set
    ordered: set  # pairs (a, b): a > b within a level


def read_rooms(text):
    rooms = {}
    for line in text.split():
        name, uses, test_uses, vendor = line.split("|")
        app = name.startswith("app:")
        name = name.removeprefix("app:")
        rooms["app:" + name if app else name] = Room(name, *({x for x in part.split(",") if x} for part in
                                                             (uses, test_uses, vendor)), app)
    return rooms


def read_levels(markdown):
    level, leaves, ordered = {}, set(), set()
    for line in markdown.splitlines():
        match = re.match(r"^(\d)\s+(.*)$", line)
        if not match:
            continue
        number, text = int(match[1]), match[2]
        plain, _, leaf = text.partition("leaves:")
        for chain in re.split(r"\s+(?!>)(?<!> )", plain.strip()) if plain.strip() else []:
            names = [name.strip() for name in chain.split(">")]
            for name in names:
                if "/" not in name:
                    level[name] = number
            ordered |= {(a, b) for i, a in enumerate(names) for b in names[i + 1:]}
        for name in leaf.split():
            level[name] = number
            leaves.add(name)
    return Levels(level, leaves, ordered)


def check_graph(rooms, levels):
    problems = []
    for key, room in rooms.items():
        for used in sorted(room.uses | room.test_uses):
            if used not in rooms:
                problems.append(f"{key}: uses {used}, which is no room")
        if room.app:
            continue
        if room.name not in levels.level:
            problems.append(f"{room.name}: has no level in docs/architecture.md")
            continue
        for used in sorted(room.uses & levels.level.keys()):
            mine, theirs = levels.level[room.name], levels.level[used]
            if used in levels.leaves:
                problems.append(f"{room.name}: uses the leaf {used}; only apps name leaves")
            elif theirs > mine or (theirs == mine and (room.name, used) not in levels.ordered):
                problems.append(f"{room.name} (level {mine}): uses {used} (level {theirs}), which is not below it")
    return problems + check_cycles(rooms)


def check_cycles(rooms):
    state, problems = {}, []

    def visit(name, path):
        if state.get(name) == "done" or name not in rooms:
            return
        if name in path:
            problems.append("cycle: " + " > ".join([*path[path.index(name):], name]))
            return
        for used in sorted(rooms[name].uses):
            visit(used, [*path, name])
        state[name] = "done"

    for name in sorted(rooms):
        visit(name, [])
    return problems


def check_file(room, path, text, rooms):
    """`path`: as shown; `text`: of the file; `room`: the Room that holds it."""
    problems = []
    test = re.search(r"_(test|fuzz)\.cpp$", path) is not None or (path.endswith(".hpp") and "<gtest/gtest.h>" in text)
    allowed = room.uses | {room.name} | (room.test_uses if test else set())
    for kind, target in INCLUDE.findall(text):
        first = target.split("/")[0]
        if ".." in target.split("/"):
            problems.append(f"{path}: includes {target}: no path goes up")
        elif kind == '"' and first in rooms and first not in allowed:
            problems.append(f"{path}: includes {target}, but {room.name} does not declare USES {first}")
        elif kind == '"' and "/" in target and first not in rooms:
            problems.append(f"{path}: includes {target} of no room")
        elif kind == "<":
            owners = next((owners for pattern, owners in VENDOR_OWNERS if re.match(pattern, target)
                           and not (test and pattern == SYSTEM)), None)
            if owners is not None and room.name not in owners:
                problems.append(f"{path}: includes <{target}>, which belongs to {', '.join(sorted(owners))}")
            if target.startswith("fmt/") and not room.vendor & {"fmt", "spdlog"}:  # spdlog stands on fmt
                problems.append(f"{path}: includes <{target}> without VENDOR fmt")
    return problems


def files_of(root: Path):
    """(room key, path) of every source file of rooms and apps."""
    for path in sorted((root / "src").glob("*/*/**/*")):
        if path.suffix in (".cpp", ".hpp"):
            yield path.relative_to(root / "src").parts[0], path
    for path in sorted((root / "apps").glob("*/*")):
        if path.suffix in (".cpp", ".hpp"):
            yield "app:" + path.parent.name, path
