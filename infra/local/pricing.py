"""Answers AWS's Price List API on this machine: GetProducts of AmazonSageMaker, from given figures, in AWS's own shape."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 2
PREFIX = {"us-east-1": "USE1", "eu-west-1": "EU", "ap-south-1": "APS3", "ap-northeast-1": "APN1"}


@dataclass(slots=True)
class PriceServer:
    """``rates`` are (region, instance type, dollars, effective date), ``extra`` rows as they are, ``trouble`` an AWS error."""

    rates: list[tuple[str, str, str, date]] = field(default_factory=list)
    extra: list[Any] = field(default_factory=list)
    trouble: str = ""
    calls: int = 0
    url: str = ""
    _server: ThreadingHTTPServer | None = None

    def serve(self) -> PriceServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"prices": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def products(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One page of what was asked for."""
        wanted = {f["Field"]: f["Value"] for f in asked.get("Filters", ()) if f["Type"] == "TERM_MATCH"}
        region = wanted.get("regionCode", "")
        rows = [text for where, kind, usd, day in self.rates if where == region for text in _products(where, kind, usd, day)]
        rows += [row if isinstance(row, str) else json.dumps(row) for row in self.extra]
        start = int(asked.get("NextToken") or 0)
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(rows) else {}
        return {"FormatVersion": "aws_v1", "PriceList": rows[start : start + PAGE], **more}


def _products(region: str, kind: str, usd: str, day: date) -> Sequence[str]:
    """Training, and the hosting and notebook rows that stand beside it in AWS's list."""
    usages = (("Train", usd), ("Host", "9.99"), ("Notebk", "8.88"))
    return [json.dumps(_row(region, f"{PREFIX[region]}-{what}:{kind}", price, day)) for what, price in usages]


def _row(region: str, usage: str, usd: str, day: date) -> dict[str, Any]:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{usd}0000"}, "description": usage}
    term = {"effectiveDate": f"{day}T00:00:00Z", "priceDimensions": {"A.B.C": dimension}}
    attributes = {"usagetype": usage, "regionCode": region, "component": usage.split("-")[1].split(":")[0]}
    return {
        "product": {"productFamily": "ML Instance", "attributes": attributes, "sku": "A"},
        "serviceCode": "AmazonSageMaker", "terms": {"OnDemand": {"A.B": term}}, "version": "1",
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    prices: PriceServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self.prices.calls += 1
        trouble = self.prices.trouble
        answer = {"__type": trouble, "message": "no"} if trouble else self.prices.products(asked)
        body = json.dumps(answer).encode()
        self.send_response(400 if trouble else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
