"""The API is what its document says, both ways: every route is documented and every documented route is there, and real
answers fit their schemas."""

import json

import pytest
from jsonschema import Draft202012Validator, RefResolver
from kit import eventually

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


@pytest.fixture(scope="module")
def document(api):
    return api.get("/openapi.json")


@pytest.fixture(scope="module")
def validate(document):
    def check(answer, method, path):
        operation = document["paths"][path][method]
        declared = operation["responses"].get(str(answer.status)) or operation["responses"].get("default")
        assert declared is not None, f"{method} {path}: {answer.status} is not documented"
        if "$ref" in declared:
            declared = RefResolver.from_schema(document).resolve(declared["$ref"])[1]
        content = declared.get("content", {})
        kind = answer.headers.get("content-type", "").split(";")[0]
        if not answer.data:
            return answer
        assert kind in content, f"{method} {path}: {kind} is not documented for {answer.status}"
        schema = content[kind].get("schema")
        if "json" in kind:
            Draft202012Validator(schema, resolver=RefResolver.from_schema(document)).validate(answer.json)
        return answer
    return check


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1") and document["info"]["version"]
    seen = set()
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                assert operation["operationId"] not in seen and operation["summary"]
                seen.add(operation["operationId"])
                named = {p["name"] for p in operation.get("parameters", []) + item.get("parameters", []) if p["in"] == "path"}
                assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def concrete(path):
    return path.replace("{sandbox}", "sbx_00000000000000000000000000").replace(
        "{terminal}", "trm_00000000000000000000000000").replace("{name}", "no-such-template").replace("/v1/events", "/v1/events?follow=false")


def test_every_documented_route_is_there_and_no_other_method(api, document):
    """A route that exists answers anything but 405 and "no such route"; a method that is not documented answers 405."""
    for path, item in document["paths"].items():
        for method in ("get", "put", "post", "delete", "patch"):
            answer = api.call(method.upper(), concrete(path), {} if method in ("post", "put") else None)
            if method in item:
                assert answer.status != 405, f"{method} {path} is documented and not there"
            else:
                assert answer.status == 405, f"{method} {path} is there and not documented: {answer.status}"


def test_every_route_of_the_page_is_documented(document):
    """docs/api.md, for people, names the same routes."""
    import re
    from pathlib import Path
    text = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()
    named = set()
    for row in re.findall(r"^\| ((?:GET|POST|PUT|PATCH|DELETE)[^|]*)\|", text, re.M):
        methods = re.findall(r"\b(GET|POST|PUT|PATCH|DELETE)\b", row)
        first = None
        for path in re.findall(r"`(/[^`?]*)", row):
            path = path if first is None or path.startswith(("/v1", "/ready", "/metrics", "/openapi", "/health")) else \
                first.rsplit("/", 1)[0] + path
            first = first or path
            named |= {(method.lower(), path) for method in methods}
    there = {(method, path) for path, item in document["paths"].items() for method in METHODS if method in item}
    assert named == there


def test_real_answers_fit(api, document, validate, isolation):
    def call(method, path, where="", body=None, data=None, status=200, **names):
        real = path
        for name, value in names.items():
            real = real.replace("{" + name + "}", value)
        return validate(api.call(method.upper(), real + where, body, data=data, expect=status), method, path)

    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/info", "/v1/sandboxes", "/v1/templates", "/v1/commands"):
        call("get", path)
    call("post", "/v1/templates/{name}/build", body={}, name="busybox")
    made = call("post", "/v1/sandboxes", body={"template": "busybox", "isolation": isolation,
                                              "limits": {"memory_bytes": 256 << 20}}, status=201).json
    box = {"sandbox": made["id"]}
    one = "/v1/sandboxes/{sandbox}"
    assert call("get", one, **box).json["limits"]["memory_bytes"] == 256 << 20
    call("get", one + "/stats", **box)
    call("post", one + "/exec", body={"argv": ["sh", "-c", "echo a; exit 2"]}, **box)
    trm = call("post", one + "/terminals", body={"argv": ["cat"], "cols": 100, "rows": 30}, status=201, **box).json
    term = {"terminal": trm["id"]}
    call("get", one + "/terminals", **box)
    call("get", "/v1/terminals/{terminal}", **term)
    call("post", "/v1/terminals/{terminal}/input", body={"text": "x\n"}, status=204, **term)
    call("post", "/v1/terminals/{terminal}/keys", body={"keys": ["a"], "enter": True}, status=204, **term)
    call("post", "/v1/terminals/{terminal}/wait", body={"until": {"pattern": "x"}, "from": 0}, **term)
    call("get", "/v1/terminals/{terminal}/grep", "?pattern=x&context_after=1", **term)
    call("get", one + "/grep", "?pattern=x", **box)
    call("get", "/v1/terminals/{terminal}/commands/{number}", number="last", **term)
    call("get", "/v1/terminals/{terminal}/commands/{number}/output", number="1", **term)
    call("post", "/v1/terminals/{terminal}/rename", body={"name": "cats"}, **term)
    call("post", "/v1/terminals/{terminal}/resize", body={"cols": 90, "rows": 20}, status=204, **term)
    call("get", "/v1/terminals/{terminal}/output", "?from=0", **term)
    call("post", "/v1/terminals/{terminal}/signal", body={"signal": "CONT"}, status=204, **term)
    call("post", "/v1/terminals/{terminal}/close", body={}, **term)
    eventually(lambda: not api.get(f"/v1/terminals/{trm['id']}")["running"])
    call("get", "/v1/terminals/{terminal}", **term)
    files = one + "/files"
    call("put", files, "?path=/workspace/f&mode=0600", data=b"bytes", status=204, **box)
    assert call("get", files, "?path=/workspace/f", **box).data == b"bytes"
    assert call("get", files, "?path=/workspace/f&offset=1&limit=2", **box).data == b"yt"
    assert call("get", files + "/stat", "?path=/workspace/f", **box).json["mode"] & 0o777 == 0o600
    call("post", files + "/mkdir", body={"path": "/workspace/d/e", "parents": True}, status=204, **box)
    call("post", files + "/move", body={"from": "/workspace/f", "to": "/workspace/d/g"}, status=204, **box)
    assert {e["name"] for e in call("get", files + "/list", "?path=/workspace/d", **box).json["items"]} == {"e", "g"}
    call("delete", files, "?path=/workspace/d&recursive=true", status=204, **box)
    call("post", one + "/pause", body={}, **box)
    call("post", one + "/resume", body={}, **box)
    call("get", "/v1/sandboxes", "?state=running&limit=1")
    call("get", "/v1/commands", f"?sandbox={made['id']}")
    lines = call("get", "/v1/events", "?after=0&follow=false").data.decode().splitlines()
    happened = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    event = Draft202012Validator({"$ref": "#/components/schemas/Event"}, resolver=RefResolver.from_schema(document))
    assert len({told["type"] for told in happened}) >= 6
    for told in happened:
        event.validate(told)
    call("get", "/v1/terminals/{terminal}/events", "?after=0&follow=false", **term)
    call("post", one + "/stop", body={"grace_ms": 100}, **box)
    call("delete", one, status=204, **box)
    validate(api.call("GET", f"/v1/sandboxes/{made['id']}", expect=404), "get", one)
    validate(api.call("POST", "/v1/sandboxes", {"unknown": 1}, expect=400), "post", "/v1/sandboxes")


def test_files_stay_inside(api, sandbox):
    """No name leads out: .. and links are resolved inside the sandbox."""
    api.exec(sandbox, "sh", "-c", "ln -s /etc/hostname link; ln -s ../../../../../../etc up; ln -s loop loop")
    from api import quoted
    host = open("/etc/hostname").read()
    for path in ("/workspace/../../../../../../etc/hostname", "/workspace/up/hostname", "/workspace/link"):
        answer = api.call("GET", f"/v1/sandboxes/{sandbox['id']}/files?path={quoted(path)}")
        assert answer.status in (200, 400, 403, 404) and answer.data != host.encode(), (path, answer.data)
    assert api.call("GET", f"/v1/sandboxes/{sandbox['id']}/files?path=/workspace/loop").status in (400, 404, 409)
