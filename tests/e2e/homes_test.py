"""Homes and machines that are not as they should be: each says what is wrong, and nothing is harmed."""

import json
import os
import shutil
import socket
import subprocess

import pytest
from kit import BIN, SLOW, Server, cli, eventually, new_home
from traces import sandbox_traces


def refused(server, word):
    """The server does not start, says why in a sentence, and ends with a code that scripts know."""
    server.launch()
    code = server.process.wait(30 * SLOW)
    assert code in (1, 3, 4), server.said()
    assert word.lower() in server.said().lower(), server.said()
    server.refused = True
    assert "terminate" not in server.said() and "Sanitizer" not in server.said()
    return code


def test_two_homes_side_by_side(own):
    first, second = own(), own()
    made = first.api().sandbox("container", name="same")
    other = second.api().sandbox("container", name="same")
    assert first.port != second.port and made["id"] != other["id"]
    assert second.api().call("GET", f"/v1/sandboxes/{made['id']}").status == 404
    assert second.tcp(first.key).call("GET", "/v1/sandboxes").status == 401
    second.api().remove(other)
    assert first.api().exec(made, "echo", "x")["stdout"] == "x\n"


def test_a_second_server_of_one_home_is_refused(own):
    server = own(template=False)
    second = Server(server.home)
    second.output = server.home.with_suffix(".second")
    refused(second, "runs")
    assert server.api().call("GET", "/readyz").status == 200
    second.output.unlink()


def free_pair():
    """A port with the next one free too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = first.getsockname()[1]
            try:
                with socket.create_server(("127.0.0.1", port + 1)):
                    return port
            except OSError:
                continue


def test_a_taken_port_that_was_set_is_an_error(own):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = own(start=False, args=("--port", str(port)))
        assert refused(server, str(port)) in (1, 3)


def test_the_default_port_that_is_taken_means_the_next_free_one(own):
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind(("127.0.0.1", 7070))
        holder.listen()
    except OSError:
        pass  # somebody has it already: as good
    server = own(start=False)
    server.args = []
    server.start()
    assert 7070 < server.port <= 7090
    holder.close()


def test_another_address_than_loopback_needs_tls_or_a_word(own):
    server = own(start=False, args=("--port", "0", "--address", "0.0.0.0"))
    refused(server, "loopback")
    allowed = own(args=("--port", "0", "--address", "0.0.0.0", "--set", "http.allow_remote=true"), template=False)
    assert allowed.tcp().call("GET", "/v1/info").status == 200


def test_tls(own, tmp_path):
    import http.client
    import ssl
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    server = own(args=("--port", "0", "--set", f"http.tls_certificate={tmp_path}/cert.pem", "--set", f"http.tls_key={tmp_path}/key.pem"),
                 template=False)
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    connection = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=20 * SLOW)
    connection.request("GET", "/v1/info", headers={"Authorization": "Bearer " + server.key})
    assert connection.getresponse().status == 200
    connection.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        server.tcp().call("GET", "/v1/info")


def test_a_home_of_another_user(own):
    server = own(start=False)
    os.chown(server.home, 4321, 4321)
    assert refused(server, "owne") in (1, 4)
    os.chown(server.home, 0, 0)


def test_a_home_that_others_can_read_is_made_private(own):
    server = own(start=False)
    os.chmod(server.home, 0o755)
    server.start()
    assert os.stat(server.home).st_mode & 0o077 == 0


def test_a_home_that_is_a_file_or_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        done = subprocess.run([BIN / "berth", "serve", "--port", "0"], env={**os.environ, "BERTH_HOME": str(home)},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30 * SLOW)
        assert done.returncode in (1, 3, 4) and "directory" in done.stderr.lower(), done.stderr


def test_a_home_with_a_path_that_is_too_long_for_a_socket(own):
    """The limit of the kernel, 107 bytes, is not one of homes."""
    server = own(start=False)
    long = server.home / ("x" * 100)
    long.mkdir(mode=0o700)
    cli(long, "run", "--template", "busybox", "--isolation", "container", "--rm", "--", "true", check=0)
    cli(long, "server", "stop", check=0)
    shutil.rmtree(long)


def test_an_unreadable_template_directory(own):
    """The root filesystem of a template is gone or not ours to read: the sandbox is refused, and nothing stays."""
    server = own()
    api = server.api()
    images = server.home / "images"
    kept = server.home / "images.kept"
    os.rename(images, kept)
    (images).write_text("no directory")
    answer = api.call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": "container"})
    assert answer.status >= 400 and answer.problem["detail"], answer.data
    os.unlink(images)
    os.rename(kept, images)
    for row in api.all("/v1/sandboxes"):
        assert row["state"] == "failed" and sandbox_traces(server.home, row["id"], but=(server.process.pid,)) == []
        api.remove(row)
    made = api.sandbox("container")
    api.remove(made)


@pytest.mark.parametrize("isolation, hidden", [("container", ("runc", "crun")), ("gvisor", ("runsc",))])
def test_no_runtime_on_the_machine(own, isolation, hidden, tmp_path):
    """The runtimes are covered with empty files in a mount namespace of the server's own."""
    cover = tmp_path / "cover"
    cover.write_text("")
    cover.chmod(0o644)
    places = [f"{place}/{name}" for name in hidden for place in ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
              if os.path.exists(f"{place}/{name}")]
    script = "".join(f"mount --bind {cover} {os.path.realpath(place)}; " for place in places) + 'exec "$@"'
    server = own(wrap=["unshare", "-m", "sh", "-c", script, "wrap"])
    api = server.api()
    answer = api.call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": isolation})
    assert answer.status in (501, 503) and answer.problem["code"] in ("unsupported", "unavailable"), answer.data
    assert answer.problem["hint"]
    other = "gvisor" if isolation == "container" else "container"
    made = api.sandbox("auto")
    assert made["isolation"] == other
    api.remove(made)


def nested(levels):
    return "".join("  " * i + f"k{i}:\n" for i in range(levels)) + "  " * levels + "leaf: 1\n"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8))


@pytest.mark.parametrize("text, word", [  # an alias needs an anchor, so a bomb is stopped at its first line
    ("http:\n  port: 1\n#" + "x" * ((1 << 20) + 1 - 17), "1MiB"), (nested(11), "10"), (BOMB, "anchor"),
    ("http: [1, 2\n", "config.yaml"), ("http:\n  port: x\n", "http.port"), ("http:\n  port: 70000\n", "65535"),
    ("nothing: 1\n", "nothing"), ("http:\n  port: 1\n  port: 2\n", "port"), ("&a http: {}\n", "anchor")],
    ids=["1MiB+1", "11-levels", "alias-bomb", "syntax", "type", "range", "unknown", "twice", "anchor"])
def test_a_wrong_configuration_is_named_everywhere_it_is_read(own, text, word):
    server = own(config=text, start=False)
    if word == "1MiB":
        assert (server.home / "config.yaml").stat().st_size == (1 << 20) + 1
    checked = server.cli("config", "check")
    assert checked.returncode == 3 and word.lower() in (checked.stdout + checked.stderr).lower(), checked
    assert refused(server, word) == 3


def test_the_configuration_shows_where_a_value_comes_from(own):
    server = own(config="log:\n  level: debug\nsandbox:\n  processes: 99\n", start=False)
    shown = server.cli("config", "show", "--json", check=0, env={"BERTH_SANDBOX_PROCESSES": "98"}).stdout
    rows = json.loads(shown)
    rows = rows["items"] if isinstance(rows, dict) and "items" in rows else rows
    by_name = {row["name"]: row for row in rows}
    assert "config.yaml:2" in by_name["log.level"]["source"] and by_name["log.level"]["value"] == "debug"
    assert by_name["sandbox.processes"]["source"] == "BERTH_SANDBOX_PROCESSES" and str(by_name["sandbox.processes"]["value"]) == "98"
    assert server.cli("config", "check", check=0)


def test_limits_of_the_configuration_hold_for_sandboxes(own):
    server = own(config="sandbox:\n  processes: 20\n  max: 1\n")
    made = server.api().sandbox("container")
    assert made["limits"]["processes"] == 20
    answer = server.api().call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": "container"})
    assert answer.status == 409 and answer.problem["code"] == "resource_exhausted"


def test_a_database_that_is_none(own):
    server = own(start=False)
    (server.home / "berth.db").write_bytes(b"this is no database, and never was one" * 100)
    refused(server, "database")
    assert (server.home / "berth.db").read_bytes().startswith(b"this is no database")
    os.unlink(server.home / "berth.db")


def test_the_key_file_is_private_and_printed_once(own):
    server = own(template=False)
    assert os.stat(server.home / "token").st_mode & 0o777 == 0o600
    assert os.stat(server.home / "berth.sock").st_mode & 0o777 == 0o600
    first = server.output.read_text().count(server.key)
    assert first <= 1
    server.stop()
    key = server.key
    server.start()
    assert server.key == key and server.output.read_text().count(key) == first


def test_a_lost_database_loses_nothing_else(own):
    server = own()
    made = server.api().sandbox("container", name="kept")
    server.api().exec(made, "sh", "-c", "echo precious > /workspace/file")
    assert server.stop() == 0
    database, aside = server.home / "berth.db", server.home / "aside"
    aside.mkdir()
    for path in server.home.glob("berth.db*"):
        path.rename(aside / path.name)
    refused(server, "does not know")
    for path in server.home.glob("berth.db*"):
        path.unlink()
    for path in aside.iterdir():
        path.rename(server.home / path.name)
    assert database.exists()
    server.refused = False
    server.start()
    assert server.api().exec(made, "cat", "/workspace/file")["stdout"] == "precious\n", "it went on all the time"


def test_what_no_row_names_is_set_aside(own):
    server = own()
    made = server.api().sandbox("container")
    server.api().exec(made, "sh", "-c", "echo precious > /workspace/file")
    assert server.stop() == 0
    subprocess.run(["sqlite3", str(server.home / "berth.db"), f"DELETE FROM sandboxes WHERE id = '{made['id']}'"], check=True)
    server.start()
    aside = server.home / "lost+found" / made["id"]
    assert (aside / "workspace/file").read_text() == "precious\n"
    shutil.rmtree(aside)
    assert sandbox_traces(server.home, made["id"], but=(server.process.pid,)) == []


def test_the_first_key_is_kept_before_it_counts(own):
    server = own(start=False, template=False)
    (server.home / "token").mkdir(parents=True)
    refused(server, "")
    (server.home / "token").rmdir()
    server.refused = False
    server.start()
    assert server.tcp().call("GET", "/v1/sandboxes").status == 200
    assert server.key not in server.output.read_text(), "a log of the output holds no key"
