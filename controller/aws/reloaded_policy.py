"""The policy from S3, where ``POLICY_URI`` names its document: read again when it changed; while it is bad, the last good one.

Functions that decide read S3, and store each good version in the ledger before they use it. The others read only the ledger. So
all functions use the version that is in force by the ledger, and a new container finds the last good version there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.aws.packaged_policy import CompiledPolicies, compiled_document
from controller.aws.s3_policy import FoundObject, NotRead, S3PolicyDocument, Unchanged
from controller.aws.stack_parameters import training_roles
from controller.policy.agreed_rate import AgreedRate
from controller.policy.compiled_document import BadPolicyDocument, document_of, policy_of
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy
from controller.policy.when import Path
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.policy import PutInForce, Reading, RefusedPolicy, RevisionInForce, Revisions

READINGS_MAX = 5
READ_EVERY = timedelta(seconds=30)  # the sweep of each minute reads it, so a version is in force within a minute
SILENT_EVERY = timedelta(minutes=3)  # the same while S3 does not answer: the sweep must not spend its time on waiting for it
UNDATED = datetime.min.replace(tzinfo=UTC)  # until the ledger says since when a policy is in force


class ReloadedPolicies:
    """The Policies port. One object serves a whole container; ``begin`` starts each invocation, in which the policy is the same.

    ``source`` is None in a function that decides nothing. ``packaged`` returns the document that ships with the code. It is used
    where neither S3 nor the ledger has a good version; then nothing is enforced. With ``observe_only`` nothing ever is.
    """

    def __init__(
        self,
        source: S3PolicyDocument | None,
        packaged: Callable[[], Mapping[str, Any]],
        now: Callable[[], datetime],
        *,
        observe_only: bool = False,
    ) -> None:
        self._source, self._packaged, self._now, self._observe_only = source, packaged, now, observe_only
        self._revisions: Revisions | None = None
        self._may_change, self._read_at = True, UNDATED
        self._held: Policy | None = None
        self._etag = ""  # of the version that was read last
        self._newest: tuple[Mapping[str, Any], Policy] | None = None  # that version, where it is good
        self._bad: RefusedPolicy | None = None  # that version, where it is bad
        self._unread: RefusedPolicy | None = None  # why it is not known whether there is a newer one

    def begin(self, revisions: Revisions) -> None:
        """Start an invocation: its first use of the policy may read a new version."""
        self._revisions, self._may_change = revisions, True

    def current(self) -> Policy:
        return self._in_force()

    def refused(self) -> RefusedPolicy | None:
        self._in_force()
        return self._unread or self._bad

    def fields_read(self) -> Mapping[Path, bool]:
        """The members of a job's description that expressions of the policy read, and whether a request may contain them."""
        return self._in_force().fields_read

    def agreed_rates(self) -> tuple[AgreedRate, ...]:
        """The rates of the policy that count instead of list prices."""
        return self._in_force().agreed_rates

    def _in_force(self) -> Policy:
        held, now = self._held, self._now()
        every = SILENT_EVERY if self._unread is not None and self._unread.passing else READ_EVERY
        if held is None or (self._may_change and not timedelta() <= now - self._read_at < every):
            try:
                held = self._good_version(now)
            except Unreachable:
                if held is None:
                    raise
            self._held, self._read_at = held, now
        self._may_change = False
        return held

    def _good_version(self, now: datetime) -> Policy:
        """The version in S3 if it is good; otherwise the last good one, or the packaged one. Raises Unreachable."""
        if self._revisions is None:
            raise RuntimeError("call begin() before the first use")
        found = self._put_in_force(self._source, self._revisions) if self._source is not None else None
        return found or self._last_good(self._revisions) or self._held or self._stand_in(now)

    def _put_in_force(self, source: S3PolicyDocument, revisions: Revisions) -> Policy | None:
        """Put the version in S3 in force, and return it; None where it is not good, or changes faster than it is read.

        A function may be frozen after it read a version and before it puts it in force. So an older reading replaces no newer
        one. A revision that replaced another is used only after a second reading that found it again.
        """
        put: tuple[str, PutInForce] | None = None
        for _ in range(READINGS_MAX):
            asked_at = self._now()
            self._read_object(source)
            if self._newest is None or self._unread is not None:
                return None
            document, policy = self._newest
            reading = Reading(asked_at=asked_at, answered_at=self._now())
            if put is not None and put[0] != policy.revision:
                revisions.take_back(*put, reading)
            elif put is not None:
                return self._dated(policy, RevisionInForce(revision=policy.revision, since=put[1].since))
            done = revisions.put_in_force(policy.revision, reading, document)
            if done is not None and done.replaced is None:
                return self._dated(policy, RevisionInForce(revision=policy.revision, since=done.since))
            put = (policy.revision, done) if done is not None else None
        return None

    def _read_object(self, source: S3PolicyDocument) -> None:
        """Read the object if it changed, and keep the result: a good version, a bad one, or why it could not be read."""
        found = source.read(self._etag)
        match found:
            case Unchanged():
                self._unread = None
            case NotRead(problem=problem, passing=passing):
                self._unread = RefusedPolicy(place=source.uri, problem=problem, passing=passing)
            case FoundObject(etag=etag):
                self._etag, self._unread, self._bad, self._newest = etag, None, None, None
                try:
                    self._newest = read_version(found)
                except BadPolicyDocument as problem:
                    self._bad = RefusedPolicy(place=source.uri, problem=str(problem), version=etag)

    def _last_good(self, revisions: Revisions) -> Policy | None:
        """The version in force by the ledger; None where it has none, or this code cannot read it."""
        current = revisions.current()
        if current is None:
            return None
        if self._held is not None and _is_that_of(self._held, current):
            return self._held
        text = revisions.document(current.revision)
        try:
            document = self._packaged() if text is None else document_of(text)
            if document.get("revision") != current.revision:  # the packaged document is not the one in force
                return None
            return self._dated(policy_of(document, UNDATED), current)
        except BadPolicyDocument:
            return None

    def _dated(self, policy: Policy, current: RevisionInForce) -> Policy:
        if self._held is not None and _is_that_of(self._held, current):
            return self._held
        dated = replace(policy, in_force_at=current.since)
        return dated.observing() if self._observe_only else dated

    def _stand_in(self, now: datetime) -> Policy:
        """The packaged policy, which nobody chose for this stack: it records and reports, and enforces nothing."""
        return replace(load_policy(self._packaged(), now).observing(), stands_in=True)


def policies_of(decides: bool, s3: Any, now: Callable[[], datetime]) -> CompiledPolicies | ReloadedPolicies:
    """The policy of a container. Only a function that decides reads S3, and stores since when a policy is in force."""
    observe_only, uri = not training_roles(), os.environ.get("POLICY_URI")
    if not uri:
        return CompiledPolicies(compiled_document(), now, decides=decides, observe_only=observe_only)
    return ReloadedPolicies(S3PolicyDocument(s3, uri) if decides else None, compiled_document, now, observe_only=observe_only)


def _is_that_of(policy: Policy, current: RevisionInForce) -> bool:
    return not policy.stands_in and (policy.revision, policy.in_force_at) == (current.revision, current.since)


def read_version(found: FoundObject) -> tuple[Mapping[str, Any], Policy]:
    """The document and the policy of a version. Raises BadPolicyDocument."""
    if found.problem:
        raise BadPolicyDocument(found.problem)
    document = document_of(found.content)
    return document, policy_of(document, UNDATED)
