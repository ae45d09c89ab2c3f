"""Claims on checkpoint prefixes in DynamoDB: a partition per bucket, with a head that serialises them.

    claim#<bucket>   head                    version: each claim increases it
                     held#<job>#<hash>       a claim; the hash is of its lineage and prefix, which may be too long for a sort key

A claim that is committed with a lineage (its job exists already) and a release do not change the head: they never wait.
"""

from __future__ import annotations

import hashlib

from controller.aws.dynamodb.items import Item, read, write
from controller.aws.dynamodb.keys import HEAD, claim_pk, key, partition_of
from controller.aws.dynamodb.table import Table, Write, next_version, version_of
from controller.jobs.claim import Claim, holding_up
from controller.runtime.ports.answers import Unreachable

TRIES = 3


class DynamoClaims:
    """The Claims port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, claim: Claim, *, new: bool = False) -> tuple[Claim, ...]:
        """Claim the prefix, or return the claims that it must wait for. Raises Unreachable if others write in each of 3 tries."""
        pk = claim_pk(claim.bucket)
        for _ in range(TRIES):
            head = self._table.get(pk, HEAD)  # read before the rest: a claim in between changes the version
            others = holding_up(claim, self.claims_on(claim.bucket), new=new)
            if others:
                return others
            if self._table.transact([next_version(pk, version_of(head)), taking(claim)]):
                return ()
        raise Unreachable(f"the claims on {claim.bucket} changed {TRIES} times while they were read")

    def release(self, claim: Claim) -> None:
        self._table.remove(_place(claim))

    def claims_on(self, bucket: str) -> tuple[Claim, ...]:
        """All claims held in a bucket."""
        return tuple(read(row) for row in self._table.query(**partition_of(claim_pk(bucket))) if row["sk"]["S"] != HEAD)


def taking(claim: Claim) -> Write:
    """The write that claims a prefix."""
    return {"Put": {"Item": {**_place(claim), **write(claim)}}}


def giving_back(claim: Claim) -> Write:
    """The write that releases a prefix."""
    return {"Delete": {"Key": _place(claim)}}


def held_key(job: str, lineage: str, what: str) -> str:
    """The sort key of a claim or hold of a job. A former job with the same name has another lineage, and so another key."""
    digest = hashlib.sha256(f"{lineage}\n{what}".encode()).hexdigest()
    return f"held#{job}#{digest[:16]}"


def _place(claim: Claim) -> Item:
    return key(claim_pk(claim.bucket), held_key(claim.job, claim.lineage, claim.prefix))
