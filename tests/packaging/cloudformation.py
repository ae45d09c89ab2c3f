"""What CloudFormation makes of the template: the SAM transform, parameters and conditions, and names shortened as AWS does.

``resources(template, stack, parameters)`` returns the resources that exist, with every function (Ref, Fn::…) resolved.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ACCOUNT, REGION = "123456789012", "us-east-1"
NAME_MAX = {
    "AWS::Lambda::Function": 64,
    "AWS::IAM::Role": 64,
    "AWS::Events::Rule": 64,
    "AWS::SQS::Queue": 80,
    "AWS::S3::Bucket": 63,
}
ARNS = {
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
}  # fmt: skip
NOTHING = object()
ROLE, BUCKET = f"arn:aws:iam::{ACCOUNT}:role/training", "acme-checkpoints"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:slack-AbCdEf"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OBSERVING = {"TrainingRoles": "", "CheckpointBuckets": "", "PolicyTopics": ""}
WHOLE = {
    "TrainingRoles": ROLE,
    "CheckpointBuckets": BUCKET,
    "PolicyTopics": f"arn:aws:sns:{REGION}:{ACCOUNT}:vision,arn:aws:sns:eu-west-1:111122223333:all",
    "TopicKey": KEY,
    "SlackTokenSecret": SECRET,
    "SlackSecretKey": KEY,
    "AlarmTopic": TOPIC,
    "ApiAccessLog": "on-with-role",
    "RefusedCreates": "yes",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "SubnetIds": "subnet-0a,subnet-0b",
    "SecurityGroupIds": "sg-0a",
    "Key": KEY,
}


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the template after the SAM transform."""
    copy: dict[str, Any] = json.loads(json.dumps(template))
    for resource in copy["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    values = {name: parameter.get("Default", "") for name, parameter in copy["Parameters"].items()} | dict(parameters)
    return dict(Translator({}, Parser()).translate(copy, values))


def resources(template: Mapping[str, Any], stack: str = "spotwarden", parameters: Mapping[str, str] = WHOLE) -> dict[str, Any]:
    """Return what a stack of that name holds, by logical id. Raises ValueError for a parameter that its pattern refuses."""
    for name, value in parameters.items():
        _check(template["Parameters"][name], name, value)
    return Stack(template=transformed(template, parameters), name=stack, parameters=parameters).resources()


def _check(parameter: Mapping[str, Any], name: str, value: str) -> None:
    several = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    for one in several:
        allowed = [str(one) for one in parameter.get("AllowedValues", [one])]
        if not re.fullmatch(parameter.get("AllowedPattern", ".*"), one) or one not in allowed:
            raise ValueError(f"{name} is {value!r}: {parameter.get('ConstraintDescription')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack of a transformed template."""

    template: Mapping[str, Any]
    name: str
    parameters: Mapping[str, str]
    id: str = field(default=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/NAME/51af3dc0-da77-11e4-872e-1234567db123")

    def resources(self) -> dict[str, Any]:
        return {
            logical_id: {**resource, "Properties": self.value(resource.get("Properties", {})), "Name": self.physical(logical_id)}
            for logical_id, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def physical(self, logical_id: str) -> str:
        """The name that CloudFormation gives, shortened to what the kind of resource allows."""
        kind = self.template["Resources"][logical_id]["Type"]
        tail = hashlib.sha256(logical_id.encode()).hexdigest()[:12].upper()
        longest = NAME_MAX.get(kind, 255) - len(tail) - 1
        head = f"{self.name}-{logical_id}"
        if len(head) > longest:
            head = f"{self.name[: longest // 2]}-{logical_id[: longest // 2 - 1]}"
        found = f"{head}-{tail}"
        return found.lower() if kind == "AWS::S3::Bucket" else found

    def holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        [(name, asked)] = condition.items()
        match name:
            case "Condition":
                return self.holds(asked)
            case "Fn::Equals":
                return str(self.value(asked[0])) == str(self.value(asked[1]))
            case "Fn::Not":
                return not self.holds(asked[0])
            case "Fn::And":
                return all(self.holds(one) for one in asked)
            case "Fn::Or":
                return any(self.holds(one) for one in asked)
        raise ValueError(f"unknown condition {name}")

    def value(self, found: Any) -> Any:
        if isinstance(found, list):
            return [value for one in found if (value := self.value(one)) is not NOTHING]
        if not isinstance(found, Mapping):
            return found
        if len(found) == 1:
            [(name, asked)] = found.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, asked)
        return {name: value for name, one in found.items() if (value := self.value(one)) is not NOTHING}

    def _function(self, name: str, asked: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(asked)
            case "Fn::GetAtt":
                logical_id, attribute = asked if isinstance(asked, list) else asked.split(".")
                return self._attribute(logical_id, attribute)
            case "Fn::If":
                return self.value(asked[1] if self.holds(asked[0]) else asked[2])
            case "Fn::Sub":
                text, variables = (asked, {}) if isinstance(asked, str) else asked
                return re.sub(r"\$\{([^!}]+)\}", lambda m: str(self._variable(m[1], variables)), text)
            case "Fn::Join":
                return asked[0].join(map(str, self.value(asked[1])))
            case "Fn::Split":
                return str(self.value(asked[1])).split(asked[0])
            case "Fn::Select":
                return self.value(asked[1])[int(asked[0])]
        raise ValueError(f"unknown function {name}")

    def _variable(self, name: str, variables: Mapping[str, Any]) -> Any:
        if name in variables:
            return self.value(variables[name])
        return self._attribute(*name.split(".")) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::NoValue": NOTHING, "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT,
            "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": self.name, "AWS::StackId": self.id.replace("NAME", self.name),
        }  # fmt: skip
        if name in pseudo:
            return pseudo[name]
        if name in self.template["Parameters"]:
            parameter = self.template["Parameters"][name]
            value = self.parameters.get(name, parameter.get("Default", ""))
            return str(value).split(",") if parameter["Type"] == "CommaDelimitedList" else value
        self._exists(name)
        kind = self.template["Resources"][name]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.physical(name)}"
        return self.physical(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        self._exists(logical_id)
        kind = self.template["Resources"][logical_id]["Type"]
        if attribute == "Arn":
            return ARNS[kind].format(region=REGION, account=ACCOUNT, name=self.physical(logical_id))
        if attribute == "QueueName":
            return self.physical(logical_id)
        raise ValueError(f"unknown attribute {attribute} of {kind}")

    def _exists(self, logical_id: str) -> None:
        condition = self.template["Resources"][logical_id].get("Condition")
        if condition is not None and not self.holds(condition):
            raise ValueError(f"a reference to {logical_id}, which does not exist while {condition} does not hold")
