"""A list of jobs in memory."""

from __future__ import annotations

from collections.abc import Iterable

from controller.runtime.ports.aws import JobPage, ListedJob


class MemoryJobList:
    """``Jobs.newest`` in memory. A token is the position of the last job on a page."""

    def __init__(self, jobs: Iterable[ListedJob], size: int = 100) -> None:
        self._jobs = sorted(jobs, key=lambda job: (job.created_at, job.name), reverse=True)
        self._size = size

    def newest(self, token: str = "") -> JobPage | None:
        tokens = {f"{job.created_at.isoformat()} {job.name}": place for place, job in enumerate(self._jobs)}
        if token and token not in tokens:
            return None
        begin = tokens[token] + 1 if token else 0
        page = tuple(self._jobs[begin : begin + self._size])
        more = begin + self._size < len(self._jobs)
        return JobPage(jobs=page, token=f"{page[-1].created_at.isoformat()} {page[-1].name}" if more else "")
