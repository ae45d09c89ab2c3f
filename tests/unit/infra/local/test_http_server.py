"""The HTTP server of this machine passes requests to a function, and keeps connections open."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from infra.local.http_server import HttpServer, Request, Response, json_response


def echo(request: Request) -> Response | None:
    if request.path == "/hang-up":
        return None
    return json_response([request.method, request.path, request.header("x-name"), request.body.decode()], **{"X-More": "1"})


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    with HttpServer(echo, body_bytes_max=10) as server:
        yield http.client.HTTPConnection("127.0.0.1", server.port)


def test_a_request_arrives_whole_and_its_response_has_a_length_and_headers(connection: http.client.HTTPConnection) -> None:
    connection.request("PATCH", "/a?b=c", "body", {"X-Name": "bert"})
    answer = connection.getresponse()
    assert answer.read() == b'["PATCH", "/a?b=c", "bert", "body"]'
    assert (answer.status, answer.headers["Content-Type"], answer.headers["X-More"]) == (200, "application/json", "1")


def test_a_connection_serves_one_request_after_the_other(connection: http.client.HTTPConnection) -> None:
    for path in ("/1", "/2"):
        connection.request("GET", path)
        assert path in connection.getresponse().read().decode()
    assert connection.sock is not None


def test_a_body_that_is_too_long_is_refused_unread(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/", "x" * 11)
    assert connection.getresponse().status == 413


def test_no_response_closes_the_connection(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/hang-up")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()


def test_a_closed_server_frees_its_port() -> None:
    server = HttpServer(echo)
    server.close()
    HttpServer(echo, port=server.port).close()


def test_half_a_request_is_none() -> None:
    came: list[Request] = []
    half = b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf"
    with (
        HttpServer(lambda request: came.append(request) or Response()) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(half)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b""  # the connection is closed without an answer
    assert came == []
