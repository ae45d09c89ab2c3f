"""Which policy a command uses: a given folder, the folder in the working directory, or the policies of this version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.aws.packaged_policy import packaged_document
from controller.cli.input.options import LOCAL_FOLDER
from controller.cli.output.errors import BadInput
from controller.policy.compiled_document import BadPolicyDocument, document_of, policy_of
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy
from controller.policyfile import BadPolicy, compile_folder
from controller.runtime.ports.policy import Revisions

ALWAYS = datetime.min.replace(tzinfo=UTC)
PACKAGED = "packaged"  # the policies that ship with this version

PolicyFolder = Annotated[
    str | None,
    typer.Option("--policies", metavar="DIR", help=f"The policy folder. Default: ./{LOCAL_FOLDER}, else the packaged policies."),
]


def policy_document(folder: str | None) -> tuple[Mapping[str, Any], str]:
    """The compiled document, and where it is from: a folder's name or PACKAGED. Raises BadPolicy, BadInput for an empty name."""
    if folder == "":  # a shell variable that is not set: Path("") would be the working directory
        raise BadInput("--policies: found an empty name, wanted a policy folder")
    if folder is None and Path(LOCAL_FOLDER).is_dir():
        folder = LOCAL_FOLDER
    return (packaged_document(), PACKAGED) if folder is None else (compile_folder(folder), folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUsed:
    """A policy. ``where``: where it is from, as text. ``folder``: its source files, None if there are none here."""

    policy: Policy
    where: str
    folder: Path | None = None


def policy_of_folder(folder: str | None) -> PolicyUsed:
    """The policy of a folder, or the packaged one, as if it had always been in force. Raises BadPolicy."""
    document, source = policy_document(folder)
    where = "the packaged policies" if source == PACKAGED else f"folder {source}"
    return PolicyUsed(policy=load_policy(document, ALWAYS), where=where, folder=None if source == PACKAGED else Path(source))


def policy_in_force(revisions: Revisions) -> PolicyUsed:
    """The policy that the stack uses, from the ledger; with the local folder if that has the same revision.

    If the ledger has no document, it is the local policy, and ``where`` states that. Raises BadPolicy and Unreachable.
    """
    current = revisions.current()
    text = revisions.document(current.revision) if current is not None else None
    try:
        kept = policy_of(document_of(text), current.since) if current is not None and text is not None else None
    except BadPolicyDocument:
        kept = None  # another version of this command wrote it
    if kept is None or current is None:
        used = policy_of_folder(None)
        if current is None:
            return PolicyUsed(policy=used.policy, where=f"{used.where}; the ledger knows of no policy yet", folder=used.folder)
        if used.policy.revision != current.revision:
            known = f"the stack uses {current.revision} since {current.since:%Y-%m-%d %H:%M} UTC, which the ledger does not keep"
            return PolicyUsed(policy=used.policy, where=f"{used.where}; {known}", folder=used.folder)
        kept = policy_of(policy_document(None)[0], current.since)
    where = f"in force in the stack since {current.since:%Y-%m-%d %H:%M} UTC"
    return PolicyUsed(policy=kept, where=where, folder=_folder_of(kept.revision))


def _folder_of(revision: str) -> Path | None:
    """The local folder, if it has this revision."""
    try:
        document, source = policy_document(None)
    except BadPolicy:
        return None
    return Path(source) if source != PACKAGED and document["revision"] == revision else None
