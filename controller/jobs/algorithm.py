"""Recognises the algorithm of a training job, and whether it can continue from a checkpoint.

An image is SageMaker's own only if its account, region and repository are together in the table: in newer regions one account
hosts all images, so no single one of the three is enough. The table (``data/algorithms.json``) is derived from the public package
sagemaker-core by ``infra/derive_algorithms.py``. Which algorithms can checkpoint comes from the SageMaker guide's page
model-checkpoints.
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from controller.units.value import dataclass

DATA = Path(__file__).resolve().parents[1] / "data"


class AlgorithmClass(StrEnum):
    """Whose algorithm a job runs."""

    BUILT_IN = "built-in"
    MARKETPLACE = "marketplace"
    OWN = "own"  # an algorithm resource without a ProductId
    FRAMEWORK = "framework"  # a deep-learning container, or any image in script mode
    CUSTOM = "custom"  # any other image
    UNKNOWN = "unknown"  # the job has neither an image nor an AlgorithmName


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """The algorithm of a job. ``checkpoints`` is whether it can checkpoint; None where its script or image decides.

    ``why`` explains ``klass`` and ``checkpoints`` in words.
    """

    klass: AlgorithmClass
    name: str
    checkpoints: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    klass: AlgorithmClass
    checkpoints: bool | None


_IMAGE = re.compile(
    r"(?:(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[^/]+/|[^/]+\.[^/]+/)?"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
_ALGORITHM_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:(?P<account>\d{12}|aws):algorithm/.+", re.IGNORECASE)

# The accounts, one per region, through which AWS Marketplace sells algorithms and models (hashicorp/terraform-provider-aws,
# internal/service/sagemaker/model_test.go, and vendors' own notebooks).
MARKETPLACE_ACCOUNTS = frozenset(
    {
        "057799348421", "077584701553", "136758871317", "192199979996", "270155090741", "382657785993", "446921602837",
        "470592106596", "594846645681", "666831318237", "745090734665", "843114510376", "856760150666", "865070037744",
        "977537786026", "985815980388",
    }
)  # fmt: skip
UNSAID = "AWS does not say whether it checkpoints, so it counts as one that does not"
_SCRIPT_MODE = frozenset({"sagemaker_program", "sagemaker_submit_directory"})
_HOSTS_SCRIPTS = frozenset({"sagemaker-xgboost"})  # the only built-in image that can run a user's script


def algorithm_of(
    *,
    image: str | None,
    algorithm_name: str | None,
    product_id: str | None,
    described: bool,
    hyperparameters: Mapping[str, str],
    account: str = "",
) -> Algorithm:
    """Recognise an algorithm by its AlgorithmName (which counts where both are given) or its image.

    ``product_id`` is that of DescribeAlgorithm; ``described`` is whether DescribeAlgorithm was called. Without it, the account in
    the algorithm's ARN shows whose it is; ``account`` is that of the job. A name without an ARN counts as a Marketplace
    algorithm, for which the limits are stricter.
    """
    if algorithm_name:
        name = algorithm_name.rpartition("/")[2]
        owner = _ALGORITHM_ARN.fullmatch(algorithm_name)
        if owner and not described and not product_id and (told := _of_account(name, owner["account"], account)) is not None:
            return told
        return _named(name, product_id, described)
    if image:
        return _imaged(image, scripted=not _SCRIPT_MODE.isdisjoint(hyperparameters))
    return Algorithm(
        klass=AlgorithmClass.UNKNOWN, name="unknown", checkpoints=None, why="the job names no image and no algorithm"
    )


def whose_is_said(algorithm_name: str, account: str) -> bool:
    """Whether an AlgorithmName alone shows whose it is: without an ARN it is one of ``account``, the job's own account."""
    owner = _ALGORITHM_ARN.fullmatch(algorithm_name)
    return ":" not in algorithm_name or (owner is not None and _of_account("", owner["account"], account) is not None)


def _named(name: str, product_id: str | None, described: bool) -> Algorithm:
    if product_id:
        why = f"AWS Marketplace algorithm (ProductId {product_id}); {UNSAID}"
        return Algorithm(klass=AlgorithmClass.MARKETPLACE, name=name, checkpoints=False, why=why)
    if described:
        why = "algorithm resource without a ProductId, so the account's own; its image decides whether it checkpoints"
        return Algorithm(klass=AlgorithmClass.OWN, name=name, checkpoints=None, why=why)
    why = "no answer of DescribeAlgorithm, so this AlgorithmName counts as a Marketplace algorithm that cannot checkpoint"
    return Algorithm(klass=AlgorithmClass.MARKETPLACE, name=name, checkpoints=False, why=why)


def _of_account(name: str, owner: str, account: str) -> Algorithm | None:
    """The algorithm according to ``owner``, the account in its ARN; None for an unknown account."""
    if owner in MARKETPLACE_ACCOUNTS:
        why = f"the algorithm's ARN has an account of AWS Marketplace ({owner}); {UNSAID}"
        return Algorithm(klass=AlgorithmClass.MARKETPLACE, name=name, checkpoints=False, why=why)
    if owner == account:
        why = f"the algorithm's ARN has the job's own account ({owner}); its image decides whether it checkpoints"
        return Algorithm(klass=AlgorithmClass.OWN, name=name, checkpoints=None, why=why)
    images = known_images()
    theirs = {row.checkpoints for (registry, _, repository), row in images.items() if registry == owner and repository == name}
    if owner == "aws" or owner in {registry for registry, _, _ in images}:
        why = f"the algorithm's ARN has an account of SageMaker ({owner})"
        return Algorithm(klass=AlgorithmClass.BUILT_IN, name=name, checkpoints=theirs.pop() if theirs else None, why=why)
    return None


def _imaged(image: str, *, scripted: bool) -> Algorithm:
    parts = _IMAGE.fullmatch(image)
    if parts is None:
        return Algorithm(
            klass=AlgorithmClass.CUSTOM, name=image, checkpoints=None, why="Spotwarden cannot read the image reference"
        )
    name = parts["repository"]
    row = known_images().get((parts["account"], parts["region"], name))
    if scripted and (row is None or name in _HOSTS_SCRIPTS):
        return Algorithm(
            klass=AlgorithmClass.FRAMEWORK,
            name=name,
            checkpoints=None,
            why="script mode; the script decides whether it checkpoints",
        )
    if row is None:
        why = "not an image that SageMaker provides in that region; the image decides whether it checkpoints"
        return Algorithm(klass=AlgorithmClass.CUSTOM, name=name, checkpoints=None, why=why)
    if row.klass is AlgorithmClass.FRAMEWORK:
        return Algorithm(
            klass=row.klass, name=name, checkpoints=None, why="framework container; the script decides whether it checkpoints"
        )
    can = "can" if row.checkpoints else "cannot"
    why = f"SageMaker's built-in {name} {can} checkpoint (SageMaker guide, model-checkpoints)"
    return Algorithm(klass=row.klass, name=name, checkpoints=row.checkpoints, why=why)


@cache
def known_images() -> Mapping[tuple[str | None, str | None, str], _Row]:
    """SageMaker's images by account, region and repository; read once per process, at the first use."""
    document = json.loads((DATA / "algorithms.json").read_text("utf-8"))
    table: dict[tuple[str | None, str | None, str], _Row] = {}
    for group in document["registries"]:
        klass, accounts = AlgorithmClass(group["class"]), group["accounts"].items()
        for repository, checkpoints in group["repositories"].items():
            row = _Row(klass=klass, checkpoints=checkpoints)
            table.update(((account, region, repository), row) for region, ones in accounts for account in ones)
    return table
