"""Small programs in the styles of the SDK v1, v2 and v3 and of boto3: judged by their literals, and honest about the rest."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.checking import Check

ALL = ["save-long-work", "one-hour-without-checkpoints", "wait-limit", "spot-for-long-jobs"]
ROLE = "arn:aws:iam::111122223333:role/train"

V2_SPOT = f"""
from sagemaker.pytorch import PyTorch
estimator = PyTorch(
    entry_point="train.py", role="{ROLE}", framework_version="2.5", py_version="py311", instance_count=1,
    instance_type="ml.g5.2xlarge", use_spot_instances=True, max_run=14400, max_wait=28800,
    checkpoint_s3_uri="s3://acme-ml/checkpoints/bert/", output_path="s3://acme-ml/out",
)
estimator.fit()
"""
V3_SPOT = """
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, StoppingCondition, CheckpointConfig, SourceCode
trainer = ModelTrainer(
    training_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311",
    source_code=SourceCode(source_dir="src", entry_script="train.py"), base_job_name="bert",
    compute=Compute(instance_type="ml.g5.2xlarge", instance_count=1, enable_managed_spot_training=True),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=14400, max_wait_time_in_seconds=28800),
    checkpoint_config=CheckpointConfig(s3_uri="s3://acme-ml/checkpoints/bert/"),
)
trainer.train()
"""
BOTO3_SPOT = f"""
import boto3
client = boto3.client("sagemaker")
client.create_training_job(
    TrainingJobName="bert-1", RoleArn="{ROLE}",
    AlgorithmSpecification={{
        "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1", "TrainingInputMode": "File",
    }},
    OutputDataConfig={{"S3OutputPath": "s3://acme-ml/out"}},
    ResourceConfig={{"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}},
    StoppingCondition=dict(MaxRuntimeInSeconds=4 * 60 * 60, MaxWaitTimeInSeconds=8 * 60 * 60),
    EnableManagedSpotTraining=True,
    CheckpointConfig={{"S3Uri": "s3://acme-ml/checkpoints/bert-1/"}},
)
"""

PROGRAMS = {
    "v2 spot with checkpoints": (V2_SPOT, "allow", [], []),
    "v2 spot without checkpoints": (
        V2_SPOT.replace('checkpoint_s3_uri="s3://acme-ml/checkpoints/bert/", ', ""), "findings", ["save-long-work"], [],
    ),
    "v2 on demand": (
        "from sagemaker.estimator import Estimator\n"
        f'e = Estimator("me.dkr.ecr.x/train:1", "{ROLE}", 1, "ml.g5.xlarge", max_run=7200)\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v2 default of a day": (
        "import sagemaker\n"
        f'e = sagemaker.estimator.Estimator("train:1", role="{ROLE}", instance_count=1, instance_type="ml.g5.xlarge")\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v2 short": (
        f'from sagemaker.sklearn import SKLearn\ne = SKLearn("t.py", role="{ROLE}", instance_type="ml.m5.xlarge", max_run=600)\n',
        "allow", [], [],
    ),
    "v2 spot without max_wait": (V2_SPOT.replace(", max_wait=28800", ""), "refused", ["SageMaker"], []),
    "v2 constants of the module": (
        "SPOT = True\nHOUR = 60 * 60\nMAX_RUN = 4 * HOUR\n"
        + V2_SPOT.replace("use_spot_instances=True, max_run=14400, max_wait=28800", "use_spot_instances=SPOT, max_run=MAX_RUN,"
        " max_wait=2 * MAX_RUN"),
        "allow", [], [],
    ),
    "v2 arguments of a function": (
        "from sagemaker.pytorch import PyTorch\n"
        "def run(spot, role):\n"
        '    return PyTorch(entry_point="t.py", role=role, instance_type="ml.g5.xlarge", use_spot_instances=spot,'
        " max_run=7200, max_wait=14400 if spot else None)\n",
        "undecided", [], ALL,
    ),
    "v2 settings from elsewhere": (
        "from config import settings\nfrom sagemaker.pytorch import PyTorch\ne = PyTorch(entry_point='t.py', **settings)\n",
        "undecided", [], ALL,
    ),
    "v2 settings of the file": (
        f'from sagemaker.pytorch import PyTorch\nsettings = dict(role="{ROLE}", instance_type="ml.g5.xlarge", instance_count=1,'
        " max_run=7200)\ne = PyTorch(entry_point='t.py', **settings)\n",
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v2 settings that are changed": (
        f'from sagemaker.pytorch import PyTorch\nsettings = dict(role="{ROLE}", instance_type="ml.g5.xlarge", max_run=7200)\n'
        "settings['use_spot_instances'] = choose()\ne = PyTorch(entry_point='t.py', **settings)\n",
        "undecided", [], ALL,
    ),
    "v2 a value that is set in a branch": (
        "import os\nfrom sagemaker.pytorch import PyTorch\nspot = False\nif os.environ.get('CHEAP'):\n    spot = True\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", use_spot_instances=spot, max_run=7200)\n',
        "undecided", [], ALL,
    ),
    "v2 set on the object afterwards": (
        f'from sagemaker.pytorch import PyTorch\ne = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=7200)\n'
        "e.use_spot_instances = True\n",
        "undecided", [], ALL,
    ),
    "v2 warm pool": (
        f'from sagemaker.pytorch import PyTorch\ne = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=7200,'
        " keep_alive_period_in_seconds=600)\n",
        "allow", [], [],
    ),
    "v1 names": (
        "from sagemaker.tensorflow import TensorFlow\n"
        f'e = TensorFlow(entry_point="t.py", role="{ROLE}", train_instance_count=1, train_instance_type="ml.p3.2xlarge",'
        " train_use_spot_instances=True, train_max_run=7200, train_max_wait=14400)\n",
        "findings", ["save-long-work"], [],
    ),
    "a built-in algorithm that cannot checkpoint": (
        "from sagemaker import KMeans\n"
        f'k = KMeans(role="{ROLE}", instance_count=1, instance_type="ml.m5.xlarge", k=10, use_spot_instances=True, max_run=3600,'
        " max_wait=7200)\n",
        "refused", ["SageMaker", "one-hour-without-checkpoints"], [],
    ),
    "an image that is looked up": (
        "import sagemaker\nfrom sagemaker import image_uris\nfrom sagemaker.estimator import Estimator\n"
        'image = image_uris.retrieve("xgboost", sagemaker.Session().boto_region_name, version="1.7-1")\n'
        f'e = Estimator(image_uri=image, role="{ROLE}", instance_count=1, instance_type="ml.m5.xlarge", max_run=7200,'
        " use_spot_instances=True, max_wait=14400)\n",
        "findings", ["save-long-work"], [],
    ),
    "v3 spot with checkpoints": (V3_SPOT, "allow", [], []),
    "v3 on demand": (
        "from sagemaker.modules.train import ModelTrainer\nfrom sagemaker.modules.configs import Compute, StoppingCondition\n"
        't = ModelTrainer(training_image="train:1", compute=Compute(instance_type="ml.g5.xlarge", instance_count=2),'
        " stopping_condition=StoppingCondition(max_runtime_in_seconds=86400))\n",
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v3 default of an hour": (
        "from sagemaker.train import ModelTrainer\nModelTrainer(training_image='train:1').train()\n",
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v3 checkpoints added to the trainer": (
        V3_SPOT.replace('    checkpoint_config=CheckpointConfig(s3_uri="s3://acme-ml/checkpoints/bert/"),\n', "").replace(
            "trainer.train()", 'trainer.with_checkpoint_config(CheckpointConfig(s3_uri="s3://acme-ml/checkpoints/bert/"))'
        ),
        "allow", [], [],
    ),
    "v3 compute of a function": (
        "from sagemaker.train import ModelTrainer\nt = ModelTrainer(training_image='train:1', compute=make_compute())\n",
        "undecided", [], ALL,
    ),
    "boto3 spot with checkpoints": (BOTO3_SPOT, "allow", [], []),
    "boto3 wait below the runtime": (BOTO3_SPOT.replace("8 * 60 * 60", "60 * 60"), "refused", ["SageMaker"], []),
    "boto3 misspelt": (BOTO3_SPOT.replace("EnableManagedSpotTraining", "UseSpotInstances"), "refused", ["SageMaker"], []),
    "boto3 request of the file": (
        BOTO3_SPOT.replace("client.create_training_job(", "request = dict(").replace(
            '    CheckpointConfig={"S3Uri": "s3://acme-ml/checkpoints/bert-1/"},\n', ""
        )
        + "client.create_training_job(**request)\n",
        "findings", ["save-long-work"], [],
    ),
    "boto3 request from elsewhere": (
        'import boto3, json\nrequest = json.load(open("job.json"))\nboto3.client("sagemaker").create_training_job(**request)\n',
        "undecided", [], ALL,
    ),
    "a variable whose name no job may have": (V2_SPOT.replace("estimator = ", "my_first_estimator = "), "allow", [], []),
    "an attribute that holds the estimator": (V2_SPOT.replace("estimator = ", "self.est = "), "allow", [], []),
    "boto3 instance type that is none": (BOTO3_SPOT.replace("ml.g5.2xlarge", "ml.g5.2xlarg"), "refused", ["SageMaker"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_judged_by_what_it_says(said_of: Check, name: str) -> None:
    text, verdict, broken, undecided = PROGRAMS[name]
    said = said_of(text, name="train.py")
    assert (said.job["verdict"], said.rules, said.job["undecided"]) == (verdict, broken, undecided)


def test_a_job_stands_in_its_line_under_its_name(said_of: Check) -> None:
    job = said_of(V2_SPOT, name="train.py").job
    assert (job["file"], job["path"], job["line"], job["job"]) == ("train.py", "estimator", 3, "estimator")
    assert job["algorithm"]["class"] == "framework"


def test_a_tuner_owns_its_estimator_and_a_pipeline_its_step(said_of: Check) -> None:
    tuned = V2_SPOT + "from sagemaker.tuner import HyperparameterTuner\nHyperparameterTuner(estimator, 'loss', {})\n"
    assert said_of(tuned, name="tune.py").job["owner"] == "hyperparameter tuning"
    stepped = V2_SPOT + "from sagemaker.workflow.steps import TrainingStep\nTrainingStep(name='t', estimator=estimator)\n"
    assert said_of(stepped, name="pipe.py").job["owner"] == "SageMaker Pipelines"


def test_a_notebook_is_one_program_and_a_job_stands_in_its_cell(said_of: Check) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Train"]},
        {"cell_type": "code", "source": ["%pip install sagemaker\n", "!ls\n", "max_run = 14400\n"]},
        {"cell_type": "code", "source": V2_SPOT.replace("max_run=14400", "max_run=max_run")},
        {"cell_type": "code", "source": ["%%bash\n", "echo not python ("]},
    ]
    said = said_of(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), name="train.ipynb")
    assert (said.code, said.job["path"], said.job["line"], said.job["verdict"]) == (0, "cells[2].estimator", 3, "allow")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("print 'two'\n", "line 1: found text that is not Python 3"),
        ("x = 1\n", "found no Estimator, ModelTrainer or create_training_job"),
        (V2_SPOT.replace("ml.g5.2xlarge", "local_gpu"), "instance_type local_gpu trains on this machine"),
    ],
)
def test_a_program_without_a_training_job_is_told_so(said_of: Check, text: str, error: str) -> None:
    said = said_of(text, name="train.py")
    assert said.code == 2
    assert said.job["error"].startswith(error)


def test_nothing_of_a_program_is_run(said_of: Check) -> None:
    said = said_of("raise SystemExit(7)\nimport os; os._exit(9)\n" + V2_SPOT, name="train.py")
    assert said.code == 0


def test_a_class_of_another_library_is_no_training_job(said_of: Check) -> None:
    said = said_of("from sklearn.base import Estimator\nEstimator(instance_type='ml.g5.xlarge')\n", name="train.py")
    assert said.code == 2
