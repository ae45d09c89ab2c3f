"""The table of algorithms is derived from the public package sagemaker-core."""

import json
import zipfile
from pathlib import Path

import pytest

from infra.derive_algorithms import BUILT_IN, CONFIGS, algorithms, main


def config(repository: str, account: str = "111122223333") -> dict[str, object]:
    return {
        "scope": ["inference", "training"],
        "versions": {"1": {"registries": {"us-east-1": account}, "repository": repository}},
    }


CONFIGURATIONS: dict[str, dict[str, object]] = {
    **{name: config(name) for name in BUILT_IN},
    "huggingface": {
        "training": {
            "versions": {"4.0": {"pytorch2.1": {"registries": {"us-east-1": "444455556666"}, "repository": "hf-training"}}}
        },
        "inference": {"versions": {"4.0": {"registries": {"us-east-1": "444455556666"}, "repository": "hf-inference"}}},
    },
    "neo": {
        "scope": ["inference"],
        "versions": {"1": {"registries": {"us-east-1": "444455556666"}, "repository": "neo"}},
    },
}


def test_only_training_images_are_listed_at_any_depth() -> None:
    table = algorithms(CONFIGURATIONS, release="1.0", as_of="2026-01-01")
    frameworks = [group for group in table["registries"] if group["class"] == "framework"]
    assert frameworks == [
        {"class": "framework", "repositories": {"hf-training": None}, "accounts": {"us-east-1": ["444455556666"]}}
    ]


def test_repositories_with_the_same_accounts_share_a_group() -> None:
    table = algorithms(CONFIGURATIONS, release="1.0", as_of="2026-01-01")
    assert [group["repositories"] for group in table["registries"] if group["class"] == "built-in"] == [dict(BUILT_IN)]


def test_a_package_without_a_known_built_in_is_refused_and_names_it() -> None:
    fewer = {name: found for name, found in CONFIGURATIONS.items() if name != "lda"}
    with pytest.raises(SystemExit, match=r"sagemaker-core 1\.0 no longer lists lda"):
        algorithms(fewer, release="1.0", as_of="2026-01-01")


def test_the_script_reads_a_wheel_and_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = tmp_path / "sagemaker_core-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, found in CONFIGURATIONS.items():
            archive.writestr(zipfile.ZipInfo(f"{CONFIGS}/{name}.json", (2026, 1, 1, 0, 0, 0)), json.dumps(found))
        archive.writestr("sagemaker_core-1.0.dist-info/METADATA", "")
    main([str(wheel)])
    assert json.loads(capsys.readouterr().out) == algorithms(CONFIGURATIONS, release="1.0", as_of="2026-01-01")


def test_a_folder_without_the_package_is_refused_with_what_was_wanted(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="wanted a sagemaker-core wheel or folder"):
        main([str(tmp_path)])
