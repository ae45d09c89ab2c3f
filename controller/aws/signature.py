"""Signs a POST request with AWS Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime


def signed(
    headers: Mapping[str, str],
    body: bytes,
    *,
    path: str,
    service: str,
    region: str,
    at: datetime,
    key_id: str,
    key: str,
    token: str,
) -> dict[str, str]:
    """The headers of a POST request, with the signature. ``key_id``, ``key`` and ``token`` are the credentials; ``token`` may be
    empty. ``headers`` have names in lower case, and contain ``host``.
    """
    stamp = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    told = {**headers, "x-amz-date": stamp, **({"x-amz-security-token": token} if token else {})}
    names = ";".join(sorted(told))
    lines = "".join(f"{name}:{told[name]}\n" for name in sorted(told))
    canonical = f"POST\n{path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing = f"AWS4{key}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, to_sign.encode(), "sha256").hex()
    return {
        **told,
        "authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
    }
