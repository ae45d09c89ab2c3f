"""Where a job is in its life."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """A step of the machine; what the API shows of it stands beside each."""

    WAITING = auto()  # InProgress/Starting, or /Pending: no instance yet
    LAUNCHING = auto()  # InProgress/Starting: instances are ours, the container is not up
    DOWNLOADING = auto()  # InProgress/Downloading
    TRAINING = auto()  # InProgress/Training
    INTERRUPTED = auto()  # InProgress/Interrupted
    UPLOADING = auto()  # InProgress/Uploading
    STOPPING = auto()  # Stopping/Stopping
    ENDED = auto()  # Completed, Failed or Stopped
