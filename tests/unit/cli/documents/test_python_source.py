"""Small programs in the styles of the SDK v1, v2 and v3 and of boto3: judged by their literals, all else is unknown."""

from __future__ import annotations

import json
import time

import pytest

from controller.cli import main
from controller.cli.documents.found import FilledInLater
from controller.cli.documents.python_source import python_jobs
from tests.unit.cli.checking import Check, request
from tests.unit.cli.documents.python_programs import PROGRAMS, V2_SPOT


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_judged_by_its_literals(said_of: Check, name: str) -> None:
    text, verdict, broken, undecided = PROGRAMS[name]
    said = said_of(text, name="train.py")
    assert (said.job["verdict"], said.rules, said.job["undecided"]) == (verdict, broken, undecided)


def test_a_program_of_the_first_sdk_is_fixed_in_its_names(said_of: Check, capsys: pytest.CaptureFixture[str]) -> None:
    text = V2_SPOT.replace("instance_count", "train_instance_count").replace("instance_type", "train_instance_type")
    text = text.replace("max_run", "train_max_run").replace("use_spot_instances=True, ", "").replace(" max_wait=28800,", "")
    said_of(text, name="train.py")
    assert main(["check", "train.py"]) == 1
    said = capsys.readouterr().out
    assert "Estimator of the SageMaker Python SDK v1 (PyTorch)" in said
    assert "in SDK v1" in said
    assert "Estimator(train_use_spot_instances=True, train_max_run=14400, train_max_wait=28800)" in said


def test_a_pipeline_owns_the_estimator_of_its_step(said_of: Check) -> None:
    text = V2_SPOT.replace("estimator.fit()", "args = estimator.fit()")
    text += "from sagemaker.workflow.steps import TrainingStep\nTrainingStep(name='t', step_args=args)\n"
    assert said_of(text, name="pipe.py").job["owner"] == "SageMaker Pipelines"


def test_a_cell_of_commands_or_invalid_python_hides_no_other_cell(said_of: Check) -> None:
    cells = [
        {"cell_type": "code", "source": "files = !ls\nif files:\n    !rm -r x\nelse:\n    %cd y\nEstimator?\n"},
        {"cell_type": "code", "source": "print 'old'\nmax_run = 3\n"},
        {"cell_type": "code", "source": "%%time\n" + V2_SPOT},
        {"cell_type": "code", "source": "%%writefile train.py\nprint 'old'\n"},
    ]
    notebook = {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    said = said_of(json.dumps(notebook), name="train.ipynb")
    assert (said.code, said.job["path"], said.job["line"], said.job["verdict"]) == (0, "cells[2].estimator", 4, "allow")
    cells[2]["source"] = cells[2]["source"].replace("use_spot_instances=True", "use_spot_instances=max_run")
    assert said_of(json.dumps(notebook), name="train.ipynb").job["verdict"] == "undecided"
    cells.append({"cell_type": "code", "source": "est = PyTorch(\n"})
    said = said_of(json.dumps(notebook), name="train.ipynb")
    assert said.code == 2
    assert [(job["path"], job["error"] is None) for job in said.jobs] == [("cells[4]", False), ("cells[2].estimator", True)]
    other = {**notebook, "metadata": {"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}}
    assert said_of(json.dumps(other), name="train.ipynb").job["error"] == "found a notebook in r, wanted one in Python"


def test_a_job_has_its_line_and_its_name(said_of: Check) -> None:
    job = said_of(V2_SPOT, name="train.py").job
    assert (job["file"], job["path"], job["line"], job["job"]) == ("train.py", "estimator", 3, "estimator")
    assert job["algorithm"]["class"] == "framework"


def test_a_tuner_owns_its_estimator_and_a_pipeline_its_step(said_of: Check) -> None:
    tuned = V2_SPOT + "from sagemaker.tuner import HyperparameterTuner\nHyperparameterTuner(estimator, 'loss', {})\n"
    assert said_of(tuned, name="tune.py").job["owner"] == "hyperparameter tuning"
    stepped = V2_SPOT + "from sagemaker.workflow.steps import TrainingStep\nTrainingStep(name='t', estimator=estimator)\n"
    assert said_of(stepped, name="pipe.py").job["owner"] == "SageMaker Pipelines"


def test_a_notebook_is_one_program_and_a_job_has_its_cell(said_of: Check) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Train"]},
        {"cell_type": "code", "source": ["%pip install sagemaker\n", "!ls\n", "max_run = 14400\n"]},
        {"cell_type": "code", "source": V2_SPOT.replace("max_run=14400", "max_run=max_run")},
        {"cell_type": "code", "source": ["%%bash\n", "echo not python ("]},
    ]
    said = said_of(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), name="train.ipynb")
    assert (said.code, said.job["path"], said.job["line"], said.job["verdict"]) == (0, "cells[2].estimator", 3, "allow")


def test_an_unknown_value_names_the_cell_that_is_not_python(said_of: Check) -> None:
    cells = [
        {"cell_type": "code", "source": ["limit = !cat limit.txt\n"]},
        {"cell_type": "code", "source": V2_SPOT.replace("max_run=14400", "max_run=limit")},
    ]
    said = said_of(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), name="train.ipynb")
    assert 'MaxRuntimeInSeconds": "a_cell_that_is_not_python(…)' in json.dumps(said.job, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("print 'two'\n", "line 1: found text that is not Python 3"),
        ("x = 1\n", "found no Estimator, ModelTrainer or create_training_job"),
        (
            "from sagemaker_pyspark.algorithms import KMeansSageMakerEstimator\nKMeansSageMakerEstimator(k=1)\n",
            "found no Estimator, ModelTrainer or create_training_job, wanted Python that makes a training job;"
            " KMeansSageMakerEstimator of SageMaker Spark is not read",
        ),
        (V2_SPOT.replace("ml.g5.2xlarge", "local_gpu"), "instance_type local_gpu trains on this machine"),
    ],
)
def test_a_program_without_a_training_job_is_reported(said_of: Check, text: str, error: str) -> None:
    said = said_of(text, name="train.py")
    assert said.code == 2
    assert said.job["error"].startswith(error)


def test_nothing_of_a_program_is_run(said_of: Check) -> None:
    said = said_of("raise SystemExit(7)\nimport os; os._exit(9)\n" + V2_SPOT, name="train.py")
    assert said.code == 0


def test_a_class_of_another_library_is_no_training_job(said_of: Check) -> None:
    said = said_of("from sklearn.base import Estimator\nEstimator(instance_type='ml.g5.xlarge')\n", name="train.py")
    assert said.code == 2


def test_attributes_that_are_set_on_many_estimators_take_linear_time() -> None:
    made = "".join(f"e{n} = PyTorch(instance_type='ml.m5.large', role='r')\ne{n}.max_run = given\n" for n in range(500))
    began_s = time.process_time()
    found = list(python_jobs("a.py", f"from sagemaker.pytorch import PyTorch\n{made}"))
    assert time.process_time() - began_s < 3  # with one reading for each estimator it takes 5 s
    assert len(found) == 500
    assert isinstance(found[0].body["StoppingCondition"]["MaxRuntimeInSeconds"], FilledInLater)


def test_a_trainer_is_configured_by_name_or_right_after_it_is_made() -> None:
    settings = "StoppingCondition(max_runtime_in_seconds={})"
    text = (
        "from sagemaker.train import ModelTrainer\n"
        f"a = ModelTrainer(training_image='i').with_stopping_condition({settings.format(1)}).with_other(2)\n"
        f"b = ModelTrainer(training_image='i')\nb.with_stopping_condition({settings.format(3)})\n"
        f"ModelTrainer(training_image='i')\nother(b).with_stopping_condition({settings.format(4)})\n"
    )
    stops = [one.body["StoppingCondition"]["MaxRuntimeInSeconds"] for one in python_jobs("a.py", text)]
    assert stops == [1, 3, 3600]  # the last one is the SDK's default


@pytest.mark.parametrize(
    ("program", "field", "meant"),
    [
        (
            "PyTorch(instance_type='ml.g5.xlarge', use_spot_instance=True, max_run=600)",
            "use_spot_instance",
            "use_spot_instances?",
        ),
        ("PyTorch(instance_type='ml.g5.xlarge', max_runtime=600)", "max_runtime", "max_run?"),
        ("Estimator(instance_type='ml.g5.xlarge', checkpoint_s3_url='s3://acme/ck')", "checkpoint_s3_url", "checkpoint_s3_uri?"),
        ("ModelTrainer(training_image='x', use_spot_instances=True)", "use_spot_instances", "enable_managed_spot_training=…)?"),
        ("ModelTrainer(training_image='x', stopping_conditions=None)", "stopping_conditions", "stopping_condition?"),
    ],
)
def test_an_unknown_argument_of_the_sdk_is_named_with_what_was_meant(
    said_of: Check, program: str, field: str, meant: str
) -> None:
    said = said_of(f"made = {program}\n", name="train.py")
    told = next(finding for finding in said.job["findings"] if finding["field"] == field)
    assert (said.code, told["severity"], told["wanted"].endswith(meant)) == (4, "refused", True)


def test_placeholders_of_airflow_are_filled_in_later(said_of: Check) -> None:
    config = request(TrainingJobName="nightly-{{ ds_nodash }}")
    said = said_of(f"train = SageMakerTrainingOperator(task_id='t', config={config!r})\n", name="dag.py")
    assert (said.code, said.job["job"]) == (0, "train")
