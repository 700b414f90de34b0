"""The command line against a real server: every verb, --json, exit codes, and a person at a terminal."""

import json
import signal
import subprocess

import pytest
from kit import cli, eventually, listed
from person import Person


@pytest.fixture
def berth(server):
    return server.cli


@pytest.fixture
def dev(api):
    made = api.sandbox("container", name="dev")
    yield made
    if api.call("GET", f"/v1/sandboxes/{made['id']}").status == 200:
        api.remove(made)


def test_a_sandbox_from_run_to_rm(berth, api):
    berth("run", "--template", "busybox", "--isolation", "container", "--name", "life", "-d", "--",
          "sh", "-c", "echo begun; exec cat", check=0)
    names = {item["name"]: item["state"] for item in listed(berth("ls", "--json", check=0))}
    assert names.get("life") == "running"
    assert "life" in berth("ls", check=0).stdout
    eventually(lambda: "begun" in berth("logs", "life", check=0).stdout)
    done = berth("exec", "life", "-T", "--", "sh", "-c", "echo out; echo err >&2; exit 9", check=9)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    answer = json.loads(berth("exec", "life", "--json", "--", "sh", "-c", "echo out; exit 9").stdout)
    assert (answer["stdout"], answer["exit_code"]) == ("out\n", 9)
    assert berth("exec", "life", "-T", "--", "sh", "-c", "cat", input="through\n", check=0).stdout == "through\n"
    stats = listed(berth("stats", "life", "--json", check=0))
    assert stats[0]["processes"] >= 2 and stats[0]["memory_bytes"] > 0
    codes = [row["exit_code"] for row in listed(berth("history", "life", "--json", check=0))]  # newest first
    assert codes[:3] == [0, 9, 9]
    assert "begun" in berth("replay", "life", check=0).stdout or "out" in berth("replay", "life", check=0).stdout
    berth("pause", "life", check=0)
    berth("resume", "life", check=0)
    berth("stop", "life", check=0)
    assert "life" not in {item["name"] for item in listed(berth("ls", "--json", check=0))}
    berth("rm", "life", check=0)
    berth("rm", "life", check=3)


@pytest.mark.parametrize("words, code", [
    (["run", "--template", "nothing", "--", "true"], 3), (["ls", "--nothing"], 3), (["no-such-verb"], 3), ([], 3),
    (["exec", "nobody", "--", "true"], 3), (["attach", "nobody"], 3), (["stop", "nobody"], 3), (["logs", "nobody"], 3),
    (["run", "--isolation", "paper", "--", "true"], 3), (["run", "--memory", "much", "--", "true"], 3),
    (["run", "--memory", "1KiB", "--", "true"], 3), (["template", "build", "nothing"], 3), (["completion", "cmd"], 3),
    (["config", "show", "extra"], 3)])
def test_what_is_invalid_or_missing_is_3(berth, words, code):
    done = berth(*words, check=code)
    assert done.stdout == "" and done.stderr.strip(), "a word about it"
    assert "terminate" not in done.stderr and "exception" not in done.stderr.lower()


def test_a_name_in_use(berth, dev):
    done = berth("run", "--template", "busybox", "--name", "dev", "--", "true")
    assert done.returncode == 1 and "dev" in done.stderr


def test_errors_as_json(berth):
    done = berth("exec", "nobody", "--json", "--", "true", check=3)
    problem = json.loads(done.stderr or done.stdout)
    assert "not_found" in json.dumps(problem)


def test_a_wrong_key_is_4_and_no_server_is_1(server, berth):
    url = f"http://127.0.0.1:{server.port}"
    assert cli(server.home, "ls", env={"BERTH_URL": url, "BERTH_KEY": server.key}).returncode == 0
    assert cli(server.home, "ls", env={"BERTH_URL": url, "BERTH_KEY": "wrong"}).returncode == 4
    assert cli(server.home, "ls", env={"BERTH_URL": "http://127.0.0.1:1", "BERTH_KEY": "x"}).returncode == 1
    assert cli(server.home, "ls", env={"BERTH_URL": "gopher://x"}).returncode == 3


def test_templates(berth):
    names = {item["name"]: item["state"] for item in listed(berth("template", "ls", "--json", check=0))}
    assert names["busybox"] == "ready" and "debian" in names
    assert "busybox" in berth("template", "ls", check=0).stdout


def test_server_status(berth, server):
    status = json.loads(berth("server", "status", "--json", check=0).stdout)
    assert str(server.port) in json.dumps(status)


def test_doctor_says_what_this_machine_can_do(berth):
    checks = json.loads(berth("doctor", "--json").stdout)
    text = json.dumps(checks)
    for word in ("kernel", "runc", "runsc", "cgroup", "disk", "template"):
        assert word in text.lower(), word
    people = berth("doctor")
    assert people.returncode in (0, 1) and "runc" in people.stdout


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", None), ("fish", None)])
def test_completion(berth, shell, check, tmp_path):
    script = berth("completion", shell, check=0).stdout
    assert "attach" in script and "--isolation" in script.replace("-l isolation", "--isolation")
    if check:
        path = tmp_path / "script"
        path.write_text(script)
        subprocess.run([*check, path], check=True)


def test_bash_completes_verbs(berth, tmp_path):
    path = tmp_path / "script"
    path.write_text(berth("completion", "bash", check=0).stdout)
    ask = f'. {path}; COMP_WORDS=(berth at); COMP_CWORD=1; COMP_LINE="berth at"; COMP_POINT=8; ' \
          'f=$(complete -p berth | sed "s/.*-F \\([^ ]*\\).*/\\1/"); $f berth at berth; printf "%s\\n" "${COMPREPLY[@]}"'
    assert "attach" in subprocess.run(["bash", "-c", ask], stdout=subprocess.PIPE, text=True, check=True).stdout


def test_every_verb_helps(berth):
    help_text = berth("--help", check=0).stdout
    for verb in ("serve", "server", "run", "ls", "attach", "exec", "history", "replay", "logs", "stop", "rm", "stats", "doctor",
                 "completion", "template", "config"):
        assert verb in help_text
        assert berth(verb, "--help", check=0).stdout


# ---- a person ----

RUN = ("run", "--template", "busybox", "--isolation", "container")


def test_run_in_a_terminal_is_the_sandboxes_terminal(server, api):
    with Person(server.home, *RUN, "--name", "seat", "--", "sh", cols=101, rows=33) as person:
        person.sees(b"$")
        person.types("stty size; tty; echo $((6*7))\n")
        person.sees(b"33 101")
        person.sees(b"42")
        person.resize(77, 22)
        person.process.send_signal(signal.SIGWINCH)
        eventually(lambda: api.get("/v1/sandboxes/seat/terminals")["items"][0]["cols"] == 77)
        person.types("stty size\n")
        person.sees(b"22 77")
        person.types("sh -c 'echo asleep; exec sleep 100'\n")
        person.sees(b"asleep\r\n")  # the program itself says so: the keys are its own now
        person.types("\x03")  # goes to the program inside
        person.sees(b"$ ")  # keys that were typed before the shell reads again would be flushed
        person.types("echo ne''xt\n")
        person.sees(b"next\r\n")
        person.sees(b"$ ")
        person.types("exit 11\n")
        assert person.ends() == 11 and person.is_restored()
    api.remove(api.get("/v1/sandboxes/seat"))


def test_detach_and_attach(server, api):
    with Person(server.home, *RUN, "--name", "berthed", "--", "sh") as person:
        person.sees(b"$")
        person.types("echo here-$((1+1))\n")
        person.sees(b"here-2")
        person.leaves()
        assert person.ends() == 0 and person.is_restored()
    assert api.get("/v1/sandboxes/berthed/terminals")["items"][0]["running"]
    with Person(server.home, "attach", "berthed") as person:
        person.types("echo back-$((1+2))\n")
        person.sees(b"back-3")
        with Person(server.home, "attach", "berthed") as second:  # two see the same
            person.types("echo both-$((2+2))\n")
            person.sees(b"both-4")
            second.sees(b"both-4")
            second.leaves()
            assert second.ends() == 0
        person.types("exit 5\n")
        assert person.ends() == 5
    api.remove(api.get("/v1/sandboxes/berthed"))


def test_one_of_the_detach_keys_alone_goes_to_the_program(server, api):
    with Person(server.home, *RUN, "--name", "keys", "--", "sh", "-c", "stty raw -echo; echo ready; head -c 3 | od -c") as person:
        person.sees(b"ready")
        person.types("\x10ab")
        person.sees(b"020")
        person.sees(b"a")
        assert person.ends() == 0
    api.remove(api.get("/v1/sandboxes/keys"))


def test_closing_the_window_leaves_the_terminal(server, api):
    with Person(server.home, *RUN, "--name", "window", "--", "sh") as person:
        person.sees(b"$")
        person.closes_the_window()
    row = api.get("/v1/sandboxes/window/terminals")["items"][0]
    assert row["running"] and api.get("/v1/sandboxes/window")["state"] == "running"
    with Person(server.home, "attach", "window") as person:
        person.types("echo still-$((2+3))\n")
        person.sees(b"still-5")
        person.leaves()
        assert person.ends() == 0
    api.remove(api.get("/v1/sandboxes/window"))


def test_a_person_stays_through_a_killed_server(own):
    server = own()
    with Person(server.home, *RUN, "--name", "storm", "--", "sh") as person:
        person.sees(b"$")
        server.kill()
        server.start()
        person.types("echo after-$((3+3))\n")
        person.sees(b"after-6", 40)
        person.types("exit 2\n")
        assert person.ends() == 2


def test_exec_with_a_terminal(server, dev):
    with Person(server.home, "exec", "dev", "-t", "--", "sh", "-c", "test -t 0 && echo is-a-tty; exit 4") as person:
        person.sees(b"is-a-tty")
        assert person.ends() == 4
