"""The packaged service models are used before those of the runtime, and an older model is refused by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import pytest

from controller.aws.sagemaker.described_members import described_under
from controller.aws.service_models import WrongModel, checked, use_packaged_models
from infra.service_models import operations, write_models


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "models"
    write_models(folder)
    return folder


def client_of(service: str) -> Any:
    return boto3.Session().client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.mark.slow
def test_every_client_is_built_from_the_packaged_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", "/elsewhere")
    use_packaged_models(models)
    use_packaged_models(models)
    assert os.environ["AWS_DATA_PATH"] == f"{models}{os.pathsep}/elsewhere"
    assert {file.parts[-3] for file in models.rglob("service-2.json")} == set(operations())
    for service in ("sagemaker", "s3"):
        model = client_of(service).meta.service_model
        assert model.metadata["pinnedBy"] == f"botocore {described_under()}"
        assert set(model.operation_names) == operations()[service]
    checked(client_of("sagemaker"))


def test_models_of_another_version_stop_the_function_at_init(models: Path, tmp_path: Path) -> None:
    (tmp_path / "version.txt").write_text("1.20.0\n")
    with pytest.raises(WrongModel, match=r"has the service models of botocore 1\.20\.0, and this code was written against 1\."):
        use_packaged_models(tmp_path)


def test_without_packaged_models_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DATA_PATH", raising=False)
    use_packaged_models(tmp_path / "none")
    assert "AWS_DATA_PATH" not in os.environ
    checked(client_of("sagemaker"))


@pytest.mark.slow
def test_an_older_model_is_refused_and_what_it_lacks_is_named(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = next(models.glob("sagemaker/*/service-2.json"))
    older = tmp_path / "sagemaker" / file.parent.name
    older.mkdir(parents=True)
    text = file.read_text("utf-8").replace("MlflowConfig", "Mlflow").replace("pinnedBy", "by")
    (older / "service-2.json").write_text(text)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    with pytest.raises(WrongModel, match=r"does not know MlflowConfig of a training job: use 1\."):
        checked(client_of("sagemaker"))
    assert botocore.loaders.Loader().load_service_model("sagemaker", "service-2")["metadata"]["serviceId"] == "SageMaker"
