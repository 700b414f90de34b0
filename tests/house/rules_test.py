"""House rules that are not about rooms: banned calls, length, headers that stand alone, nothing of one machine."""

import re
import subprocess

import pytest
from examples import examples_of, source
from house import BUILD, ROOT, assert_none, text_of, tracked

CODE = [name for name in tracked() if re.match(r"(src|apps|bench)/.*\.(cpp|hpp)$", name)]

# (pattern, where it is allowed, why). Comments and strings are blanked before the search.
BANNED = [
    (r"\busing\s+namespace\s+std\s*;", r"^$", "std:: is written out"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets)\s*\(", r"^$", "unbounded"),
    (r"(?<![\w.>])(::|std::)?(system|popen)\s*\(", r"^$", "no shell: os/process.hpp takes an argv"),
    (r"(?<![\w.>])(::)?(v?fork|exec[lv]p?e?|execveat|posix_spawnp?|clone3?)\s*\(", r"^(src/(os|pty|guest)|bench|tests)/|_test\.cpp$|/stand_in/",
     "processes are made in os"),
    (r"\b\w*(thread|worker)\w*(\.|->)detach\s*\(", r"^$", "no detached work: every thread and coroutine has an owner"),
    (r"boost::asio::detached|\basio::detached\b", r"_test\.cpp$", "no detached work"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(", r"^(src/os|bench)/", "wait for the event"),
    (r"(?<![\w.>:])(::)?(rand|srand|mktemp|tmpnam|tempnam)\s*\(", r"^$", "crypto has random bytes, os has temporary files"),
    (r"(?<![\w.>])::(open|openat|read|write|socket|accept4?|connect|mount|umount2?|kill|waitpid|ioctl|unlink|rename|fsync)"
     r"\s*\(", r"^src/(os|pty)/|^bench/|_test\.cpp$|contract|init_client|^tests/", "system calls live in os and pty"),
]


def blanked(text):
    """The code with comments and literals emptied, lines kept."""
    pattern = r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*(?:.|\n)*?\*/'
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def banned(name, text):
    code = blanked(text)
    for pattern, allowed, why in BANNED:
        if re.search(allowed, name):
            continue
        for match in re.finditer(pattern, code):
            yield f"{name}:{code.count(chr(10), 0, match.start()) + 1}: {match[0].strip()} ({why})"


def test_no_banned_call():
    assert_none(problem for name in CODE for problem in banned(name, text_of(name)))


@pytest.mark.parametrize("line", [
    "using namespace std;", "strcpy(a, b);", "std::system(x);", "FILE* f = popen(x, y);", "if (fork() == 0) {}",
    "::execve(a, b, c);", "thread.detach();", "co_spawn(x, y, boost::asio::detached);",
    "std::this_thread::sleep_for(1s);", "::open(path, 0);", "int r = rand();"])
def test_banned_calls_are_noticed(line):
    assert list(banned("src/control/control/x.cpp", line + "\n"))
    assert not list(banned("src/control/control/x.cpp", f"// {line}\n" + f'auto text = R"({line})";\n'))


def test_a_file_is_one_noun():
    assert_none(f"{name}: {n} lines" for name in CODE if (n := text_of(name).count("\n")) > 500)
    assert_none(f"{name}: {n} lines" for name in tracked()
                if name.startswith("tests/") and name.endswith(".py") and (n := text_of(name).count("\n")) > 400)


def test_headers_open_with_what_they_are_for():
    headers = [name for name in CODE if name.endswith(".hpp") and name.startswith("src/")]
    assert_none(name for name in headers if not re.match(r"#pragma once\n//", text_of(name)))


def first_include(text):
    match = re.search(r'^#include\s+["<]([^">]+)[">]', text, re.M)
    return match[1] if match else None


def test_headers_stand_alone():
    """x.cpp, or else x_test.cpp, includes x.hpp first, so compiling it proves the header; the build compiles a file of
    its own for each header without such a twin, and the list of those is written by tests/CMakeLists.txt."""
    compiled = set((BUILD / "tests/headers.txt").read_text().split())
    missing = []
    for name in CODE:
        if not name.startswith("src/") or not name.endswith(".hpp"):
            continue
        room, header = name.split("/")[1], name.split("/", 2)[2]
        twin = ROOT / name.replace(".hpp", ".cpp")
        twin = twin if twin.exists() else ROOT / name.replace(".hpp", "_test.cpp")
        proved = twin.exists() and first_include(twin.read_text()) == header
        if not proved and header not in compiled:
            missing.append(f"{name} ({room}): include it first in {twin.name}")
    assert_none(missing)


def test_public_classes_show_how_they_are_used():
    """Public is what another room includes. A class of a public header has an example, and the build compiles it."""
    users = {}
    for name in CODE:
        for header in re.findall(r'^#include "([^"]+)"', text_of(name), re.M):
            if header.split("/")[0] != name.split("/")[1]:
                users.setdefault(header, set()).add(name)
    silent = []
    for header in sorted(users):
        if not (ROOT / "src" / header.split("/")[0] / header).exists():
            continue
        text = text_of(f"src/{header.split('/')[0]}/{header}")
        classes = re.findall(r"^class (?:\[\[nodiscard\]\] )?(\w+)(?: final)?(?: : [^{;]*)? \{", text, re.M)
        shown = "\n".join("\n".join([given, *code]) for given, code in examples_of(text))
        if classes and not any(name in shown for name in classes) and "contract" not in header:
            silent.append(f"{header}: no example of {', '.join(classes)}")
    assert_none(silent)


def test_examples_become_code():
    text = "#pragma once\n// What.\n//\n// Example (int x):\n//   #include <map>\n//   TRY(f(x));\n//\n// More.\n"
    assert examples_of(text) == [("int x", ["#include <map>", "TRY(f(x));", ""])]
    made = source("room/h.hpp", text)
    assert made.startswith('#include "room/h.hpp"\n') and "Result<> example_0(int x) {\n  TRY(f(x));" in made
    assert "co_return" in source("room/h.hpp", text.replace("TRY(", "CO_TRY("))


# One machine's directories, and hosts of package registries: a clone must not depend on either.
LEAKS = [r"/work/\w", r"/root/\w", r"/home/(?!user\b)\w+/", r"\b(deb|ftp|security)\.debian\.org", r"\bregistry\.[a-z]+\.(org|com|io)\b",
         r"\bpypi\.org\b", r"\bproxy\.golang\.org\b"]


def leaks(text):
    return [match[0] for pattern in LEAKS for match in re.finditer(pattern, text)]


def test_nothing_of_one_machine():
    skipped = {"tests/house/rules_test.py", "LICENSE"}
    assert_none(f"{name}: {leak}" for name in tracked() if name not in skipped for leak in leaks(text_of(name))
                if not (name.endswith("_test.cpp") and leak.startswith(("/root", "/home"))))  # made up, inside sandboxes


@pytest.mark.parametrize("text", ["see /work/x", "/root/x", "http://deb." "debian.org/debian", "registry." "npmjs.org"])
def test_leaks_are_noticed(text):
    assert leaks(text)


def test_nothing_is_unfinished_by_its_own_words():
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|not imple" r"mented|unimple" r"mented)\b")
    assert_none(f"{name}: {match[0]}" for name in tracked() for match in words.finditer(text_of(name)) if name != "LICENSE")


@pytest.mark.parametrize("words, page", [(["config", "reference"], "docs/configuration.md"),
                                         (["reference", "markdown"], "docs/cli.md")])
def test_reference_pages_are_generated(words, page):
    made = subprocess.run([BUILD / "bin/berth", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    assert made.stdout == text_of(page), f"{page} is old: berth {' '.join(words)} > {page}"


def test_requirements_name_proofs_that_exist():
    page = (ROOT / "docs/requirements.md").read_text()
    rows = set(re.findall(r"^\| ([A-E]\d+) ", page, re.M))
    assert rows >= {"A3", "A4", "A6", "B16", "C1", "C2", "C5", "C7", "C8", "C9", "C13", "C21", "E5", "E8", "E9", "E13", "E20"}
    names = re.findall(r"`([\w./]+/[\w./]+\.(?:py|cpp|hpp|md|def|sh))`", page)
    assert_none(name for name in names if not (ROOT / name).exists())


def test_every_package_is_listed_once():
    lines = [line for line in text_of("tools/packages.txt").split("\n") if line and not line.startswith("#")]
    assert len(lines) == len(set(lines)) and all(re.fullmatch(r"[a-z0-9.+-]+", line) for line in lines)
