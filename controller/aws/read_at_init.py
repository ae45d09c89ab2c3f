"""Reads at init what the decision about almost every job needs: during init, a function on Lambda has a whole CPU core."""

from __future__ import annotations

from controller.aws.dynamodb.items import codec
from controller.aws.price_lookup import packaged_rates
from controller.aws.sagemaker.described_members import described_members
from controller.jobs.algorithm import known_images
from controller.ledger.entry import DirectivesRead, OwnerChecked, Started
from controller.ledger.intent import Wake

OF_EVERY_JOB = (Started, OwnerChecked, DirectivesRead, Wake)


def prepare() -> None:
    """Read the tables of images, of prices and of described members, and compute how the rows of every job are read."""
    known_images()
    packaged_rates()
    described_members()
    for kind in OF_EVERY_JOB:
        codec(kind)
