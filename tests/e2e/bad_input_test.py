"""Wrong requests: each gets its code, one sentence and a request id, and changes nothing."""

import http.client
import json
import threading

import pytest
from kit import SLOW


def refused(answer, status, code):
    problem = answer.problem
    assert (answer.status, problem["code"]) == (status, code), problem
    return problem


def create(api, **body):
    return api.call("POST", "/v1/sandboxes", {"template": "busybox", "isolation": "container", **body})


def test_unknown_template(api):
    problem = refused(create(api, template="nothing-like-it"), 404, "not_found")
    assert problem["hint"], "it should say how to see the templates"


@pytest.mark.parametrize("name", ["", "-x", "a b", "x/y", "..", "a" * 100, "UPPER\n", "sbx_x", "ä"])
def test_bad_name(api, name):
    answer = create(api, name=name)
    if name == "" and answer.status == 201:  # empty is absent: a readable one was picked
        api.remove(answer.json)
        return
    refused(answer, 400, "invalid_argument")


def test_a_name_in_use_twice_at_once_gives_one_sandbox_and_one_conflict(api):
    for round_ in range(3):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(create(api, name=f"twin{round_}"))) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(answer.status for answer in answers) == [201, 409], [answer.data for answer in answers]
        refused(next(answer for answer in answers if answer.status == 409), 409, "already_exists")
        assert sum(item["name"] == f"twin{round_}" for item in api.all("/v1/sandboxes")) == 1
        api.remove(next(answer for answer in answers if answer.status == 201).json)


@pytest.mark.parametrize("path", [
    "/v1/sandboxes/sbx_00000000000000000000000000", "/v1/sandboxes/nobody", "/v1/terminals/trm_00000000000000000000000000",
    "/v1/terminals/x", "/v1/sandboxes/sbx_00000000000000000000000000/stats", "/v1/none", "/", "/v1/sandboxes/%2e%2e"])
def test_unknown_ids_and_paths(api, path):
    refused(api.call("GET", path), 404, "not_found")


def test_unknown_method(api):
    answer = api.call("PATCH", "/v1/sandboxes")
    assert answer.status == 405 and "GET" in answer.headers["allow"] and "POST" in answer.headers["allow"]


def test_a_missing_and_a_wrong_key(server):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "},
                    {"Authorization": "Bearer " + server.key[:-1] + ("a" if server.key[-1] != "a" else "b")}):
        answer = server.tcp(key="").call("GET", "/v1/sandboxes", headers=headers)
        refused(answer, 401, "unauthenticated")
        assert "bearer" in answer.headers["www-authenticate"].lower()
    assert server.tcp().call("GET", "/v1/sandboxes").status == 200
    for open_to_all in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert server.tcp(key="").call("GET", open_to_all).status == 200


def test_the_key_is_stored_hashed(server):
    secret = server.key.encode()
    for path in server.home.glob("berth.db*"):
        assert secret not in path.read_bytes()
    assert secret.decode() not in server.output.read_text() or server.output.read_text().count(secret.decode()) == 1


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b"{\"template\": }", b"{}{}", b"\xff\xfe", b'{"template":"busybox",}', b"{'a':1}",
    b'{"template":"busybox","template":"debian"}', b"[" * 100_000])
def test_malformed_json(api, body):
    answer = api.call("POST", "/v1/sandboxes", data=body, headers={"Content-Type": "application/json"})
    refused(answer, 400, "invalid_argument")


@pytest.mark.parametrize("body", [
    {"template": 7}, {"template": ["busybox"]}, {"name": {}}, {"limits": 5}, {"limits": {"memory_bytes": "1G"}},
    {"limits": {"memory_bytes": 1.5}}, {"env": {"A": 1}}, {"env": ["A=1"]}, {"remove_on_exit": "yes"}, {"unknown": 1},
    {"limits": {"unknown": 1}}, {"isolation": "none"}, {"isolation": 1}])
def test_wrong_types_and_words(api, body):
    refused(create(api, **body), 400, "invalid_argument")


@pytest.mark.parametrize("limits", [
    {"memory_bytes": 1}, {"memory_bytes": 2**63}, {"memory_bytes": -1}, {"processes": 1}, {"processes": 10**9},
    {"open_files": 1}, {"cpu_millis": 10**9}, {"memory_bytes": 2**64}])
def test_limits_out_of_range(api, limits):
    problem = refused(create(api, limits=limits), 400, "invalid_argument")
    assert next(iter(limits)) in problem["detail"] + problem["hint"], problem


@pytest.mark.parametrize("body", [
    {"argv": []}, {"argv": [""]}, {"argv": "ls"}, {"argv": [1]}, {"argv": ["a\0b"]}, {"argv": ["true"], "timeout_ms": 0},
    {"argv": ["true"], "timeout_ms": -5}, {"argv": ["true"], "cwd": "relative"}, {"argv": ["true"], "env": {"A=B": "x"}}, {}])
def test_wrong_exec(api, sandbox, body):
    refused(api.call("POST", f"/v1/sandboxes/{sandbox['id']}/exec", body), 400, "invalid_argument")


@pytest.mark.parametrize("body", [
    {"cols": 0}, {"rows": 0}, {"cols": 10_000}, {"rows": 10_000}, {"cols": 100_000}, {"rows": -1}, {"kind": "tty"}, {"cols": "80"}])
def test_wrong_terminal(api, sandbox, body):
    refused(api.call("POST", f"/v1/sandboxes/{sandbox['id']}/terminals", {"argv": ["true"], **body}), 400, "invalid_argument")


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=100000", "after=%00", "state=asleep", "nothing=1",
                                   "limit=1&limit=2"])
def test_wrong_queries(api, query):
    refused(api.call("GET", "/v1/sandboxes?" + query), 400, "invalid_argument")


def test_a_body_over_the_limit(api):
    body = json.dumps({"template": "busybox", "env": {"A": "x" * (1 << 20)}}).encode()
    refused(api.call("POST", "/v1/sandboxes", data=body, headers={"Content-Type": "application/json"}), 413, "too_large")


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20 * SLOW)
    connection.putrequest("POST", "/v1/sandboxes")
    connection.putheader("Authorization", "Bearer " + server.key)
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_header_over_the_limit(server):
    answer = server.tcp().call("GET", "/v1/sandboxes", headers={"X-Long": "x" * 70_000})
    assert answer.status in (400, 413, 431)


@pytest.mark.parametrize("raw", [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n",
                                 b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
                                 b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_bytes_that_are_no_request(server, raw):
    import socket
    with socket.create_connection(("127.0.0.1", server.port), timeout=20 * SLOW) as connection:
        connection.sendall(raw)
        first = connection.recv(4096)
    assert first == b"" or first.startswith(b"HTTP/1.1 4"), first
    assert server.api().call("GET", "/healthz").status == 200


@pytest.mark.parametrize("path", ["relative", "", "/workspace/\0x", "/" + "x" * 5000], ids=["relative", "empty", "nul", "long"])
def test_wrong_file_paths(api, sandbox, path):
    from api import quoted
    answer = api.call("GET", f"/v1/sandboxes/{sandbox['id']}/files?path={quoted(path)}")
    assert answer.status in (400, 404, 413) and answer.problem


def test_a_foreign_origin_and_a_foreign_host(server):
    own = f"http://127.0.0.1:{server.port}"
    for origin, status in ((own, 200), ("http://evil.example", 403), (own + "0", 403), ("null", 403), (own.upper(), 403),
                           (f"https://127.0.0.1:{server.port}", 403)):
        answer = server.tcp().call("GET", "/v1/sandboxes", headers={"Origin": origin})
        assert answer.status == status, (origin, answer.data)
    answer = server.tcp().call("GET", "/v1/sandboxes", headers={"Host": "rebound.example"})
    assert answer.status in (400, 403, 421), answer.data
