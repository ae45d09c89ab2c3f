"""ListObjectsV2 as S3 answers it, for fakes of S3 that know their objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def listed(objects: Iterable[tuple[str, int, datetime]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the objects (key, size, LastModified) below a prefix: order, delimiters and tokens as S3 has them."""
    prefix, delimiter, after = asked["Prefix"], asked.get("Delimiter", ""), asked.get("ContinuationToken", "")
    rows: dict[str, Any] = {}
    for key, size, at in sorted(objects):
        if key.startswith(prefix):
            head, slash, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            rows[f"{prefix}{head}{slash}" if slash else key] = None if slash else {"Key": key, "Size": size, "LastModified": at}
    names = [name for name in rows if name > after]
    page = names[: asked["MaxKeys"]]
    answer: dict[str, Any] = {"IsTruncated": len(names) > len(page)}
    answer["Contents"] = [rows[name] for name in page if rows[name]]
    answer["CommonPrefixes"] = [{"Prefix": name} for name in page if not rows[name]]
    return answer | ({"NextContinuationToken": page[-1]} if answer["IsTruncated"] else {})
