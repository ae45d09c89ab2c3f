"""``spotwarden compile``: turns a policy folder into the JSON document that ships to Lambda."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from controller import wiring
from controller.aws.s3_policy import InvalidPolicyUri, bucket_and_key
from controller.aws.system_clock import SystemClock
from controller.cli.aws_calls import asking
from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.cli.output.output_file import write_output
from controller.cli.output.printable import printable
from controller.cli.output.usage import BAD_INPUT
from controller.policy.compiled_document import BYTES_MAX, BadPolicyDocument, document_of, document_text, policy_of
from controller.policyfile import as_text, validate_folder
from controller.policyfile.folder import NOT_READ, is_case_file, unread_files
from controller.units.plural import count


def run(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of policy files.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="S3_URI", help="Write it to S3, where the stack's parameter PolicyUri names it: s3://BUCKET/KEY."
        ),
    ] = None,
) -> int:
    """Write the compiled document, and print warnings. If files have mistakes, print all of them and write nothing."""
    place = _place(to) if to is not None else None
    validated = validate_folder(folder, now=SystemClock().now())
    for problem in (*validated.errors, *validated.warnings):
        if problem.code != NOT_READ:  # printed below, with the other files
            print(problem.text, file=sys.stderr)
    if validated.errors:
        return BAD_INPUT
    for path in unread_files(Path(folder)):
        why = "cases, which spotwarden test runs" if is_case_file(path) else "its name does not end in .yaml"
        print(printable(f"not read as a policy: {path} ({why})"), file=sys.stderr)
    text = as_text(validated.document)
    if place is not None:
        _upload(validated.document, *place)
    if output is not None:
        write_output(output, text)
    elif place is None:
        sys.stdout.write(text)
    return 0


def _place(uri: str) -> tuple[str, str]:
    """The bucket and key of ``--to``. Raises BadInput."""
    try:
        return bucket_and_key(uri)
    except InvalidPolicyUri as error:
        raise BadInput(f"--to: {error}") from None


def _upload(document: Mapping[str, Any], bucket: str, key: str) -> None:
    """Write the document to S3, where functions read it, and print its revision. Raises BadInput and AwsUnreachable."""
    body = document_text(document).encode()
    if len(body) > BYTES_MAX:
        raise BadInput(f"found a document of {len(body):,} bytes, wanted at most {BYTES_MAX:,}: split the folder between stacks")
    try:
        policy_of(document_of(body), SystemClock().now())
    except BadPolicyDocument as error:
        raise BadInput(f"--to: functions would not accept this policy: {error}") from None
    s3 = wiring.client("s3")
    try:
        asking(lambda: s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json"))
    except AwsUnreachable as error:
        if getattr(error.__cause__, "response", {}).get("Error", {}).get("Code") == "NoSuchBucket":
            raise BadInput(f"--to: found no bucket {bucket}, wanted one that exists") from error
        raise
    print(
        f"wrote policy {document['revision']} ({count(len(document['rules']), 'rule')}, {len(body):,} bytes) to s3://{bucket}/{key}:"
        " in force within a minute where PolicyUri names it",
        file=sys.stderr,
    )
