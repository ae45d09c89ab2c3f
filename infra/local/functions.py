"""A local Lambda API: an asynchronous Invoke calls the handler of the bus's rule, with Lambda's retries.

A function is named as the bus names its rule (job_changed), or by an ARN or logical id that ends with such a name.
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import unquote

from infra.local.bus import Bus
from infra.local.http_server import HttpServer, Request, Response, json_response
from infra.stack import logical_id

INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


def serve(bus: Bus, port: int = 0) -> HttpServer:
    """Serve Invoke; any other call and an unknown function answer 404."""
    lock = threading.Lock()

    def respond(request: Request) -> Response:
        found = INVOKE.fullmatch(request.path.partition("?")[0])
        name = unquote(found[1]).rpartition(":")[2] if found else ""
        rule = next((rule for rule in bus.rules if name in (rule, logical_id(rule))), None)
        if request.method != "POST" or rule is None:
            headers = {"x-amzn-ErrorType": "ResourceNotFoundException"}
            return json_response({"Type": "User", "Message": f"Function not found: {name}"}, 404, **headers)
        with lock:
            bus.invoke(rule, json.loads(request.body))
        return Response(status=202)

    return HttpServer(respond, port=port)
