"""Which objects below a checkpoint prefix are checkpoints, and when the newest complete one was written.

Log files, empty objects, files that describe the model or the run, hidden and temporary files are no checkpoints. Files of one
save (the shards of one file, the files of ``checkpoint-500/``) are one set. A set counts if it is complete, as far as names,
sizes and times show. It proves training only up to the time of its oldest file, because the saved state is older than all files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from fnmatch import translate
from functools import cache
from typing import Final

from controller.units.value import dataclass

# Names of files that frameworks and scripts write beside checkpoints: globs for the file's name, without regard to case.
LOG_FILES: Final = (
    "*tfevents*", "*.log", "*.log.*", "log.txt", "*[-_.]log.txt", "*.out", "*.err", "*.jsonl", "*.csv", "*.tsv", "*.html", "*.md",
    "*.png", "*.jpg", "*.jpeg", "*.svg", "*.gif", "*.pid", "*.prof", "*.trace", "*.trace.json", "*.trace.json.gz", "*.py", "*.sh",
    "_success", "_started*", "_committed*", "stdout*", "stderr*", "metrics*.json", "metrics*.txt", "events.*", "*.wandb",
    "catboost_training.json", "*.xplane.pb", "*trace*.json", "*trace*.json.gz", "*.nsys-rep", "*.qdrep", "*.ipynb", "*.webp",
    "*.bmp", "*.mp3", "*.mp4", "*.wav", "*.ogg", "*.flac", "core", "core.[0-9]*", "thumbs.db", "desktop.ini",
    "*.out.[0-9]*", "*.err.[0-9]*", "log.gz", "logs.*", "*.csv.*", "*.tsv.*", "*.json.gz", "heartbeat*", "progress.*",
    "status.*", "result.json", "results.json", "results.txt", "*[-_]results.txt", "loss.*", "*[-_]loss.npy", "*[-_]losses.npy",
    "history.json", "error.*", "*.pstats", "memory_snapshot*", "version", "version.txt", "done", "done.*", "*.done", "finished",
    "complete", "completed", "success", "failed", "*.diff", "*.patch", "env.txt", "console.*", "output.txt", "timeline.*",
    "predictions.*", "confusion_matrix.*", "mlflow.db", "experiment_state*", "searcher-state*", "basic-variant-state*",
    "search_gen_state*", "tuner.pkl", "trainer.pkl", "checkpoint_manager_snapshot.json", "*.pdf", "*.tif", "*.tiff", "*.ppm",
    "*.xlsx", "*.perfetto-trace", "*.ncu-rep", "*.coredump", "*.dmp", "nccl_trace*", "*.neff", "*.md5", "*.sha256", "*.crc",
    "*.etag", "*.sig", "*.asc", "*.flag", "*.ok", "*.success", "*.failed", "*.ready", "*.complete", "*.commit", "*.marker",
    "started", "running", "ready", "lock", "pid", "run_id", "*[-_]unfinished",
)  # fmt: skip
# Files that only name the newest checkpoint. They may be written before or after it.
POINTER_FILES: Final = (
    "latest", "latest.txt", "latest_universal", "latest_checkpointed_iteration.txt", "latest_checkpoint",
    "latest_checkpoint.txt", "last_checkpoint", "last_checkpoint.txt", "best_checkpoint.txt", "epoch.txt", "step.txt",
    "iteration.txt", "*.symlink",
)  # fmt: skip
# Parts of a saved state: a job cannot continue without them, but also not from them alone.
SIDE_FILES: Final = (
    "rng_state*.pth", "rng_state*.pt", "random_states_*.pkl", "scheduler.pt", "scheduler.bin", "scaler.pt", "metadata.*",
    "*.metadata", "sampler*.bin", "dl_state_dict*.bin", "meta.pt", "common.pt", "training_metadata.json", "_checkpoint_metadata",
    "_metadata", "_sharding", "manifest.ocdbt", "commit_success.txt", "*.index",
)  # fmt: skip
# Files that describe a model, a run or data. Scripts write them before they train, and no job can continue from them.
DESCRIPTION_FILES: Final = (
    "*.yaml", "*.yml", "*.toml", "*.ini", "*.cfg", "config.json", "*[-_]config.json", "tokenizer*", "vocab.*", "merges.txt",
    "special_tokens_map.json", "added_tokens.json", "spiece.model", "sentencepiece*", "trainer_state.json", "training_args.*",
    "args.json", "hparams.*", "*[-_]results.json", "*.index.json", "*.arrow", "*.parquet", "*.tfrecord", "*.tfrecords",
    "requirements*.txt", "code.tar.gz", "sourcedir.tar.gz", "src.tar.gz", "source.tar.gz", "*.whl", "params.json", "dataset*",
    "*.jinja", "*.xml", "*.pbtxt",
    "*.gin", "*.conf", "*.config", "*.properties", "*.env", "config.*", "args.*", "*[-_]symbol.json", "*[-_]shapes.json",
    "model_index.json", "label_map*", "*2id.*", "id2*",
)  # fmt: skip
TEMPORARY_FILES: Final = (
    "*.tmp*", "*[-_]tmp", "tmp-*", "tmp_*", "tmp.*", "tmp????????", "*.temp", "*.temp[0-9.]*", "temp-*", "temp_*", "*.part",
    "*.part[0-9]*", "*.partial", "*.incomplete", "*.crdownload", "*.download", "*.swp", "*~", "*.lock", "*.lck", "*.bak",
    "*.sagemaker-uploading", "*.sagemaker-uploaded", "~*", "#*#", "*.uploading", "*.downloading",
    "*.writing", "*.copying", "*._copying_", "*.filepart", "*.inprogress", "*.in-progress", "*.in_progress", "*.unfinished",
    "*.writing-*", "*.staging", "*.aria2", "*.gstmp", "*.rsync*", "*.swo",
)  # fmt: skip
# Folders without checkpoints, and the temporary folders into which trainers write before they rename them.
IGNORED_FOLDERS: Final = (
    "wandb", "mlruns", "profiler", "profiler-output", "debug-output", "__pycache__", "_temporary", "tmp", "temp", "tmp-*",
    "tmp_*", "*.tmp*", "*-tmp-[0-9]*", "*.orbax-checkpoint-tmp*", "temp-*", "temp_*", "*.temp", "*.partial", "*.incomplete",
    "*[-_]tmp", "_tmp*", "tmp????????", "*.writing", "*.uploading", "*.inprogress", "*.in-progress", "*.staging", "lost+found",
    "$recycle.bin", "mlartifacts", "dvclive", "plugins", "profile", "code", "__macosx", "tokenizer", "neptune", "comet",
    "comet_ml", "models--*", "datasets--*", "datasets", "hf_cache", "hf-cache", "huggingface", "neuron*cache*", "torchinductor*",
    "torch_extensions", "site-packages", "*[-_]unfinished",
)  # fmt: skip

NO_CHECKPOINTS: Final = (*LOG_FILES, *POINTER_FILES, *SIDE_FILES, *DESCRIPTION_FILES, *TEMPORARY_FILES)

# A text file is no checkpoint, except if its name looks like a model (LightGBM, XGBoost) or a saved state. Arrays and pickles are
# checkpoints, except if their name ends with what a script measures, predicts or prepares.
_TEXT = re.compile(r"\.(?:txt|json)$")
_TEXT_STATE = re.compile(r"model|booster|xgb|lgb|gbm|checkpoint|ckpt|chkpt|snapshot|weights|state|vectors")
_NOTE = (
    r"(?:^|[-_.])(?:metrics?|stats|statistics|summary|scores?|accuracy|history|loss(?:es)?|logs?|info|card|meta|metadata|args|opts?|"
    r"options|flags|cfg|results?|reports?|evals?|evaluation|preds?|predictions?|outputs?|generations?|timings?|names|paths?|urls?|"
    r"ids?|idx|indices|splits?|labels?|class(?:es)?|label_encoder|scaler|vectorizer|preprocessor|mean_std|dataset|arch|architecture|graph)"
)
_NOTE_FILE = re.compile(_NOTE + r"\.(?:txt|json|pkl|pickle|joblib|npy|npz)$")

SMALLEST_SHARE = 0.01  # a file below this share of the largest file beside it is no checkpoint by itself
FOLDERS_MAX = 20  # folders of a path in which step folders are looked for; an S3 key can have about 512
COMPLETE_SHARE = 0.9  # a set below this share of the size of the set before it counts as a save that was cut off

_SHARD = re.compile(r"(?:[-_.]|rank|shard|part)(\d+)[-_]?of[-_]?(\d+)")
_ENDS = r"(?:[-_](?:last|best|final|end|unsharded)|\.(?:ckpt|pt|pth|checkpoint))?$"
_STEP_FOLDER = re.compile(r"(?:^|checkpoint|ckpt|chkpt|step|epoch|iter|iteration|save|ba|batch)s?[-_=.]?\d+" + _ENDS)
_PART_FOLDER = re.compile(r"(?:weights|model|state)s?[-_=.]?\d+$")
_TF_SHARD = re.compile(r"\.data-\d+-of-\d+$")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One object below a checkpoint prefix: its path below the prefix, its size in bytes, its LastModified."""

    path: str
    size: int
    modified_at: datetime


def is_checkpoint_file(file: StoredFile, ignore: Sequence[str] = ()) -> bool:
    """Whether an object may be part of a checkpoint, by its path and size. ``ignore`` are globs of further names that are not."""
    *folders, name = file.path.lower().split("/")
    if file.size <= 0 or not name or any(part.startswith(".") for part in (*folders, name)):
        return False
    if any(_any_of(IGNORED_FOLDERS).match(folder) for folder in folders):
        return False
    if _NOTE_FILE.search(name) or (_TEXT.search(name) and not _TEXT_STATE.search(name)):
        return False
    return _any_of((*NO_CHECKPOINTS, *ignore)).match(name) is None


@cache
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One regular expression for many globs, because a scan may match 12,000 names."""
    return re.compile("|".join(translate(glob.lower()) for glob in globs))


def checkpoint_files(files: Iterable[StoredFile], ignore: Sequence[str] = ()) -> tuple[StoredFile, ...]:
    """The files that may be part of a checkpoint.

    Left out are files that are small beside the largest one, and unfinished saves: a distributed checkpoint of PyTorch without
    its metadata, and data of TensorFlow without its index. Files in a step's folder are compared only with each other, because
    the checkpoint of an adapter may be a thousandth of a full model's.
    """
    found = tuple(files)
    paths = {file.path for file in found if file.size > 0}
    described = {path.rpartition("/")[0] for path in paths if path.endswith(".metadata")}
    kept = [file for file in found if is_checkpoint_file(file, ignore) and _finished(file.path, paths, described)]
    collections = _collections(file.path for file in kept)
    folders = [name if (name := _set_of(file.path, collections)).endswith("/") else "" for file in kept]
    largest = {"": max((file.size for file in kept), default=0)}
    for file, folder in zip(kept, folders, strict=True):
        largest[folder] = max(largest.get(folder, 0), file.size)
    return tuple(
        file for file, folder in zip(kept, folders, strict=True) if file.size >= SMALLEST_SHARE * largest[folder]
    )  # fmt: skip


def _finished(path: str, paths: Collection[str], described: Collection[str]) -> bool:
    """Whether the file that the framework writes last exists: ``.metadata`` (PyTorch), ``.index`` (TensorFlow)."""
    if path.endswith(".distcp"):
        return path.rpartition("/")[0] in described
    return _TF_SHARD.search(path) is None or _TF_SHARD.sub(".index", path) in paths


def newest_checkpoint_at(files: Iterable[StoredFile]) -> datetime | None:
    """When the newest complete checkpoint was written; None without one. ``files`` come from ``checkpoint_files``."""
    found = tuple(files)
    collections = _collections(file.path for file in found)
    sets: dict[str, list[StoredFile]] = defaultdict(list)
    for file in found:
        sets[_set_of(file.path, collections)].append(file)
    alike: dict[str, list[Sequence[StoredFile]]] = defaultdict(list)
    for name, one in sets.items():
        alike[_NUMBER.sub("#", name)].append(one)
    newest = (_newest_complete(group) for group in alike.values())
    return max((at for at in newest if at is not None), default=None)


def _collections(paths: Iterable[str]) -> frozenset[str]:
    """The folders with several saves whose own names look like a step: ``2026/`` with ``step_1/`` and ``step_2/`` in it."""
    inner: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in {f"{path.rpartition('/')[0]}/" for path in paths}:
        steps = [folder for folder in _folders(path) if _STEP_FOLDER.search(_name(folder))]
        for depth, folder in enumerate(steps[1:], start=1):
            alike = _NUMBER.sub("#", folder)
            for outer in steps[:depth]:
                inner[outer, alike].add(folder)
    return frozenset(outer for (outer, _), folders in inner.items() if len(folders) > 1)


def _set_of(path: str, collections: Collection[str]) -> str:
    """The name of the save that a file belongs to: its outermost step folder, else its path without the shard number."""
    if path.endswith(".distcp"):
        return path.rpartition("/")[0] + "/"
    folders = [folder for folder in _folders(path) if folder not in collections]
    for named in (_STEP_FOLDER, _PART_FOLDER):
        if found := next((folder for folder in folders if named.search(_name(folder))), None):
            return f"{found}/"
    return _SHARD.sub("", path)


def _folders(path: str) -> list[str]:
    """The first ``FOLDERS_MAX`` folders of a path, outermost first, each as a path: ``a``, ``a/b``, ``a/b/c``."""
    *names, _ = path.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(min(len(names), FOLDERS_MAX))]


def _name(folder: str) -> str:
    return folder.rpartition("/")[2].lower()


def _newest_complete(group: Iterable[Sequence[StoredFile]]) -> datetime | None:
    """When the newest complete set of a group was written; None without one. The names of a group differ only in numbers.

    A set counts as cut off if shards are missing, or if it is smaller than the set before it (``COMPLETE_SHARE``).
    """
    by_time = sorted((one for one in group if _all_shards(one)), key=_written_at)
    while by_time:
        newest = by_time.pop()
        if not by_time or _as_large(newest, by_time[-1]):
            return _written_at(newest)
    return None


def _as_large(one: Sequence[StoredFile], before: Sequence[StoredFile]) -> bool:
    sizes = sum(file.size for file in one), sum(file.size for file in before)
    return len(one) >= COMPLETE_SHARE * len(before) and sizes[0] >= COMPLETE_SHARE * sizes[1]


def _all_shards(files: Iterable[StoredFile]) -> bool:
    """Whether all shards exist of each file with a name such as ``-00001-of-00004``."""
    seen: dict[str, set[int]] = defaultdict(set)
    wanted: dict[str, int] = {}
    for file in files:
        if shard := _SHARD.search(file.path):
            base = _SHARD.sub("", file.path)
            seen[base].add(int(shard[1]))
            wanted[base] = int(shard[2])
    return all(len(seen[base]) >= count for base, count in wanted.items())


def _written_at(files: Sequence[StoredFile]) -> datetime:
    return min(file.modified_at for file in files)
