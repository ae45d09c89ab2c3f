"""The phases of a training job."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """A phase of the lifecycle. The comments are the TrainingJobStatus and the SecondaryStatus that the API shows."""

    WAITING = auto()  # InProgress/Starting, or /Pending: no instance yet
    LAUNCHING = auto()  # InProgress/Starting: the instances are launched, the container does not run yet
    DOWNLOADING = auto()  # InProgress/Downloading
    TRAINING = auto()  # InProgress/Training
    INTERRUPTED = auto()  # InProgress/Interrupted
    UPLOADING = auto()  # InProgress/Uploading
    STOPPING = auto()  # Stopping/Stopping
    ENDED = auto()  # Completed, Failed or Stopped
