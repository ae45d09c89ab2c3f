"""Which files below a checkpoint prefix are checkpoints, and how new the newest complete one is."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from controller.jobs.checkpoint_files import (
    IGNORED_FOLDERS,
    NO_CHECKPOINTS,
    StoredFile,
    checkpoint_files,
    is_checkpoint_file,
    newest_checkpoint_at,
)
from tests.builders import BEGIN

MB = 1_000_000
OTHER_FILES = Path(__file__).with_name("no_checkpoints.txt").read_text("utf-8").splitlines()


def file(path: str, minute: float = 0, size: int = MB) -> StoredFile:
    return StoredFile(path=path, size=size, modified_at=BEGIN + timedelta(minutes=minute))


def newest(*files: StoredFile) -> float | None:
    """The minute of the newest complete checkpoint."""
    at = newest_checkpoint_at(checkpoint_files(files))
    return None if at is None else (at - BEGIN) / timedelta(minutes=1)


@pytest.mark.parametrize(
    "path",
    [
        "events.out.tfevents.1794787200.algo-1", "runs/Nov16_host/events.out.tfevents.1", "train.log", "logs/stdout.txt",
        "metrics.csv", "trainer_log.jsonl", ".lock", "model.lock", ".ipynb_checkpoints/model.pt", ".cache/model.bin",
        "model.pt.tmp", "model.pt.sagemaker-uploading", "tmp-checkpoint-500/model.safetensors", "model.partial",
        "wandb/run-1/files/model.pt", "500.orbax-checkpoint-tmp-1/array", "mlruns/0/x", "model.pt~", "_SUCCESS",
        "EVENTS.OUT.TFEVENTS.1", "lightning_logs/hparams.yaml", "lost+found/model.pt", "model.pt.part", "model.pt.part3",
        "model.pt.tmp8f3k", "tmpk3x9_a2b", "tmpk3x9_a2b/model.pt", "checkpoint-500.tmp/model.pt", "checkpoint-500_tmp/model.pt",
        "checkpoint-500-tmp/rank0.pt", "_tmp_500/model.pt", "model.pt._COPYING_", "model.pt.uploading", "model.pt.writing",
        "checkpoint-500.writing/model.pt", "500.orbax-checkpoint-tmp/array",
        "run-2026.wandb", "plugins/profile/1/host.xplane.pb", "rank0_trace.json", "core.4711", "core", "report.nsys-rep",
        "catboost_info/catboost_training.json", "samples/epoch-1.wav",
        "_committed_12", "_started_12", ".sagemaker-uploading", "mlartifacts/0/model.pt", "__MACOSX/model.pt", "eval.ipynb",
    ],
)  # fmt: skip
def test_a_log_a_hidden_file_and_a_temporary_file_are_no_checkpoint(path: str) -> None:
    assert newest(file(path)) is None


@pytest.mark.parametrize(
    "path",
    [
        "model.pt", "checkpoint-500/model.safetensors", "epoch=3-step=2048.ckpt", "xgboost-checkpoint.12",
        "tb_logs/version_0/checkpoints/epoch=0.ckpt", "500/default/array", "model.txt", "weights.h5",
        "temperature-model.pt", "catalog/model.bin",
        "iter_0001000/mp_rank_00/model_optim_rng.pt", "checkpoint.pth.tar", "step_100.msgpack",
        "catboost_info/experiment.cbsnapshot", "model.json", "ppo_10000_steps.zip",
        "logs/2026-11-16/checkpoints/last.ckpt", "global_step500/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt", "weights.npz",
        "500/default/ocdbt.process_0/d/1a2b", "checkpoint", "runs/train/exp/weights/best.pt", "template/model.pt",
        "core_model.pt", "scores.model", "best.params", "partial_fit.pkl", "latest.pt", "latest_model.pth", "last.ckpt",
        "progressive_gan.pt", "params.pkl", "model.keras", "xgboost-checkpoint", "booster.ubj", "model_algo_1", "status_net.pt",
        "checkpoint_000010/model.pt", "q_table.npy", "image-classification-0005.params", "results.pt", "history_model.h5",
        "version_2.ckpt", "successor.pt", "lightgbm_model.txt", "xgboost-checkpoint.json", "solver_state.json",
        "epoch_3/model.pth", "stats_model.pkl", "label_model.pkl", "ckpt-3.weights.h5", "checkpoint_10.pdparams",
    ],
)  # fmt: skip
def test_a_file_of_a_framework_is_a_checkpoint(path: str) -> None:
    assert newest(file(path, 7)) == 7


@pytest.mark.parametrize(
    "path",
    [
        "config.json", "adapter_config.json", "tokenizer.json", "tokenizer/vocab.json", "tokenizer_config.json", "vocab.txt",
        "merges.txt", "special_tokens_map.json", "trainer_state.json", "training_args.bin", "args.json", "hparams.json",
        "all_results.json", "config.yaml", ".hydra/overrides.yaml", "model.safetensors.index.json", "cache-1a2b.arrow",
        "train.parquet", "requirements.txt", "code/train.tar", "sourcedir.tar.gz",
    ],
)  # fmt: skip
def test_a_file_that_only_describes_the_model_the_run_or_data_is_no_checkpoint(path: str) -> None:
    assert newest(file(path, 7, size=20 * MB)) is None


def test_each_name_that_frameworks_and_tools_give_to_other_files_is_no_checkpoint() -> None:
    assert [path for path in OTHER_FILES if is_checkpoint_file(file(path))] == []


def test_each_pattern_of_names_that_are_no_checkpoints_has_an_example() -> None:
    names = {part.lower() for path in OTHER_FILES for part in path.split("/")}
    patterns = (*NO_CHECKPOINTS, *IGNORED_FOLDERS)
    assert [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)] == []


def test_the_first_save_of_which_only_the_side_files_have_arrived_is_no_checkpoint() -> None:
    arrived = (file("global_step500/latest", 5, size=14), file("checkpoint-500/rng_state_0.pth", 6), file("latest", 7, size=14))
    assert newest(*arrived) is None
    assert newest(*arrived, file("checkpoint-500/model.safetensors", 8)) == 8


def test_an_empty_object_is_no_checkpoint() -> None:
    assert newest(file("model.pt", size=0), file("checkpoint-1/", size=0)) is None


def test_a_policy_can_name_more_files_that_are_no_checkpoints() -> None:
    assert checkpoint_files([file("samples.npz")], ["*.NPZ"]) == ()


def test_a_small_file_beside_a_large_one_proves_nothing() -> None:
    assert newest(file("model.pt", 10), file("trainer_state.json", 50, size=900)) == 10


def test_a_file_counts_from_a_hundredth_of_the_largest_one_beside_it() -> None:
    beside = [file("model.pt", 10), file("small.pt", 50, size=MB // 100), file("tiny.pt", 50, size=MB // 100 - 1)]
    assert [found.path for found in checkpoint_files(beside)] == ["model.pt", "small.pt"]
    in_a_step = [replace(one, path=f"step-5/{one.path}") for one in beside]
    larger = file("base.pt", 1, size=1000 * MB)
    assert [found.path for found in checkpoint_files([larger, *in_a_step])] == ["base.pt", "step-5/model.pt", "step-5/small.pt"]


def test_a_small_adapter_in_the_folder_of_its_step_counts_beside_a_large_model() -> None:
    base = file("base/model.safetensors", 1, size=20_000 * MB)
    assert newest(base, file("checkpoint-500/adapter_model.safetensors", 30, size=20 * MB)) == 30
    assert newest(base, file("notes.bin", 30, size=20 * MB)) == 1


def test_a_folder_of_a_step_counts_with_the_time_of_its_first_file() -> None:
    assert newest(file("checkpoint-500/model.safetensors", 30), file("checkpoint-500/optimizer.pt", 31)) == 30


def test_a_folder_that_is_still_being_uploaded_does_not_count() -> None:
    old = [file(f"checkpoint-500/shard-{n}.pt", 30) for n in range(4)]
    new = [file(f"checkpoint-1000/shard-{n}.pt", 60) for n in range(2)]
    assert newest(*old, *new) == 30


@pytest.mark.parametrize(
    ("last", "written", "first"),
    [
        (".metadata", "step-200/__0_0.distcp", "step-100/__0_0.distcp"),
        ("__0.metadata", "ep0-ba200/__0_0.distcp", "ep0-ba100/__0_0.distcp"),
        (".metadata", "epoch=0-step=200.ckpt/__0_0.distcp", "epoch=0-step=100.ckpt/__0_0.distcp"),
        (".metadata", "last/__0_0.distcp", "first/__0_0.distcp"),
        ("ckpt-8.index", "ckpt-8.data-00000-of-00001", "ckpt-7.data-00000-of-00001"),
        ("variables.index", "200/variables/variables.data-00000-of-00001", "100/variables/variables.data-00000-of-00001"),
    ],
)
def test_a_save_without_the_file_that_its_framework_writes_last_is_not_finished(last: str, written: str, first: str) -> None:
    def finish(path: str, minute: float) -> StoredFile:
        return file(path.rpartition("/")[0] + "/" * ("/" in path) + last.replace("8", "7" if "-7" in path else "8"), minute, 2000)

    assert newest(file(written, 20)) is None
    assert newest(file(first, 10), finish(first, 11), file(written, 20)) == 10
    assert newest(file(first, 10), finish(first, 11), file(written, 20), finish(written, 21)) == 20
    assert newest(finish(written, 21)) is None


@pytest.mark.parametrize(("size", "finished"), [(0, None), (1, 20), (2000, 20)])
def test_a_save_is_finished_by_a_last_file_in_its_own_folder_that_is_not_empty(size: int, finished: float | None) -> None:
    save = file("run/step-200/__0_0.distcp", 20)
    assert newest(save, file("run/step-200/.metadata", 21, size)) == finished
    assert newest(save, file("run/.metadata", 21, size)) is None


@pytest.mark.parametrize("path", ["ckpt.rank0-of-2.pt", "ckpt_shard1of2.pt", "model-part-1-of-2.bin", "model_00001_of_00002.pt"])
def test_a_shard_is_known_in_each_spelling(path: str) -> None:
    assert newest(file(path, 3)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("epoch=1-step=100.ckpt", "epoch=2-step=200.ckpt"), ("step1000-unsharded", "step2000-unsharded"),
        ("m--val_loss=1.2-step=100-last", "m--val_loss=1.1-step=200-last"), ("ep0-ba100", "ep0-ba200"), ("500", "1000"),
    ],
)  # fmt: skip
def test_a_folder_of_a_step_is_known_in_the_names_of_each_framework(before: str, after: str) -> None:
    ranks = [file(f"{before}/rank_{n}.pt", 30 + n) for n in range(4)]
    assert newest(*ranks, file(f"{after}/rank_0.pt", 60)) == 30


@pytest.mark.parametrize("collection", ["model_1", "epoch_0", "2026/11/16", "0", "run-7/3"])
def test_a_numbered_folder_that_holds_several_saves_is_no_save(collection: str) -> None:
    saves = (file(f"{collection}/checkpoint-{step}/a.pt", step) for step in (30, 60))
    assert newest(*saves) == 60
    assert newest(file("checkpoint-500/global_step500/a.pt", 30), file("checkpoint-500/b.pt", 31)) == 30


def test_a_path_of_hundreds_of_numbered_folders_takes_no_time() -> None:
    began_s = time.process_time()
    assert newest(*(file(f"{'1/' * 490}{number}/model.pt", number) for number in range(20))) == 0
    assert time.process_time() - began_s < 2  # 4 s without the limit of folders; minutes with a pattern for each pair


def test_missing_shards_are_recognised_by_their_names() -> None:
    shards = [file(f"model-{n:05d}-of-00004.safetensors", 20) for n in (1, 2, 3)]
    assert newest(*shards) is None
    assert newest(*shards, file("model-00004-of-00004.safetensors", 21)) == 20


def test_a_file_much_smaller_than_the_one_before_was_cut_off() -> None:
    assert newest(file("epoch=1.ckpt", 10), file("epoch=2.ckpt", 20), file("epoch=3.ckpt", 30, size=MB // 2)) == 20


def test_two_smaller_saves_in_a_row_are_a_new_size() -> None:
    half = MB // 2
    assert newest(file("epoch=1.ckpt", 10), file("epoch=2.ckpt", 20, size=half), file("epoch=3.ckpt", 30, size=half)) == 30


def test_a_file_that_is_overwritten_counts_with_its_last_time() -> None:
    assert newest(file("config.json", 0, size=MB // 50), file("last.ckpt", 40), file("optimizer.pt", 40)) == 40
