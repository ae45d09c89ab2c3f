"""An image is SageMaker's own only where account, region and repository agree."""

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.jobs import algorithm
from controller.jobs.algorithm import MARKETPLACE_ACCOUNTS, Algorithm, AlgorithmClass, algorithm_of

ROOT = Path(__file__).parents[3]
DATA = ROOT / os.environ.get("SPOTWARDEN_DATA", "../shared/data")
SCRIPT_MODE = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": '"s3://acme/code.tar.gz"'}


def of_image(image: str, **hyperparameters: str) -> Algorithm:
    return algorithm_of(image=image, algorithm_name=None, product_id=None, described=False, hyperparameters=hyperparameters)


def of_name(name: str, *, product_id: str | None = None, described: bool) -> Algorithm:
    return algorithm_of(image=None, algorithm_name=name, product_id=product_id, described=described, hyperparameters={})


US = "dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "klass", "name", "checkpoints"),
    [
        (f"811284229777.{US}/object-detection:1", AlgorithmClass.BUILT_IN, "object-detection", True),
        (f"811284229777.{US}/image-classification:latest", AlgorithmClass.BUILT_IN, "image-classification", True),
        (f"811284229777.{US}/semantic-segmentation", AlgorithmClass.BUILT_IN, "semantic-segmentation", True),
        (f"811284229777.{US}/object-detection@sha256:0a1b2c", AlgorithmClass.BUILT_IN, "object-detection", True),
        (f"811284229777.{US}/object-detection:1@sha256:0a1b2c", AlgorithmClass.BUILT_IN, "object-detection", True),
        (f"811284229777.{US}/blazingtext:1", AlgorithmClass.BUILT_IN, "blazingtext", False),
        (f"382416733822.{US}/kmeans:1", AlgorithmClass.BUILT_IN, "kmeans", False),
        (f"522234722520.{US}/forecasting-deepar:1", AlgorithmClass.BUILT_IN, "forecasting-deepar", False),
        (f"766337827248.{US}/lda:1", AlgorithmClass.BUILT_IN, "lda", False),
        (f"811284229777.{US}/xgboost:1", AlgorithmClass.BUILT_IN, "xgboost", False),
        (f"811284229777.{US}/xgboost:latest", AlgorithmClass.BUILT_IN, "xgboost", False),
        (f"683313688378.{US}/sagemaker-xgboost:0.90-1-cpu-py3", AlgorithmClass.BUILT_IN, "sagemaker-xgboost", True),
        (f"683313688378.{US}/sagemaker-xgboost:1.7-1", AlgorithmClass.BUILT_IN, "sagemaker-xgboost", True),
        (
            "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/object-detection:1",
            AlgorithmClass.BUILT_IN,
            "object-detection",
            True,
        ),
        (
            "490574956308.dkr.ecr.us-iso-east-1.c2s.ic.gov/object-detection:1",
            AlgorithmClass.BUILT_IN,
            "object-detection",
            True,
        ),
        (
            "226302683700.dkr.ecr-fips.us-gov-west-1.amazonaws.com/object-detection:1",
            AlgorithmClass.BUILT_IN,
            "object-detection",
            True,
        ),
        (f"763104351884.{US}/pytorch-training:2.8.0-gpu-py312", AlgorithmClass.FRAMEWORK, "pytorch-training", None),
        (
            f"763104351884.{US}/huggingface-pytorch-training:2.1.0",
            AlgorithmClass.FRAMEWORK,
            "huggingface-pytorch-training",
            None,
        ),
        (f"683313688378.{US}/sagemaker-scikit-learn:1.2-1", AlgorithmClass.FRAMEWORK, "sagemaker-scikit-learn", None),
        (f"520713654638.{US}/sagemaker-pytorch:1.0.0-gpu-py3", AlgorithmClass.FRAMEWORK, "sagemaker-pytorch", None),
        # one of the three does not fit
        (f"111122223333.{US}/object-detection:1", AlgorithmClass.CUSTOM, "object-detection", None),
        (
            "811284229777.dkr.ecr.us-west-2.amazonaws.com/object-detection:1",
            AlgorithmClass.CUSTOM,
            "object-detection",
            None,
        ),
        (f"811284229777.{US}/kmeans:1", AlgorithmClass.CUSTOM, "kmeans", None),
        (f"811284229777.{US}/team/object-detection:1", AlgorithmClass.CUSTOM, "team/object-detection", None),
        (
            "867004704886.dkr.ecr.ap-northeast-3.amazonaws.com/something-new:1",
            AlgorithmClass.CUSTOM,
            "something-new",
            None,
        ),
        ("registry.example.com:5000/ml/train:3", AlgorithmClass.CUSTOM, "ml/train", None),
        ("object-detection:1", AlgorithmClass.CUSTOM, "object-detection", None),
        ("::", AlgorithmClass.CUSTOM, "::", None),
    ],
)
def test_an_image_is_recognised_by_account_region_and_repository(
    image: str, klass: AlgorithmClass, name: str, checkpoints: bool | None
) -> None:
    found = of_image(image)
    assert (found.klass, found.name, found.checkpoints) == (klass, name, checkpoints)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (
            f"111122223333.{US}/train:3",
            "not an image that SageMaker provides in that region; the image decides whether it checkpoints",
        ),
        ("::", "Spotwarden cannot read the image reference"),
        (f"382416733822.{US}/kmeans:1", "SageMaker's built-in kmeans cannot checkpoint (SageMaker guide, model-checkpoints)"),
        (
            f"811284229777.{US}/object-detection:1",
            "SageMaker's built-in object-detection can checkpoint (SageMaker guide, model-",
        ),
        (f"763104351884.{US}/pytorch-training:2.3", "framework container; the script decides whether it checkpoints"),
    ],
)
def test_the_reason_why_an_image_can_checkpoint_or_not_is_given(image: str, why: str) -> None:
    assert of_image(image).why.startswith(why)


def test_the_reason_why_an_algorithm_can_checkpoint_or_not_is_given() -> None:
    assert of_name("our-algorithm", described=True).why == (
        "algorithm resource without a ProductId, so the account's own; its image decides whether it checkpoints"
    )
    nothing = algorithm_of(image=None, algorithm_name=None, product_id=None, described=False, hyperparameters={})
    assert (nothing.name, nothing.why) == ("unknown", "the job names no image and no algorithm")


def test_xgboost_in_script_mode_is_a_framework_whose_script_decides() -> None:
    found = of_image(f"683313688378.{US}/sagemaker-xgboost:1.7-1", **SCRIPT_MODE)
    assert (found.klass, found.checkpoints) == (AlgorithmClass.FRAMEWORK, None)
    assert "script mode" in found.why


@pytest.mark.parametrize("hyperparameter", SCRIPT_MODE)
def test_an_own_image_is_a_framework_by_either_hyperparameter_of_script_mode(hyperparameter: str) -> None:
    found = of_image(f"111122223333.{US}/our-pytorch:3", **{hyperparameter: SCRIPT_MODE[hyperparameter]})
    assert found.klass is AlgorithmClass.FRAMEWORK


def test_a_script_mode_hyperparameter_does_not_change_the_limits_of_a_built_in() -> None:
    found = of_image(f"382416733822.{US}/kmeans:1", **SCRIPT_MODE)
    assert (found.klass, found.checkpoints) == (AlgorithmClass.BUILT_IN, False)


def test_an_algorithm_with_a_product_id_is_from_the_marketplace_and_counts_as_without_checkpoints() -> None:
    found = of_name("arn:aws:sagemaker:us-east-1:111122223333:algorithm/vision-pro", product_id="prod-abc", described=True)
    assert (found.klass, found.name, found.checkpoints) == (AlgorithmClass.MARKETPLACE, "vision-pro", False)
    assert "prod-abc" in found.why


def test_an_algorithm_without_a_product_id_is_the_accounts_own() -> None:
    found = of_name("our-algorithm", described=True)
    assert (found.klass, found.checkpoints) == (AlgorithmClass.OWN, None)


def test_an_undescribed_algorithm_counts_as_marketplace_with_a_note() -> None:
    found = of_name("our-algorithm", described=False)
    assert (found.klass, found.checkpoints) == (AlgorithmClass.MARKETPLACE, False)
    assert "no answer of DescribeAlgorithm" in found.why


def test_an_algorithm_name_wins_over_an_image() -> None:
    image = f"811284229777.{US}/object-detection:1"
    found = algorithm_of(image=image, algorithm_name="ours", product_id=None, described=True, hyperparameters={})
    assert found.klass is AlgorithmClass.OWN


@pytest.mark.parametrize("absent", [None, ""])
def test_a_job_with_neither_image_nor_name_is_unknown(absent: str | None) -> None:
    found = algorithm_of(image=absent, algorithm_name=absent, product_id=None, described=False, hyperparameters={})
    assert (found.klass, found.checkpoints) == (AlgorithmClass.UNKNOWN, None)


def test_the_table_is_read_on_first_use_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counting(path: Path, *arguments: Any) -> str:
        opened.append(path.name)
        return real(path, *arguments)

    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", counting)
    spec = importlib.util.spec_from_file_location("fresh", algorithm.__file__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fresh", fresh)
    spec.loader.exec_module(fresh)
    assert opened == []
    for _ in range(2):
        fresh.algorithm_of(
            image=f"811284229777.{US}/ntm", algorithm_name=None, product_id=None, described=False, hyperparameters={}
        )
    assert opened == ["algorithms.json"]


# the table

TABLE: dict[str, Any] = json.loads((ROOT / "controller/data/algorithms.json").read_text(encoding="utf-8"))
PLACES = {
    (group["class"], repository, checkpoints, region, account)
    for group in TABLE["registries"]
    for repository, checkpoints in group["repositories"].items()
    for region, accounts in group["accounts"].items()
    for account in accounts
}


def test_the_table_names_its_source_and_its_date() -> None:
    assert TABLE["source"].startswith("sagemaker-core ")
    assert TABLE["as_of"]
    assert "model-checkpoints" in TABLE["checkpoints_source"]


def test_no_account_is_both_built_in_and_framework() -> None:
    kinds: dict[tuple[str, str, str], set[str]] = {}
    for klass, repository, _, region, account in PLACES:
        kinds.setdefault((account, region, repository), set()).add(klass)
    assert all(len(found) == 1 for found in kinds.values())


def test_the_built_in_lines_equal_the_shared_table() -> None:
    reference = DATA / "builtin-algorithms.json"
    if not reference.exists():
        pytest.skip(f"SPOTWARDEN_DATA has no {reference.name}: nothing to compare the table with")
    shared = json.loads(reference.read_text(encoding="utf-8"))
    theirs = {
        (repository, shared["repositories"][repository]["supports_checkpointing"], region, account)
        for registry in shared["registries"]
        for repository in registry["repositories"]
        for region, account in registry["accounts"].items()
    }
    assert {place[1:] for place in PLACES if place[0] == "built-in"} == theirs


def test_every_marketplace_account_has_twelve_digits_and_makes_an_algorithm_a_marketplace_one() -> None:
    assert len(MARKETPLACE_ACCOUNTS) == 16
    assert all(re.fullmatch(r"\d{12}", account) for account in MARKETPLACE_ACCOUNTS)
    assert not MARKETPLACE_ACCOUNTS & {"123456789012"}


@pytest.mark.parametrize(
    ("owner", "klass", "why"),
    [
        ("865070037744", AlgorithmClass.MARKETPLACE, "an account of AWS Marketplace (865070037744)"),
        ("111122223333", AlgorithmClass.OWN, "the job's own account (111122223333)"),
        ("aws", AlgorithmClass.BUILT_IN, "an account of SageMaker (aws)"),
        ("999988887777", AlgorithmClass.MARKETPLACE, "no answer of DescribeAlgorithm"),
    ],
)
def test_an_undescribed_algorithm_is_known_by_the_account_in_its_arn(owner: str, klass: AlgorithmClass, why: str) -> None:
    name = f"arn:aws:sagemaker:us-east-1:{owner}:algorithm/tabular"
    found = algorithm_of(
        image=None, algorithm_name=name, product_id=None, described=False, hyperparameters={}, account="111122223333"
    )
    assert (found.klass, found.name) == (klass, "tabular")
    assert why in found.why
