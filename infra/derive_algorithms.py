"""Derives controller/data/algorithms.json from the public package sagemaker-core.

    python infra/derive_algorithms.py sagemaker_core-2.27.0-py3-none-any.whl > controller/data/algorithms.json

The argument is a wheel, a folder into which one was unpacked or installed, or ``download==2.27.0``, which asks pip for
that release.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

CONFIGS = "sagemaker/core/image_uri_config"
CHECKPOINTS = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html (null: up to the script)"

# Whether each algorithm can continue from a checkpoint. The page model-checkpoints of the SageMaker guide lists those that can:
# Image Classification, Object Detection, Semantic Segmentation and XGBoost 0.90-1 or later. The repository `xgboost` contains
# only an older version.
BUILT_IN: Mapping[str, bool] = {
    "blazingtext": False,
    "factorization-machines": False,
    "forecasting-deepar": False,
    "image-classification": True,
    "ipinsights": False,
    "kmeans": False,
    "knn": False,
    "lda": False,
    "linear-learner": False,
    "ntm": False,
    "object-detection": True,
    "object2vec": False,
    "pca": False,
    "randomcutforest": False,
    "sagemaker-xgboost": True,
    "semantic-segmentation": True,
    "seq2seq": False,
    "xgboost": False,
}


def algorithms(configs: Mapping[str, Any], *, release: str, as_of: str) -> dict[str, Any]:
    """Merge the package's configurations into one table: the training repositories, and the accounts that have them by region."""
    homes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for config in configs.values():
        for home in _training_homes(config):
            for region, account in home["registries"].items():
                homes[home["repository"]][region].add(account)
    if missing := BUILT_IN.keys() - homes.keys():
        raise SystemExit(f"sagemaker-core {release} no longer lists {', '.join(sorted(missing))}: look at BUILT_IN again")

    groups: dict[str, list[str]] = defaultdict(list)  # repositories with the same accounts share a group
    for repository, accounts in sorted(homes.items()):
        place = json.dumps({region: sorted(accounts[region]) for region in sorted(accounts)})
        groups[f"{repository in BUILT_IN:d}{place}"].append(repository)
    return {
        "source": f"sagemaker-core {release} (PyPI), {CONFIGS}/*.json, every configuration with a training scope",
        "as_of": as_of,
        "checkpoints_source": CHECKPOINTS,
        "registries": [
            {
                "class": "built-in" if key[0] == "1" else "framework",
                "repositories": {repository: BUILT_IN.get(repository) for repository in repositories},
                "accounts": json.loads(key[1:]),
            }
            for key, repositories in sorted(groups.items(), key=lambda group: (-int(group[0][0]), group[1]))
        ],
    }


def _training_homes(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "training" in config:
        yield from _homes(config["training"])
    elif "training" in config.get("scope", ()):
        yield from _homes(config)


def _homes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Find the versions at any depth: those of Hugging Face contain versions of a framework."""
    if "registries" in node and "repository" in node:
        yield node
    for child in node.values():
        if isinstance(child, Mapping):
            yield from _homes(child)


def read_package(path: Path) -> tuple[dict[str, Any], str, str]:
    """Read a wheel or a folder. Returns configurations by name, the release, and the date of the newest configuration."""
    if path.is_dir():
        found = sorted((path / CONFIGS).glob("*.json"))
        configs = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in found}
        releases = [info.name for info in path.glob("sagemaker_core-*.dist-info")]
        dates = [datetime.fromtimestamp(file.stat().st_mtime, UTC).date() for file in found]
    else:
        with zipfile.ZipFile(path) as wheel:
            members = [
                member
                for member in wheel.infolist()
                if member.filename.startswith(f"{CONFIGS}/") and member.filename.endswith(".json")
            ]
            configs = {Path(member.filename).stem: json.loads(wheel.read(member)) for member in members}
            releases = sorted({name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name})
            dates = [date(*member.date_time[:3]) for member in members]
    if not configs or not releases:
        raise SystemExit(
            f"found no {CONFIGS} with a sagemaker_core-*.dist-info in {path}, wanted a sagemaker-core wheel or folder"
        )
    return configs, releases[0].removeprefix("sagemaker_core-").removesuffix(".dist-info"), max(dates).isoformat()


def download(release: str, folder: Path) -> Path:
    """Download the wheel of one release of sagemaker-core with pip, without dependencies, and return its path."""
    wanted = f"sagemaker-core=={release}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), wanted]
    subprocess.run(command, check=True)  # noqa: S603  pip judges the release; no shell reads it
    return next(folder.glob("sagemaker_core-*.whl"))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", help="a wheel, a folder, or download==RELEASE")
    chosen = parser.parse_args(arguments).package
    with tempfile.TemporaryDirectory() as folder:
        release = chosen.removeprefix("download==")
        path = Path(chosen) if release == chosen else download(release, Path(folder))
        configs, release, as_of = read_package(path)
    print(_written(algorithms(configs, release=release, as_of=as_of)))


def _written(table: Mapping[str, Any]) -> str:
    """The table as JSON with one line for each region, so that a changed account is one changed line."""
    text = json.dumps(table, indent=1)
    return text.replace('": [\n     "', '": ["').replace('"\n    ]', '"]').replace('",\n     "', '", "')


if __name__ == "__main__":
    main()
