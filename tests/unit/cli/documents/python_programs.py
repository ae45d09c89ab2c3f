"""Small programs in the styles of the SDK v1, v2 and v3 and of boto3, each with the expected result."""

from __future__ import annotations

from tests.unit.cli.checking import request

ALL = ["save-long-work", "one-hour-without-checkpoints", "wait-limit", "spot-for-long-jobs"]
OF_A_FRAMEWORK = ["save-long-work", "wait-limit", "spot-for-long-jobs"]  # its script may save checkpoints
WITHIN_LIMITS = ["save-long-work", "spot-for-long-jobs"]  # with a short wait or none
ROLE = "arn:aws:iam::111122223333:role/train"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311"

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
        "undecided", [], OF_A_FRAMEWORK,
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
        "undecided", [], WITHIN_LIMITS,
    ),
    "v2 a value that is set in a branch": (
        "import os\nfrom sagemaker.pytorch import PyTorch\nspot = False\nif os.environ.get('CHEAP'):\n    spot = True\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", use_spot_instances=spot, max_run=7200)\n',
        "undecided", [], WITHIN_LIMITS,
    ),
    "v2 set on the object afterwards": (
        f'from sagemaker.pytorch import PyTorch\ne = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=7200)\n'
        "e.use_spot_instances = True\n",
        "undecided", [], WITHIN_LIMITS,
    ),
    "v2 warm pool": (
        f'from sagemaker.pytorch import PyTorch\ne = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=7200,'
        " keep_alive_period_in_seconds=600)\n",
        "allow", [], [],
    ),
    "a choice whose condition is known": (
        "from sagemaker.pytorch import PyTorch\nuse_spot = True\nmax_run = 7200\nmax_wait = 2 * max_run if use_spot else None\n"
        "ckpt = f's3://{bucket}/ck' if use_spot else None\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", use_spot_instances=use_spot, max_run=max_run,'
        " max_wait=max_wait, checkpoint_s3_uri=ckpt)\n",
        "allow", [], [],
    ),
    "a branch whose condition is known": (
        "from sagemaker.pytorch import PyTorch\nMODE = 'cheap'\nif MODE == 'cheap':\n"
        "    limits = {'max_run': 7200, 'max_wait': 7200}\nelse:\n    limits = {'max_run': 7200}\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", use_spot_instances=MODE == "cheap", **limits)\n',
        "findings", ["save-long-work"], [],
    ),
    "a prefix with places is one, whatever stands there": (
        V2_SPOT.replace('"s3://acme-ml/checkpoints/bert/"', '"s3://{}/checkpoints".format(session.default_bucket())'),
        "allow", [], [],
    ),
    "a prefix that may be none": (
        V2_SPOT.replace('"s3://acme-ml/checkpoints/bert/"', "args.checkpoints"), "undecided", [], ["save-long-work"],
    ),
    "settings of a class": (
        "from sagemaker.pytorch import PyTorch\nclass Settings:\n    TYPE = 'ml.g5.xlarge'\n    HOURS = 2\n"
        "    RUN = HOURS * 3600\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type=Settings.TYPE, max_run=Settings.RUN)\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "settings of a class that are changed": (
        "from sagemaker.pytorch import PyTorch\nclass Settings:\n    RUN = 7200\nSettings.RUN = read()\n"
        f'e = PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=Settings.RUN)\n',
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "an attribute that is set once": (
        "from sagemaker.pytorch import PyTorch\nclass Job:\n    def __init__(self, role):\n"
        "        self.role, self.run = role, None\n"
        "        self.kind = 'ml.g5.xlarge'\n        self.most = 600\n    def start(self):\n"
        "        PyTorch('t.py', role=self.role, instance_type=self.kind, max_run=self.most).fit()\n",
        "allow", [], [],
    ),
    "an attribute that another method sets": (
        "from sagemaker.pytorch import PyTorch\nclass Job:\n    most = 600\n    def longer(self):\n        self.most = 90000\n"
        "    def start(self):\n        PyTorch('t.py', role='r', instance_type='ml.g5.xlarge', max_run=self.most).fit()\n",
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "what the main block gives": (
        "from sagemaker.pytorch import PyTorch\nHOUR = 3600\nif __name__ == '__main__':\n    most = 2 * HOUR\n"
        f'    PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=most).fit()\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "one estimator for this machine beside another": (
        V2_SPOT + V2_SPOT.replace("estimator = ", "trial = ").replace("ml.g5.2xlarge", "local"), "allow", [], [],
    ),
    "a name that the SDK v2 sends as it is": (
        V2_SPOT.replace('role="', 'base_job_name="my_bert", role="'), "refused", ["SageMaker"], [],
    ),
    "a heterogeneous cluster": (
        "from sagemaker.tensorflow import TensorFlow\nfrom sagemaker.instance_group import InstanceGroup\n"
        'data = InstanceGroup("data", "ml.c5.9xlarge", 2)\n'
        'dnn = InstanceGroup(instance_group_name="dnn", instance_type="ml.g5.xlarge", instance_count=1)\n'
        f'e = TensorFlow(entry_point="t.py", role="{ROLE}", instance_groups=[data, dnn], max_run=7200)\n',
        "allow", [], [],
    ),
    "tags that are known in part": (
        V2_SPOT.replace('role="', 'tags=[{"Key": "team", "Value": team()}], role="'), "allow", [], [],
    ),
    "v3 on this machine": (
        V3_SPOT + "from sagemaker.train.model_trainer import Mode\nModelTrainer(training_mode=Mode.LOCAL_CONTAINER)\n",
        "allow", [], [],
    ),
    "v3 hyperparameters of a file": (
        V3_SPOT.replace('base_job_name="bert"', 'base_job_name="bert", hyperparameters="hp.json"'), "allow", [], [],
    ),
    "v3 checkpoints at the SDK's own place": (
        V3_SPOT.replace('CheckpointConfig(s3_uri="s3://acme-ml/checkpoints/bert/")', "CheckpointConfig()"), "allow", [], [],
    ),
    "boto3 request in pieces": (
        "import boto3\nsm = boto3.client('sagemaker')\nrequest = {'TrainingJobName': 'bert-1'}\n"
        f"request['RoleArn'] = '{ROLE}'\nlimits = {{'MaxRuntimeInSeconds': 7200}}\nrequest['StoppingCondition'] = {{**limits}}\n"
        "request['StoppingCondition']['MaxWaitTimeInSeconds'] = 7200\nrequest.update(EnableManagedSpotTraining=True)\n"
        "request.update({'AlgorithmSpecification': {'TrainingImage': 'train:1', 'TrainingInputMode': 'File'}})\n"
        "request['ResourceConfig'] = {'InstanceType': 'ml.g5.xlarge', 'InstanceCount': 1, 'VolumeSizeInGB': 9}\n"
        "request['OutputDataConfig'] = {'S3OutputPath': 's3://acme-ml/out'}\nrequest['Tags'] = []\n"
        "request['Tags'].append({'Key': 'team', 'Value': 'nlp'})\nsm.create_training_job(**request)\n",
        "findings", ["save-long-work"], [],
    ),
    "boto3 request that is used before it is whole": (
        "import boto3\nsm = boto3.client('sagemaker')\nrequest = {}\ndef send():\n    sm.create_training_job(**request)\n"
        "request['EnableManagedSpotTraining'] = True\nsend()\n",
        "undecided", [], ALL,
    ),
    "boto3 request that another name changes": (
        "import boto3\nsm = boto3.client('sagemaker')\nlimits = {'MaxRuntimeInSeconds': 60}\nsame = limits\n"
        "same['MaxRuntimeInSeconds'] = 90000\n"
        "sm.create_training_job(TrainingJobName='a', RoleArn=role, OutputDataConfig=out, AlgorithmSpecification={'TrainingImage':"
        " 'train:1', 'TrainingInputMode': 'File'}, StoppingCondition=limits, ResourceConfig={'InstanceType': 'ml.g5.xlarge',"
        " 'InstanceCount': 1, 'VolumeSizeInGB': 9})\n",
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "boto3 tuning job from elsewhere": (
        "import boto3\nboto3.client('sagemaker').create_hyper_parameter_tuning_job(**request)\n", "undecided", [], ALL,
    ),
    "sagemaker-core with a session": (
        "from sagemaker.core.resources import TrainingJob\nfrom sagemaker.core.shapes import StoppingCondition, ResourceConfig,"
        " AlgorithmSpecification, OutputDataConfig\n"
        f"TrainingJob.create(training_job_name='a', role_arn='{ROLE}', session='s', region='eu-west-1',"
        " algorithm_specification=AlgorithmSpecification(training_image='train:1', training_input_mode='File'),"
        " output_data_config=OutputDataConfig(s3_output_path='s3://acme-ml/out'), stopping_condition=StoppingCondition("
        "max_runtime_in_seconds=600), resource_config=ResourceConfig(instance_type='ml.m5.xlarge', instance_count=1,"
        " volume_size_in_gb=9))\n",
        "allow", [], [],
    ),
    "a name that is given again before another call": (
        "use_spot_instances = True\nmost = 600\n" + V2_SPOT.replace("max_run=14400", "max_run=most").replace("=True,", "=False,")
        .replace(" max_wait=28800,", "") + "most = 90000\n",
        "allow", [], [],
    ),
    "a name that a loop gives again": (
        "most = 600\nfor most in (1, 90000):\n    print(most)\n"
        + V2_SPOT.replace("max_run=14400", "max_run=most").replace("=True,", "=False,").replace(" max_wait=28800,", ""),
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "an operator of Airflow": (
        "from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator\n"
        f"config = {request(CheckpointConfig=None)!r}\ntrain = SageMakerTrainingOperator(task_id='t', config=config)\n",
        "findings", ["save-long-work"], [],
    ),
    "an operator of Airflow for tuning": (
        "from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTuningOperator\n"
        "SageMakerTuningOperator(task_id='t', config=config_of(dag))\n",
        "undecided", [], ALL,
    ),
    "an image of the account in any region": (
        "from sagemaker.estimator import Estimator\n"
        f'Estimator(image_uri=f"{{account}}.dkr.ecr.{{region}}.amazonaws.com/train:latest", role="{ROLE}", instance_count=1,'
        ' instance_type="ml.g5.xlarge", max_run=7200)\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "an image of a framework in any region": (
        V3_SPOT.replace('"763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311"',
        '"763104351884.dkr.ecr." + region + ".amazonaws.com/pytorch-training:2.5"').replace("_training=True", "_training=False")
        .replace(", max_wait_time_in_seconds=28800", ""),
        "findings", ["spot-for-long-jobs"], [],
    ),
    "an image that may be a built-in algorithm": (
        "from sagemaker.estimator import Estimator\n"
        f'Estimator("{{}}.dkr.ecr.{{}}.amazonaws.com/kmeans:1".format(account, region), "{ROLE}", 1, "ml.g5.xlarge")\n',
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "a JumpStart model's image": (
        "from sagemaker import image_uris\nfrom sagemaker.estimator import Estimator\n"
        "image = image_uris.retrieve(region=None, framework=None, model_id='m', model_version='*', image_scope='training')\n"
        f'Estimator(image_uri=image, role="{ROLE}", instance_count=1, instance_type="ml.g5.xlarge", max_run=7200)\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "the first XGBoost, which cannot checkpoint": (
        "from sagemaker.amazon.amazon_estimator import get_image_uri\nimport sagemaker\n"
        f"image = get_image_uri(region, 'xgboost')\nsagemaker.estimator.Estimator(image, '{ROLE}', train_instance_count=1,"
        " train_instance_type='ml.m5.xlarge', train_use_spot_instances=True, train_max_run=7200, train_max_wait=7200)\n",
        "refused", ["SageMaker", "one-hour-without-checkpoints"], [],
    ),
    "a duration": (
        "from datetime import timedelta\nfrom sagemaker.pytorch import PyTorch\nhours = int('3')\n"
        f'PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=int(timedelta(hours=hours).total_seconds()))\n',
        "findings", ["spot-for-long-jobs"], [],
    ),
    "a duration that is read": (
        "from datetime import timedelta\nfrom sagemaker.pytorch import PyTorch\nhours = int(input())\n"
        f'PyTorch("t.py", role="{ROLE}", instance_type="ml.g5.xlarge", max_run=int(timedelta(hours=hours).total_seconds()))\n',
        "undecided", [], ["spot-for-long-jobs"],
    ),
    "a step whose estimator has a name that no job may have": (
        V2_SPOT.replace('role="', 'base_job_name="demo/train", role="')
        + "from sagemaker.workflow.steps import TrainingStep\nTrainingStep(name='t', estimator=estimator)\n",
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
        "undecided", [], WITHIN_LIMITS,
    ),
    "v3 recipe with what it is given": (
        f"from sagemaker.train import ModelTrainer\nfrom sagemaker.train.configs import Compute, StoppingCondition\n"
        f'compute = Compute(instance_type="ml.p5.48xlarge", instance_count=2)\n'
        f'trainer = ModelTrainer.from_recipe("training/llama", compute, training_image="{IMAGE}",\n'
        f"    stopping_condition=StoppingCondition(max_runtime_in_seconds=7200))\n",
        "findings", ["spot-for-long-jobs"], [],
    ),
    "v3 recipe that keeps a warm pool": (
        "from sagemaker.train import ModelTrainer\nfrom sagemaker.train.configs import Compute\n"
        'trainer = ModelTrainer.from_recipe(training_recipe="training/llama", training_image=image,\n'
        '    compute=Compute(instance_type="ml.p5.48xlarge", instance_count=2, keep_alive_period_in_seconds=1800))\n',
        "allow", [], [],
    ),
    "v3 recipe with nothing given": (
        "from sagemaker.train import ModelTrainer\ntrainer = ModelTrainer.from_recipe(**settings)\n", "undecided", [], ALL,
    ),
    "a checkpoint prefix that is printed": (
        V2_SPOT.replace("estimator = PyTorch(", "place = 's3://{}/c/{}'.format(bucket, name)\nprint('in {}'.format(place))\n"
                        "estimator = PyTorch(").replace('"s3://acme-ml/checkpoints/bert/"', "place"),
        "allow", [], [],
    ),
    "an image that is shown": (
        'from sagemaker import image_uris\nfrom sagemaker.estimator import Estimator\n'
        'image = image_uris.retrieve(region=region, framework="linear-learner")\nprint("{} of {}".format(image, region))\n'
        f'e = Estimator(image, "{ROLE}", 1, "ml.g5.xlarge")\n',
        "allow", [], [],
    ),
    "an old version that cannot checkpoint": (
        'from sagemaker import image_uris\nfrom sagemaker.estimator import Estimator\n'
        'image = image_uris.retrieve("xgboost", boto3.Session().region_name, "latest")\ndisplay(image)\n'
        f'e = Estimator(image, "{ROLE}", 1, "ml.g5.xlarge")\n',
        "allow", [], [],
    ),
    "a copy of a request that is copied twice": (
        "import copy\n" + BOTO3_SPOT.replace("client.create_training_job(", "common = dict(")
        + 'first = copy.deepcopy(common)\nfirst["ResourceConfig"]["InstanceCount"] = 1\nsecond = copy.deepcopy(common)\n'
        "client.create_training_job(**first)\n",
        "allow", [], [],
    ),
    "a class of the program with the SDK's arguments": (
        V2_SPOT.replace("estimator = PyTorch(", "class Own(PyTorch):\n    pass\nclass Mine(Own):\n    x = 1\nestimator = Mine("),
        "allow", [], [],
    ),
    "a class of the program with arguments of its own": (
        V2_SPOT.replace(
            "estimator = PyTorch(",
            "class Mine(PyTorch):\n    def __init__(self, **more):\n        super().__init__(max_run=9)\nestimator = Mine("
        ),
        "undecided", [], ALL,
    ),
    "an estimator of another module": (
        V2_SPOT.replace("from sagemaker.pytorch import PyTorch", "from ours import OurEstimator as PyTorch")
        .replace("PyTorch(", "OurEstimator(").replace("OurEstimator as PyTorch", "OurEstimator"),
        "undecided", [], ALL,
    ),
    "a built-in algorithm by place": (
        'import sagemaker\nfrom sagemaker import KMeans\n'
        f'e = KMeans("{ROLE}", 1, "ml.c5.xlarg", k=3, max_run=1200)\n',
        "refused", ["SageMaker"], [],
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
"""Each program by its name: its text, the verdict, the rules that it breaks, and the rules of which nothing can be said."""
