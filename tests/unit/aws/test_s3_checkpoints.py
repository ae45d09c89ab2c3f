"""How few list requests show the newest checkpoint below a prefix of many objects."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.aws.s3_checkpoints import REQUESTS_MAX, S3Checkpoints
from tests.builders import BEGIN
from tests.s3_listing import listed


class ListingS3:
    """S3's ListObjectsV2 over some keys: order, pages, delimiters and tokens as S3 has them."""

    def __init__(self, keys: dict[str, datetime]) -> None:
        self.keys, self.asked = keys, 0

    def list_objects_v2(self, **asked: Any) -> Any:
        self.asked += 1
        return listed(((key, 1_000_000, at) for key, at in self.keys.items()), asked)


def scan(keys: dict[str, datetime], uri: str = "s3://saved/p") -> tuple[Any, int]:
    s3 = ListingS3(keys)
    return S3Checkpoints(s3, ["saved"]).scan(uri, now=BEGIN), s3.asked


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def test_a_small_prefix_costs_one_request_and_one_more_where_it_has_no_last_slash() -> None:
    for uri, requests in (("s3://saved/p/", 1), ("s3://saved/p", 2)):
        seen, asked = scan({f"p/checkpoint-{n}.pt": minute(n) for n in range(999)}, uri)
        assert (seen.newest_at, seen.objects, seen.complete, asked) == (minute(998), 999, True, requests)


def test_the_folder_of_the_highest_step_is_looked_into_whatever_its_place_in_the_list() -> None:
    keys = {f"p/checkpoint-{step}/rank-{rank:04d}.pt": minute(step) for step in range(1, 13) for rank in range(200)}
    seen, asked = scan(keys)
    assert (seen.newest_at, seen.complete) == (minute(12), True)
    assert asked <= REQUESTS_MAX


def test_a_checkpoint_of_2500_shards_is_seen_whole() -> None:
    keys = {f"p/step-{step}/shard-{n:05d}-of-02500.pt": minute(60 * step) for step in (1, 2) for n in range(2500)}
    seen, _ = scan(keys)
    assert (seen.newest_at, seen.complete) == (minute(120), True)


def test_2500_flat_shards_are_seen_whole() -> None:
    seen, _ = scan({f"p/model-{n:05d}-of-02500.pt": minute(5) for n in range(1, 2501)})
    assert (seen.newest_at, seen.complete) == (minute(5), True)


def test_a_scan_with_unseen_objects_is_not_complete() -> None:
    seen, asked = scan({f"p/{n:06d}.pt": minute(n) for n in range(20_000)})
    assert not seen.complete
    assert asked <= REQUESTS_MAX


def test_a_neighbour_whose_name_begins_alike_is_not_seen() -> None:
    keys = {"exp/ASHA-1/a.pt": minute(1), "exp/ASHA-10/a.pt": minute(9), "exp/ASHA-1.pt": minute(9)}
    for uri in ("s3://saved/exp/ASHA-1", "s3://saved/exp/ASHA-1/"):
        seen, _ = scan(keys, uri)
        assert (seen.newest_at, seen.objects) == (minute(1), 1)


def test_a_prefix_with_one_folder_of_very_many_objects_is_followed_down() -> None:
    keys = {f"p/run/checkpoints/step_{step}/{n:03d}.pt": minute(step) for step in range(1, 41) for n in range(100)}
    seen, asked = scan(keys)
    assert (seen.newest_at, seen.complete) == (minute(40), True)
    assert asked <= REQUESTS_MAX


def test_a_whole_bucket_as_prefix_is_looked_into() -> None:
    assert scan({"a.pt": minute(3)}, "s3://saved")[0].newest_at == minute(3)


def test_logs_are_counted_beside_the_checkpoints() -> None:
    seen, _ = scan({"p/a.pt": minute(3), "p/events.out.tfevents.1": minute(9)})
    assert (seen.newest_at, seen.objects, seen.others) == (minute(3), 1, 1)


class BarePages:
    """An S3 whose first pages show nothing although more follows, as below a prefix of very many delete markers."""

    def __init__(self, bare: int, then: tuple[str, ...] = ()) -> None:
        self.bare, self.then = bare, then

    def list_objects_v2(self, **asked: Any) -> Any:
        number = int(asked.get("ContinuationToken", "0"))
        if number < self.bare:
            return {"IsTruncated": True, "NextContinuationToken": str(number + 1)}
        return {"IsTruncated": False, "Contents": [{"Key": key, "Size": 1, "LastModified": BEGIN} for key in self.then]}


@pytest.mark.parametrize(
    ("keys", "empty"),
    [
        ([], True),
        (["p/"], True),  # the marker of the folder itself
        (["p/x/"], False),
        ([f"p/{n:05d}/" for n in range(1_500)], False),  # a first page of markers alone
        ([*(f"p/{n:05d}/" for n in range(1_500)), "p/z/model.pt"], False),
        ([f"p/{n:06d}.log" for n in range(30_000)], False),  # more of others than a scan reads
        (["p/_SUCCESS"], False),
        (["p//model.pt"], False),
        (["p-2/model.pt", "p.pt", "pp/model.pt"], True),
    ],
)
def test_a_prefix_is_empty_only_where_nothing_at_all_lies_below_it(keys: list[str], empty: bool) -> None:
    seen, asked = scan({key: minute(1) for key in keys}, "s3://saved/p/")
    assert seen.empty is empty
    assert asked <= REQUESTS_MAX


@pytest.mark.parametrize(("bare", "then"), [(1, ("p/model.pt",)), (REQUESTS_MAX + 1, ()), (REQUESTS_MAX + 1, ("p/model.pt",))])
def test_a_page_without_objects_that_others_follow_proves_no_prefix_empty(bare: int, then: tuple[str, ...]) -> None:
    assert not S3Checkpoints(BarePages(bare, then), ["saved"]).scan("s3://saved/p/", now=BEGIN).empty
