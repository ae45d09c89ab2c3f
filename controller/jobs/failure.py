"""Classifies why a training job failed, and states for each cause whether another attempt can help and how it must differ.

SageMaker writes a FailureReason as ``<Class>: <text>``, at most 1,024 characters. SageMaker chooses the class; the text often
comes from the user's container (from /opt/ml/output/failure). So only the class at the beginning counts: a script that prints
"CapacityError" must not get another instance. SageMaker also writes the text of a ClientError, so its beginning counts too.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from controller.units.value import dataclass


class FailureCause(StrEnum):
    """Why a job ended without its model. Values are stored. ``MoveCause`` is why the controller moves a job."""

    NEVER_LAUNCHED = "never-launched"
    STARVED = "starved"
    CAPACITY = "capacity"
    INTERNAL = "internal"
    QUOTA = "quota"
    THROTTLED = "throttled"
    OVERRAN = "overran"
    ALGORITHM = "algorithm"
    CLIENT = "client"
    MEMORY = "memory"
    DISK = "disk"
    STOPPED = "stopped"
    ENFORCED = "enforced"
    UNKNOWN = "unknown"

    @property
    def retryable(self) -> bool:
        """Whether the same request, submitted again later, can succeed."""
        return FAILURE_HANDLING[self].retryable

    @property
    def next(self) -> "RetryChange":
        """How the next attempt must differ."""
        return FAILURE_HANDLING[self].next

    @property
    def tries_max(self) -> int | None:
        """The most retries of a lineage for this cause, even if a policy allows more; None for no limit."""
        return FAILURE_HANDLING[self].tries_max

    @property
    def label(self) -> str:
        """The cause in a few words, for tables and messages."""
        return FAILURE_HANDLING[self].label

    @property
    def why(self) -> str:
        """What happened and whether a retry can help, as sentences for people."""
        return FAILURE_HANDLING[self].why


class RetryChange(StrEnum):
    """How the next attempt must differ."""

    SAME = "the same request"
    RESUME = "the same request, continued from a checkpoint"  # without a checkpoint it would end the same way
    ELSEWHERE = "another pool"  # the next step of the ladder, if the policy has one
    LARGER = "a larger machine or volume"  # the one that the policy names
    NAMED = "only if the policy names the text"  # the same request, if a budget's texts match the FailureReason
    NEVER = "no retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureHandling:
    """What the controller does about one cause; ``FailureCause`` explains each field."""

    retryable: bool
    next: RetryChange
    label: str
    why: str
    tries_max: int | None = None


FAILURE_HANDLING: Mapping[FailureCause, FailureHandling] = {
    FailureCause.NEVER_LAUNCHED: FailureHandling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        label="never launched",
        why="SageMaker found no spot capacity within MaxWaitTimeInSeconds. Nothing was trained. Another instance type may"
        " have capacity.",
    ),
    FailureCause.STARVED: FailureHandling(
        retryable=True,
        next=RetryChange.RESUME,
        label="waited too long for spot",
        why="The job waited so long for spot capacity that it did not finish within MaxWaitTimeInSeconds. It can continue"
        " from its checkpoint.",
    ),
    FailureCause.CAPACITY: FailureHandling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        label="no capacity",
        why="EC2 had no capacity for this instance type. It may have capacity later, or for another instance type.",
    ),
    FailureCause.INTERNAL: FailureHandling(
        retryable=True,
        next=RetryChange.SAME,
        label="internal error",
        why="SageMaker reported an internal error. One retry is reasonable. If it fails again, the job is usually the"
        " reason: an image that cannot start, or a checkpoint prefix that is too large to restore.",
        tries_max=2,
    ),
    FailureCause.QUOTA: FailureHandling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        label="quota",
        why="The account's quota for this instance type is used up. The job may fit when other jobs end, or on"
        " another instance type.",
    ),
    FailureCause.THROTTLED: FailureHandling(
        retryable=True,
        next=RetryChange.SAME,
        label="throttled",
        why="AWS limited the rate of calls at that moment. The same call succeeds a little later.",
    ),
    FailureCause.OVERRAN: FailureHandling(
        retryable=False,
        next=RetryChange.RESUME,
        label="reached its maximum runtime",
        why="The job reached MaxRuntimeInSeconds. If the policy allows it and there is a checkpoint, the job can continue.",
    ),
    FailureCause.ALGORITHM: FailureHandling(
        retryable=False,
        next=RetryChange.NAMED,
        label="algorithm error",
        why="The training code failed. The same code with the same data fails again.",
    ),
    FailureCause.CLIENT: FailureHandling(
        retryable=False,
        next=RetryChange.NAMED,
        label="client error",
        why="The request is wrong (role, network or data). Someone must correct it first.",
    ),
    FailureCause.MEMORY: FailureHandling(
        retryable=False,
        next=RetryChange.LARGER,
        label="out of memory",
        why="The machine's memory was too small. A larger instance type may be enough.",
    ),
    FailureCause.DISK: FailureHandling(
        retryable=False,
        next=RetryChange.LARGER,
        label="disk full",
        why="The volume was too small. A larger VolumeSizeInGB may be enough.",
    ),
    FailureCause.STOPPED: FailureHandling(
        retryable=False,
        next=RetryChange.NEVER,
        label="stopped by a person",
        why="A person stopped the job.",
    ),
    FailureCause.ENFORCED: FailureHandling(
        retryable=False,
        next=RetryChange.NEVER,
        label="stopped by a rule",
        why="A rule of the policy stopped the job. If it is submitted again unchanged, the rule stops it again.",
    ),
    FailureCause.UNKNOWN: FailureHandling(
        retryable=False,
        next=RetryChange.NEVER,
        label="unknown",
        why="SageMaker gave no FailureReason, or one that Spotwarden does not recognize. Read the"
        " FailureReason and the job's logs before more money is spent.",
    ),
}

# No class stands for STARVED: SageMaker ends such a job as Stopped/MaxWaitTimeExceeded, without a FailureReason.
CLASSES: Mapping[str, FailureCause] = {
    "CapacityError": FailureCause.CAPACITY,
    "InternalServerError": FailureCause.INTERNAL,
    "AlgorithmError": FailureCause.ALGORITHM,
    "ExecuteUserScriptError": FailureCause.ALGORITHM,
    "InstallRequirementsError": FailureCause.ALGORITHM,
    "InstallModuleError": FailureCause.ALGORITHM,
    "ClientError": FailureCause.CLIENT,
    "ResourceLimitExceeded": FailureCause.QUOTA,
    "ThrottlingException": FailureCause.THROTTLED,
}

# How a ClientError's text begins, as patterns (aws/sagemaker-python-sdk#128, huggingface/blog#114,
# DIAGNijmegen/rse-grand-challenge). S3 URIs are removed first, because users choose the names of objects.
_COPYING = (
    r"(?:data download|(?:model )?artifact upload|checkpoint (?:download|upload)) failed(?: for channel '?[\w.-]{1,64}'?)?[:.] ?"
)
CLIENT_TEXTS: tuple[tuple[str, FailureCause], ...] = (
    (r"please use an instance type with more memory", FailureCause.MEMORY),
    (rf"(?:{_COPYING})?(?:clienterror: ?)?out of memory", FailureCause.MEMORY),
    (
        rf"insufficient disk space|{_COPYING}.{{0,200}}?\b(?:(?:insufficient|not enough) disk space|no space left on device)\b",
        FailureCause.DISK,
    ),
    # While SageMaker copied data, S3 or KMS throttled or failed, or a connection broke: the same job can succeed later. A
    # connection that was never made does not count: then the job's network has no route to S3.
    (
        (
            rf"{_COPYING}.{{0,300}}?(?:\bslowdown\b|\breduce your request rate\b|\brequesttimeout\b|\bthrottlingexception\b|"
            r"\((?:internalerror|serviceunavailable|requesttimeout|throttling(?:exception)?|429|50[0234])\)|\brate exceeded\b|"
            r"\bstatus code: (?:429|50[0234])\b|\berror code: (?:internalerror|serviceunavailable|requesttimeout|slowdown)\b|"
            r"\bconnection reset\b|\bconnection was closed\b|\bread timed out\b|\bbroken pipe\b)"
        ),
        FailureCause.THROTTLED,
    ),
)
_OBJECT = re.compile(r"s3://\S+")


def classify(failure_reason: str | None) -> FailureCause:
    """The cause of a FailureReason, by the class with which it begins (exact spelling); UNKNOWN for any other text."""
    name, text = _split(" ".join((failure_reason or "").split()))
    cause = CLASSES.get(name, FailureCause.UNKNOWN)
    if cause is not FailureCause.CLIENT:
        return cause
    plain = _OBJECT.sub("", text.lower())
    return next((finer for beginning, finer in CLIENT_TEXTS if re.match(beginning, plain)), cause)


def begins_with(failure_reason: str | None, beginnings: tuple[str, ...]) -> bool:
    """Whether a FailureReason begins with one of these texts.

    Several blanks count as one, and a class that is written twice counts once. "AlgorithmError: , exit code: 1" equals the older
    "AlgorithmError: Exit Code: 1"; so does a script's error with its exit code before or after its text. A number at the end is
    compared as a whole: 1 does not match 137.
    """
    text = _plain(failure_reason or "")
    script = _SCRIPT_ERROR.match(text)
    texts = (text, f"AlgorithmError: Exit Code: {script[1] or script[2]}") if script else (text,)
    wanted = [re.compile(re.escape(_plain(beginning)) + _NUMBER_ENDS) for beginning in beginnings]
    return any(one.match(form) for one in wanted for form in texts)


# SageMaker writes the exit code after the text of /opt/ml/output/failure; the training toolkits also before their own text.
_SCRIPT_ERROR = re.compile(
    r"(?:(?:AlgorithmError: ?)?(?:(?:ExecuteUserScript|InstallRequirements|InstallModule)Error: ?)+Exit ?Code:? ?(-?\d+)\b|"
    r"AlgorithmError: .*, exit code: ?(-?\d+)$)"
)
_EXIT_CODE = re.compile(r"^(\w+): ?,? ?exit ?code:? ?(?=-?\d)", re.IGNORECASE)
_NUMBER_ENDS = r"(?:(?<!\d)|(?!\d))"


def _split(text: str) -> tuple[str, str]:
    """The class and the text of a FailureReason without double blanks; a class that is written twice is taken once."""
    name, text = _class_of(text)
    again = _class_of(text)
    return (name, again[1]) if name and again[0] == name else (name, text)


def _class_of(text: str) -> tuple[str, str]:
    found = re.match(r"(\w+) ?(?::|$) ?", text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _plain(text: str) -> str:
    """A FailureReason in one form, whichever of its spellings SageMaker used."""
    text = " ".join(text.split())
    name, rest = _split(text)
    joined = f"{name}: {rest}" if name and rest else text
    return _EXIT_CODE.sub(r"\1: Exit Code: ", joined)
