"""The proxy passes requests on unchanged, and fails as it was told."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from ingest.testing.proxy import FaultProxy

BODY = b"0123456789" * 500


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    done: ClassVar = []

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.done.append((self.path, self.headers["Host"], body))
        self._answer(BODY)

    def do_GET(self):
        self._answer(BODY)

    def do_HEAD(self):
        self._answer(b"")

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    Server.done.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with FaultProxy(f"http://127.0.0.1:{server.server_port}") as proxy:
            yield proxy
        server.shutdown()
        thread.join()


def ask(proxy, method="GET", path="/x", body=None, timeout=5):
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.headers)
    finally:
        connection.close()


def test_requests_are_passed_on_unchanged_and_counted(proxy):
    assert ask(proxy, "PUT", "/a?b=c", b"rows")[:2] == (200, BODY)
    assert Server.done == [("/a?b=c", proxy.url.removeprefix("http://"), b"rows")]
    assert ask(proxy, "HEAD")[:2] == (200, b"")
    assert proxy.requests == ["PUT /a?b=c HTTP/1.1", "HEAD /x HTTP/1.1"]


def test_a_fault_strikes_the_next_requests_that_match(proxy):
    proxy.arm("slowdown", times=2, match="^PUT", retry_after_s=7)
    assert ask(proxy)[0] == 200
    for _ in range(2):
        status, body, headers = ask(proxy, "PUT", body=b"rows")
        assert (status, headers["Retry-After"]) == (503, "7")
        assert b"SlowDown" in body
    assert ask(proxy, "PUT", body=b"rows")[0] == 200
    assert len(Server.done) == 1
    assert proxy.faults == {"slowdown": 2}


def test_a_lost_answer_is_of_a_request_that_was_done_and_a_reset_one_was_not(proxy):
    proxy.arm("lost")
    proxy.arm("reset")
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            ask(proxy, "PUT", body=b"rows")
    assert len(Server.done) == 1


def test_a_truncated_answer_a_late_one_and_none(proxy):
    proxy.arm("truncate")
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        ask(proxy)
    proxy.arm("delay", delay_s=0.05)
    assert ask(proxy)[1] == BODY
    proxy.arm("hang")
    with pytest.raises(TimeoutError):
        ask(proxy, timeout=0.1)


def test_a_share_of_the_requests_fails_until_calm(proxy):
    proxy.arm("slowdown", times=None, share=0.3)
    statuses = [ask(proxy)[0] for _ in range(50)]
    assert 5 < statuses.count(503) < 25
    proxy.calm()
    assert ask(proxy)[0] == 200
