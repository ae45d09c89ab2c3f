"""Derives controller/data/instances.json: the instance types that SageMaker training offers, and what they contain.

    python infra/derive_instances.py > controller/data/instances.json

The types are those of botocore's service model (TrainingInstanceType). Their data is from moto's copy of EC2's
DescribeInstanceTypes. Types that EC2 no longer lists are in ``RETIRED``, with AWS's own page as their source.
"""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import botocore.session

Row = list[Any]  # architecture, accelerator, number of accelerators, MiB of each, vCPUs, MiB of memory

P2, P3 = "https://aws.amazon.com/ec2/instance-types/p2/", "https://aws.amazon.com/ec2/instance-types/p3/"
RETIRED: Mapping[str, tuple[Row, str]] = {
    "ml.p2.xlarge": (["x86_64", "NVIDIA K80", 1, 12288, 4, 62464], P2),
    "ml.p2.8xlarge": (["x86_64", "NVIDIA K80", 8, 12288, 32, 499712], P2),
    "ml.p2.16xlarge": (["x86_64", "NVIDIA K80", 16, 12288, 64, 749568], P2),
    "ml.p3.2xlarge": (["x86_64", "NVIDIA V100", 1, 16384, 8, 62464], P3),
    "ml.p3.8xlarge": (["x86_64", "NVIDIA V100", 4, 16384, 32, 249856], P3),
    "ml.p3.16xlarge": (["x86_64", "NVIDIA V100", 8, 16384, 64, 499712], P3),
}


def table() -> dict[str, Any]:
    """The content of instances.json."""
    listed = json.loads(gzip.decompress(files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()))
    shape = botocore.session.get_session().get_service_model("sagemaker").shape_for("TrainingInstanceType")
    rows = {offered: _row(listed[offered.removeprefix("ml.")]) for offered in shape.enum if offered.removeprefix("ml.") in listed}
    rows |= {name: row for name, (row, _) in RETIRED.items()}
    return {
        "sources": [
            f"botocore {version('botocore')}, sagemaker/2017-07-24, TrainingInstanceType",
            f"moto {version('moto')}, ec2/resources/instance_types.json (EC2 DescribeInstanceTypes)",
            *sorted({source for _, source in RETIRED.values()}),
        ],
        "columns": ["architecture", "accelerator", "accelerators", "accelerator_mib", "vcpus", "memory_mib"],
        "unknown": sorted(set(shape.enum) - rows.keys()),
        "instances": dict(sorted(rows.items())),
    }


def _row(described: Mapping[str, Any]) -> Row:
    name, count, each_mib = next(_accelerators(described), (None, 0, 0))
    architecture = described["ProcessorInfo"]["SupportedArchitectures"][-1]
    return [architecture, name, count, each_mib, described["VCpuInfo"]["DefaultVCpus"], described["MemoryInfo"]["SizeInMiB"]]


def _accelerators(described: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    for gpu in (described.get("GpuInfo") or {}).get("Gpus", ()):
        yield f"{gpu['Manufacturer']} {gpu['Name']}", gpu["Count"], gpu["MemoryInfo"]["SizeInMiB"]
    for device in (described.get("NeuronInfo") or {}).get("NeuronDevices", ()):
        yield f"AWS {device['Name']}", device["Count"], device["MemoryInfo"]["SizeInMiB"]


def text() -> str:
    """The text of instances.json: one line for each type."""
    document = table()
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in document.pop("instances").items())
    return json.dumps(document, indent=1)[:-2] + ',\n "instances": {\n' + rows + "\n }\n}\n"


if __name__ == "__main__":
    sys.stdout.write(text())
