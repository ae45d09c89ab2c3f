"""The built-in algorithm images that this SageMaker knows, enough for tests and the demo. ``World`` also accepts another
classifier.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from functools import lru_cache
from typing import Final


class Builtin(Enum):
    """Whether a training image is a built-in algorithm, and whether it can write checkpoints."""

    CAPABLE = auto()  # a built-in algorithm that writes checkpoints
    INCAPABLE = auto()  # a built-in algorithm that cannot write checkpoints
    OTHER = auto()  # a framework image or a user's own image


ImageClassifier = Callable[[str], Builtin]

IMAGE: Final = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[^/]+/(?P<repository>[^:@]+)")

# Source: sagemaker-core's image_uri_config (accounts of us-east-1) and the guide's page on checkpoints.
CAPABLE: Final = {
    "811284229777": {"image-classification", "object-detection", "semantic-segmentation"},
    "683313688378": {"sagemaker-xgboost"},
}
INCAPABLE: Final = {
    "811284229777": {"blazingtext", "seq2seq", "xgboost"},
    "382416733822": {
        "factorization-machines", "ipinsights", "kmeans", "knn", "linear-learner", "ntm", "object2vec", "pca", "randomcutforest",
    },
    "522234722520": {"forecasting-deepar"},
    "766337827248": {"lda"},
}  # fmt: skip


@lru_cache(maxsize=1024)
def classify_image(image: str) -> Builtin:
    """Classify an image of us-east-1 by its account and repository."""
    found = IMAGE.match(image)
    if not found:
        return Builtin.OTHER
    account, repository = found["account"], found["repository"]
    if repository in CAPABLE.get(account, ()):
        return Builtin.CAPABLE
    return Builtin.INCAPABLE if repository in INCAPABLE.get(account, ()) else Builtin.OTHER
