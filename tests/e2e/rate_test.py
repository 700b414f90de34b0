"""The token bucket of a key: refused beyond the burst, told when to come back, and no other key pays for it."""

from kit import eventually


def test_beyond_the_burst_is_429_with_retry_after(own):
    server = own(env={"BERTH_RATE_BURST": "20", "BERTH_RATE_REQUESTS_PER_SECOND": "5"}, template=False)
    answers = [server.tcp().call("GET", "/v1/sandboxes") for _ in range(60)]
    limited = [answer for answer in answers if answer.status == 429]
    assert 10 < len(limited) < 45, [answer.status for answer in answers]
    assert all(answer.status == 200 for answer in answers[:15])
    assert limited[0].problem["code"] == "rate_limited" and int(limited[0].headers["retry-after"]) >= 1
    assert server.tcp().call("GET", "/healthz").status == 200, "health is not counted"
    eventually(lambda: server.tcp().call("GET", "/v1/sandboxes").status == 200, 10, "a refilled bucket")


def test_wrong_keys_are_counted_too(own):
    server = own(env={"BERTH_RATE_BURST": "20", "BERTH_RATE_REQUESTS_PER_SECOND": "1"}, template=False)
    statuses = [server.tcp(key="wrong").call("GET", "/v1/sandboxes").status for _ in range(60)]
    assert set(statuses) == {401, 429}, statuses


def test_strangers_are_counted_by_address(own):
    server = own(env={"BERTH_RATE_BURST": "20", "BERTH_RATE_REQUESTS_PER_SECOND": "1"}, template=False)
    foreign = {"Origin": "http://evil.example"}
    asks = (lambda: server.tcp(key="").call("GET", "/v1/sandboxes"),
            lambda: server.tcp(key="").call("GET", "/nowhere"),
            lambda: server.tcp(key="").call("GET", "/healthz", headers=foreign))
    statuses = [ask().status for _ in range(20) for ask in asks]
    assert set(statuses) == {401, 403, 404, 429}, statuses
    assert statuses.count(429) > 20
    assert server.api().call("GET", "/v1/sandboxes").status == 200, "the owner of the socket is no stranger"
