"""The tree keeps the rule of rooms; and the rule notices when it is broken: each check is run on a planted violation."""

from house import BUILD, ROOT, assert_none
from rooms import Room, check_file, check_graph, files_of, read_levels, read_rooms

LEVELS = read_levels((ROOT / "docs/architecture.md").read_text())
ROOMS = read_rooms((BUILD / "rooms.txt").read_text())


def app_room(key):
    for name, room in ROOMS.items():
        if room.app and name in (key, "app:berth-" + key.removeprefix("app:")):
            return room
    return ROOMS.get(key)


def test_the_declared_graph_goes_down_only():
    assert ROOMS and LEVELS.level
    assert_none(check_graph(ROOMS, LEVELS))


def test_every_folder_is_a_declared_room():
    folders = {path.parent.name for path in (ROOT / "src").glob("*/CMakeLists.txt")}
    assert folders == {name for name, room in ROOMS.items() if not room.app}


def test_every_include_is_declared():
    problems = []
    for key, path in files_of(ROOT):
        room = app_room(key)
        if room is None:
            problems.append(f"{path}: in no declared room")
            continue
        problems += check_file(room, str(path.relative_to(ROOT)), path.read_text(), ROOMS)
    assert_none(problems)


# ---- planted violations ----

TABLE = "6  apps/x\n2  top > upper             leaves: leaf\n1  left right\n0  low > base\n"


def planted(**uses):
    levels = read_levels(TABLE)
    rooms = {name: Room(name) for name in levels.level}
    for name, used in uses.items():
        rooms[name].uses = set(used)
    return check_graph(rooms, levels)


def test_a_clean_graph_is_clean():
    assert planted(top=["upper", "left"], left=["base"], low=["base"], leaf=["right"]) == []


def test_a_cycle_is_found():
    assert any("cycle: base > low > base" in problem for problem in planted(base=["low"], low=["base"]))


def test_a_use_of_a_neighbour_is_found():
    assert planted(left=["right"]) == ["left (level 1): uses right (level 1), which is not below it"]


def test_a_use_upwards_is_found():
    assert planted(upper=["top"]) == ["upper (level 2): uses top (level 2), which is not below it"]
    assert planted(base=["left"]) == ["base (level 0): uses left (level 1), which is not below it"]


def test_a_use_of_a_leaf_is_found_but_not_in_an_app():
    assert planted(top=["leaf"]) == ["top: uses the leaf leaf; only apps name leaves"]
    rooms = {"leaf": Room("leaf"), "app:x": Room("x", uses={"leaf"}, app=True)}
    assert check_graph(rooms, read_levels(TABLE)) == []


def test_a_room_without_a_level_is_found():
    assert check_graph({"new": Room("new")}, read_levels(TABLE)) == ["new: has no level in docs/architecture.md"]


def test_an_unknown_room_is_found():
    assert "left: uses nothing_here, which is no room" in planted(left=["nothing_here"])


def included(line, room=Room("left", uses={"base"}, test_uses={"low"}), path="src/left/left/a.cpp"):
    return check_file(room, path, f"#pragma once\n{line}\n", {"base": 1, "low": 1, "left": 1, "right": 1})


def test_includes():
    assert included('#include "base/id.hpp"') == []
    assert included('#include "left/b.hpp"') == []
    assert "does not declare USES right" in included('#include "right/x.hpp"')[0]
    assert "does not declare USES low" in included('#include "low/x.hpp"')[0]
    assert included('#include "low/x.hpp"', path="src/left/left/a_test.cpp") == []
    assert included('#include <gtest/gtest.h>\n#include "low/x.hpp"', path="src/left/left/a_session.hpp") == [], "a header for tests"
    assert included('#include "low/x.hpp"', path="src/left/left/a_session.hpp") != []
    assert "no path goes up" in included('  #  include "../right/x.hpp"')[0]
    assert "no path goes up" in included('#include "left/../right/x.hpp"')[0]
    assert "of no room" in included('#include "elsewhere/x.hpp"')[0]


def test_vendor_headers_stay_in_their_room():
    for header in ("sqlite3.h", "sodium.h", "openssl/ssl.h", "spdlog/spdlog.h", "yaml-cpp/yaml.h", "CLI/CLI.hpp",
                   "boost/beast/http.hpp", "google/protobuf/message_lite.h", "sys/mount.h", "seccomp.h"):
        assert f"<{header}>, which belongs to" in included(f"#include <{header}>")[0]
    assert included("#include <sqlite3.h>", Room("store_sqlite")) == []
    assert included("#include <vector>") == []
    assert "without VENDOR fmt" in included("#include <fmt/format.h>")[0]
