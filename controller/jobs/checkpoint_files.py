"""Which objects below a checkpoint prefix are checkpoints, and when the newest complete one was written.

A log file, an empty object, a file that describes the model or the run, a hidden or a temporary file is no checkpoint. Files that
belong to one save (the shards of one file, the files of ``checkpoint-500/``) are one set: it counts once it is complete, as
far as names, sizes and times tell, and it proves training only up to its oldest file, because a script saves a state that is
older than the files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import translate
from functools import cache
from typing import Final

from controller.units.value import dataclass

# Names of files that frameworks write beside checkpoints. Globs, matched without case against the file's name.
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
    "search_gen_state*", "tuner.pkl",
)  # fmt: skip
# Files that name the newest checkpoint: written beside it, before or after it, and holding none.
POINTER_FILES: Final = (
    "latest", "latest.txt", "latest_universal", "latest_checkpointed_iteration.txt", "latest_checkpoint",
    "latest_checkpoint.txt", "last_checkpoint", "last_checkpoint.txt", "best_checkpoint.txt", "epoch.txt", "step.txt",
    "iteration.txt",
)  # fmt: skip
# Parts of a saved state without which a job cannot continue, and with which alone it cannot either.
SIDE_FILES: Final = (
    "rng_state*.pth", "rng_state*.pt", "random_states_*.pkl", "scheduler.pt", "scheduler.bin", "scaler.pt", "metadata.json",
)  # fmt: skip
# Files that describe a model, a run or data and that scripts write before they train: none holds a state to continue from.
DESCRIPTION_FILES: Final = (
    "*.yaml", "*.yml", "*.toml", "*.ini", "*.cfg", "config.json", "*[-_]config.json", "tokenizer*", "vocab.*", "merges.txt",
    "special_tokens_map.json", "added_tokens.json", "spiece.model", "sentencepiece*", "trainer_state.json", "training_args.*",
    "args.json", "hparams.*", "*[-_]results.json", "*.index.json", "*.arrow", "*.parquet", "*.tfrecord", "*.tfrecords",
    "requirements*.txt", "code.tar.gz", "sourcedir.tar.gz", "src.tar.gz", "source.tar.gz", "*.whl", "params.json", "dataset*",
)  # fmt: skip
TEMPORARY_FILES: Final = (
    "*.tmp*", "*[-_]tmp", "tmp-*", "tmp_*", "tmp.*", "tmp????????", "*.temp", "*.temp[0-9.]*", "temp-*", "temp_*", "*.part",
    "*.part[0-9]*", "*.partial", "*.incomplete", "*.crdownload", "*.download", "*.swp", "*~", "*.lock", "*.lck", "*.bak",
    "*.sagemaker-uploading", "*.sagemaker-uploaded", "~*", "#*#", "*.uploading", "*.downloading",
    "*.writing", "*.copying", "*._copying_", "*.filepart", "*.inprogress", "*.in-progress", "*.in_progress", "*.unfinished",
    "*.writing-*", "*.staging", "*.aria2", "*.gstmp", "*.rsync*", "*.swo",
)  # fmt: skip
# Folders that hold no checkpoints, and the temporary folders into which trainers write before they rename.
IGNORED_FOLDERS: Final = (
    "wandb", "mlruns", "profiler", "profiler-output", "debug-output", "__pycache__", "_temporary", "tmp", "temp", "tmp-*",
    "tmp_*", "*.tmp*", "*-tmp-[0-9]*", "*.orbax-checkpoint-tmp*", "temp-*", "temp_*", "*.temp", "*.partial", "*.incomplete",
    "*[-_]tmp", "_tmp*", "tmp????????", "*.writing", "*.uploading", "*.inprogress", "*.in-progress", "*.staging", "lost+found",
    "$recycle.bin", "mlartifacts", "dvclive", "plugins", "profile", "code", "__macosx", "tokenizer", "neptune", "comet",
    "comet_ml",
)  # fmt: skip

NO_CHECKPOINTS: Final = (*LOG_FILES, *POINTER_FILES, *SIDE_FILES, *DESCRIPTION_FILES, *TEMPORARY_FILES)

SMALLEST_SHARE = 0.01  # of the largest file: a file below that, such as trainer_state.json, is no checkpoint by itself
COMPLETE_SHARE = 0.9  # of the size of the sets before: a smaller set is taken for a save that was cut off

_SHARD = re.compile(r"[-_.](\d+)[-_]of[-_](\d+)")
_STEP_FOLDER = re.compile(r"(?:^|checkpoint|ckpt|chkpt|step|epoch|iter|iteration|save|weights|model|state)s?[-_=.]?\d+$")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One object below a checkpoint prefix: its path below the prefix, its size in bytes, its LastModified."""

    path: str
    size: int
    modified_at: datetime


def is_checkpoint_file(file: StoredFile, ignore: Sequence[str] = ()) -> bool:
    """Whether an object may be part of a checkpoint. ``ignore`` are more file names that are not, as globs."""
    *folders, name = file.path.lower().split("/")
    if file.size <= 0 or not name or any(part.startswith(".") for part in (*folders, name)):
        return False
    if any(_any_of(IGNORED_FOLDERS).match(folder) for folder in folders):
        return False
    return _any_of((*NO_CHECKPOINTS, *ignore)).match(name) is None


@cache
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for many globs: a scan may look at 12,000 names."""
    return re.compile("|".join(translate(glob.lower()) for glob in globs))


def checkpoint_files(files: Iterable[StoredFile], ignore: Sequence[str] = ()) -> tuple[StoredFile, ...]:
    """The files that may be part of a checkpoint; small files beside large ones are left out."""
    kept = [file for file in files if is_checkpoint_file(file, ignore)]
    largest = max((file.size for file in kept), default=0)
    return tuple(file for file in kept if file.size >= SMALLEST_SHARE * largest)


def newest_checkpoint_at(files: Iterable[StoredFile]) -> datetime | None:
    """When the newest complete checkpoint was written; None where there is none. ``files`` are of ``checkpoint_files``."""
    sets: dict[str, list[StoredFile]] = defaultdict(list)
    for file in files:
        sets[_set_of(file.path)].append(file)
    alike: dict[str, list[Sequence[StoredFile]]] = defaultdict(list)
    for name, one in sets.items():
        alike[_NUMBER.sub("#", name)].append(one)
    newest = (_newest_complete(group) for group in alike.values())
    return max((at for at in newest if at is not None), default=None)


def _set_of(path: str) -> str:
    """The save that a file belongs to: its outermost folder of a step, else the file itself without its shard number."""
    *folders, _ = path.split("/")
    for depth, folder in enumerate(folders, start=1):
        if _STEP_FOLDER.search(folder.lower()):
            return "/".join(folders[:depth]) + "/"
    return _SHARD.sub("", path)


def _newest_complete(group: Iterable[Sequence[StoredFile]]) -> datetime | None:
    """When the newest complete set of some that are named alike was written.

    A set is taken for cut off while shards are missing, or while it is smaller than the set before it.
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
    """Whether each file whose name says ``-00001-of-00004`` has all its shards."""
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
