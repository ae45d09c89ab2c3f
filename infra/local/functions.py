"""A local Lambda API: an asynchronous Invoke calls the handler of a rule on the local bus, with Lambda's retries.

Each function has the queue DeadLetters as its on-failure destination, as in the stack.

A function is named by its rule on the bus (job_changed), its logical id (JobChanged), or an ARN that ends with one of these.
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import unquote

from infra.local import aws
from infra.local.bus import Bus
from infra.local.http_server import HttpServer, Request, Response, json_response
from infra.logical_ids import logical_id

CALL = re.compile(r"/(?:2015-03-31|2019-09-25)/functions/([^/]+)/(invocations|event-invoke-config)")
DEAD_LETTERS = f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:DeadLetters"


def serve(bus: Bus, port: int = 0) -> HttpServer:
    """Serve Invoke and GetFunctionEventInvokeConfig. The response to other calls, and for unknown functions, is 404."""
    lock = threading.Lock()

    def respond(request: Request) -> Response:
        found = CALL.fullmatch(request.path.partition("?")[0])
        name = unquote(found[1]).rpartition(":")[2] if found else ""
        rule = next((rule for rule in bus.rules if name in (rule, logical_id(rule))), None)
        if found is None or rule is None or request.method != ("POST" if found[2] == "invocations" else "GET"):
            headers = {"x-amzn-ErrorType": "ResourceNotFoundException"}
            return json_response({"Type": "User", "Message": f"Function not found: {name}"}, 404, **headers)
        if request.method == "GET":
            return json_response({"DestinationConfig": {"OnFailure": {"Destination": DEAD_LETTERS}}})
        with lock:
            bus.invoke(rule, json.loads(request.body))
        return Response(status=202)

    return HttpServer(respond, port=port)
