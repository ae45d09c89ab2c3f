"""Serves moto over HTTP with connections that stay open, and calls moto's DynamoDB handler directly.

moto's own server closes the connection after each response, starts a thread for each request, and finds the AWS service with
Flask. If boto3 is in the same process, this is most of the time of a call.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app

from infra.local.http_server import HttpServer, Request, Response

_moto = DomainDispatcherApplication(create_backend_app)


def serve(port: int = 0) -> HttpServer:
    """Serve all of moto on one port; 0: any free port."""
    return HttpServer(_respond, port=port)


def _respond(request: Request) -> Response:
    environ = _environ(request)
    is_dynamodb = environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_")
    return _dynamodb(environ) if is_dynamodb else _any_service(environ)


def _environ(request: Request) -> dict[str, Any]:
    """Build the WSGI environment of a request."""
    path, _, query = request.path.partition("?")
    names = [name for name in request.headers if should_preserve_original_header_name(name)]
    return {
        **{environ_key_for_header(name): value for name, value in request.headers.items()},
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": request.path,
        "REQUEST_URI": request.path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": request.header("Host").rpartition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        PRESERVED_HEADER_NAMES_ENVIRON_KEY: {environ_key_for_header(name): name for name in names},
    }


def _any_service(environ: dict[str, Any]) -> Response:
    started: list[Any] = []
    chunks = _moto(environ, lambda status, headers, _=None: started.extend((status, headers)))
    body = b"".join(chunks)
    status, headers = started
    return Response(status=int(status.split()[0]), headers=dict(headers), body=body)


def _dynamodb(environ: dict[str, Any]) -> Response:
    request = BackendRequest(environ)
    status, headers, body = DynamoHandler.dispatch(request, request.raw_url, dict(request.headers))
    kept = {name: str(value) for name, value in headers.items() if name != "status"}
    return Response(status=int(status), headers=kept, body=body.encode())
