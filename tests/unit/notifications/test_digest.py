"""The content of a digest, when it is due, and to which channel it goes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from controller.ledger.entry import Waived
from controller.ledger.halt import Halt
from controller.notifications.block_kit import pages
from controller.notifications.digest import DigestNotes, digest_head, digest_parts, is_empty
from controller.policy.slack_settings import DigestTime, SlackSettings
from controller.runtime.digests.close_days import close_days
from controller.runtime.digests.digest_schedule import last_due
from controller.runtime.digests.queue_digests import Period, channels_of, queue_digests
from controller.runtime.outbox.drain import drain
from controller.savings.report import report_of
from controller.savings.rollup import roll_up
from tests import builders
from tests.builders import BEGIN
from tests.slack_limits import broken
from tests.unit.notifications.test_period_sentence import refused
from tests.unit.policy.test_waiver import waiver
from tests.unit.runtime.slack_place import Place
from tests.unit.savings.test_report import measured, told

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)


def words(matters: DigestNotes | None = None, **changes: Any) -> str:
    report = report_of({FIRST: roll_up(told(measured("a"), measured("b", team="speech", **changes)))}, FIRST, FIRST + DAY)
    made = pages(digest_parts(report, report, matters or DigestNotes()))
    assert all(broken(page.text, page.blocks) == [] for page in made)
    return "\n".join(page.text for page in made)


def test_the_money_comes_first() -> None:
    said = words()
    assert "Spot training on Monday, 2 March 2026" in said.splitlines()[0]
    assert "Spot *saved $1.40*, 70 % of the on-demand cost. *$0.60* was spent on 2 attempts; no work was lost." in said


def test_unknown_amounts_are_named() -> None:
    assert "1 attempt without a known price" in words(rate_micros_per_h=None)
    other = words(number=2, first_rate_micros_per_h=1_000_000, other_instances=True)
    assert "1 attempt on other instances, speed unknown: counted at the lower price of both" in other


def test_waivers_of_the_policy_are_listed_with_what_they_say() -> None:
    said = words(DigestNotes(policy_waivers=(waiver(name="old", reason="<!channel> no time"),)))
    assert "use-spot by the waiver *old* of the policy until" in said
    assert "no time (ML-1, alice)" in said
    assert "<!channel>" not in said


def test_a_halt_waivers_and_unsent_messages_are_listed() -> None:
    waived = Waived(
        job="bert", at=BEGIN, team="vision", policy="use-spot", who="U1", reason="<!channel> long data", ticket="ML-7",
        until=BEGIN + DAY,
    )  # fmt: skip
    halt = Halt(why="the new policy", who="ada", since=BEGIN)
    said = words(DigestNotes(halt=halt, waivers=(waived,), shelved=("*bert* starved",)))
    assert "halted since 2026-03-02 09:00 UTC by ada: the new policy" in said
    assert "use-spot for *bert* until" in said
    assert "<!channel>" not in said
    assert "1 message could not be sent within one day" in said


@pytest.mark.parametrize(
    ("now", "period", "due"),
    [
        (datetime(2026, 3, 3, 6, 59, tzinfo=UTC), Period.DAY, datetime(2026, 3, 2, 7, tzinfo=UTC)),
        (datetime(2026, 3, 3, 7, 0, tzinfo=UTC), Period.DAY, datetime(2026, 3, 3, 7, tzinfo=UTC)),
        (datetime(2026, 7, 3, 6, 0, tzinfo=UTC), Period.DAY, datetime(2026, 7, 3, 6, tzinfo=UTC)),
        (datetime(2026, 3, 4, 12, 0, tzinfo=UTC), Period.WEEK, datetime(2026, 3, 2, 7, tzinfo=UTC)),
    ],
)
def test_a_digest_is_due_at_an_hour_of_the_local_day_summer_and_winter(now: datetime, period: Period, due: datetime) -> None:
    assert last_due(DigestTime(hour=8, timezone="Europe/Berlin"), period.length, now) == due


def test_a_team_with_a_channel_gets_its_own_digest_and_the_default_channel_gets_all() -> None:
    policy = replace(builders.policy(), slack=SlackSettings(channels={"vision": "#ml-vision", "speech": "#ml-vision"}))
    assert channels_of(policy) == {"#ml-vision": frozenset({"vision", "speech"}), "#ml-spot": frozenset()}


def test_an_empty_digest_is_not_sent() -> None:
    place: Any = Place()
    place.report_store = place
    place.publish = lambda _: ""
    place.prices = place
    place.rate = lambda *_: None
    for hours in range(50):
        place.at = BEGIN + timedelta(hours=hours)
        close_days(place)
        queue_digests(place)
    assert place.outbox.waiting("#ml-spot", 9) == []


def test_a_digest_is_queued_once_a_day_and_not_before_its_first_hour() -> None:
    place: Any = Place()
    jobs = told(measured("a"), measured("b", at=BEGIN + DAY))
    place.ledger = builders.ledger_with(builders.lineage(entries=jobs))
    place.report_store = place
    place.publish = lambda _: ""
    place.prices = place
    place.rate = lambda *_: None
    queued = []
    for hours in range(50):
        place.at = BEGIN + timedelta(hours=hours)
        close_days(place)
        queued.append(queue_digests(place))
    assert sum(queued) == 2
    assert [n for n, count in enumerate(queued) if count] == [23, 47]
    assert [m.key for m in place.outbox.waiting("#ml-spot", 9)] == [
        "digest/day/2026-03-02/#ml-spot/000", "digest/day/2026-03-02/#ml-spot/thread/000",
        "digest/day/2026-03-03/#ml-spot/000", "digest/day/2026-03-03/#ml-spot/thread/000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "edit_h"),
    [
        (DigestTime(hour=17, timezone="America/Los_Angeles"), DigestTime(hour=8), 40),  # the day that ended is reported at once
        (DigestTime(hour=0, minute=30, timezone="Europe/London"), DigestTime(hour=0, minute=15), 40),  # one day less
        (DigestTime(weekday=0), DigestTime(weekday=2), 40),
        (DigestTime(hour=8), DigestTime(hour=7), 40),
        (DigestTime(hour=8), DigestTime(hour=23, minute=45), 24),
        (DigestTime(hour=8), DigestTime(hour=8), 31),  # another channel, from the hour before the digest
    ],
)  # fmt: skip
def test_a_day_is_in_one_daily_and_one_weekly_digest_when_the_policy_changes_their_time(
    before: DigestTime, after: DigestTime, edit_h: int
) -> None:
    place: Any = Place()
    place.report_store = place
    place.publish = lambda _: ""
    place.prices = place
    place.rate = lambda *_: None
    place.ledger.halts.call_halt(Halt(why="so that each digest has something to say", who="ada", since=BEGIN))
    other = "#ml-new" if before == after else "#ml-spot"
    until: dict[str, set[date]] = {period: set() for period in Period}
    for hours in range(24 * 10):
        place.at = BEGIN + timedelta(hours=hours)
        settings, channel = (before, "#ml-spot") if hours < edit_h else (after, other)
        place.policy = replace(builders.policy(channel=channel), slack=SlackSettings(digest=settings))
        if queue_digests(place):
            for period in Period:
                until[period].add(place.ledger.digests.reported_until(period, channel))
    keys = [m.key.split("/") for channel in {"#ml-spot", other} for m in place.outbox.waiting(channel, 999)]
    for period in Period:
        since = sorted({date.fromisoformat(key[2]) for key in keys if key[:2] == ["digest", period]})
        assert since[1:] == sorted(until[period] - {since[0]})[:-1]  # each begins where the one before it ended
        assert sorted(until[period])[-1] >= place.at.date() - period.length


def test_a_digest_that_cannot_be_made_holds_up_no_other_and_is_made_once_it_can() -> None:
    place: Any = Place()
    settings = SlackSettings(channels={"vision": "#a-bad", "speech": "#speech"})
    ends_soon = replace(waiver(), expires=BEGIN + 5 * DAY)
    place.policy = replace(builders.policy(), slack=settings, waivers=(ends_soon,))
    jobs = told(measured("a"), measured("b", team="speech"))
    place.ledger = builders.ledger_with(builders.lineage(entries=jobs))
    place.report_store, place.publish = place, lambda _: ""
    place.prices, place.rate = place, lambda *_: None
    shelved, bad = place.outbox.shelved, ["#a-bad"]

    def shelved_or_not(channel: str) -> Any:
        if channel in bad:
            raise ValueError(channel)
        return shelved(channel)

    put = place.outbox.put

    def put_or_not(message: Any) -> bool:
        if message.key.startswith("waiver-expiring") and bad:
            raise ValueError(message.key)
        return bool(put(message))

    place.outbox.put = put_or_not

    place.outbox.shelved = shelved_or_not
    raised = []
    for hours in range(26):
        place.at = BEGIN + timedelta(hours=hours)
        close_days(place)
        try:
            queue_digests(place)
        except ValueError:
            raised.append(hours)
        if hours == 24:
            waiting = [bool(place.outbox.waiting(channel, 9)) for channel in ("#speech", "#ml-spot", "#a-bad")]
            assert waiting == [True, True, False]
            bad.clear()
    assert (raised, len(place.outbox.waiting("#a-bad", 9))) == ([*range(25)], 2)


def test_a_digest_names_the_jobs_that_changed_the_figures_most_and_what_to_do() -> None:
    lost = measured("distill-009", billable_s=3600, interruptions=5, checkpoint=False)
    entries = [*told(measured("bert-7")), lost, replace(told(lost)[1], useful_s=0)]
    report = report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert "cost $1.00 more than on-demand: interrupted 5 times without a checkpoint. Add a CheckpointConfig." in said
    assert "|bert-7> (vision) saved $0.70" in said


@pytest.mark.parametrize(("changes", "why"), [
    ({}, "wasted $0.30: it ended without a model. Open the job to see why. If it wrote a checkpoint"),
    ({"checkpoint": False}, "wasted $0.30: it ended without a model. Add a CheckpointConfig."),
    ({"repeats": 2}, "wasted $0.30: SageMaker repeated it 2 times after internal errors. Save checkpoints"),
    ({"repeats": 2, "checkpoint": False}, "wasted $0.30: SageMaker repeated it 2 times after internal errors. Add a C"),
    ({"interruptions": 3}, "cost $0.30 more than on-demand: interrupted 3 times. Save checkpoints more often."),
])  # fmt: skip
def test_a_job_that_lost_work_comes_with_the_reason_and_what_to_do(changes: dict[str, Any], why: str) -> None:
    lost = measured("distill", **({"checkpoint": True} | changes))
    report = report_of({FIRST: roll_up([lost, replace(told(lost)[1], useful_s=0)])}, FIRST, FIRST + DAY)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert f"|distill> (vision) {why}" in said


def test_at_most_three_jobs_that_saved_and_three_that_lost_are_named() -> None:
    lost = [measured(f"lost-{n}", billable_s=3600) for n in range(4)]
    entries = [*told(*(measured(f"saved-{n}") for n in range(4))), *lost, *(replace(told(one)[1], useful_s=0) for one in lost)]
    report = report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert (said.count("|lost-"), said.count("|saved-")) == (3, 3)


def test_outcomes_are_counted_by_their_names() -> None:
    report = replace(
        report_of({FIRST: roll_up(told(measured("a")))}, FIRST, FIRST + DAY), outcomes=(("completed", 7), ("starved", 2))
    )
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert "*Outcomes*: completed 7, did not finish within MaxWaitTimeInSeconds 2" in said


def test_missed_deadlines_need_a_person() -> None:
    report = replace(report_of({FIRST: roll_up(told(measured("a")))}, FIRST, FIRST + DAY), deadlines_missed=2)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert "2 deadlines missed. Tell those who wait for the models." in said


def test_sagemaker_s_percentage_is_named_only_where_it_differs_and_with_the_reason() -> None:
    assert "SageMaker shows" not in words()
    lost = measured("c", team="vision")
    entries = [*told(measured("a")), lost, replace(told(lost)[1], useful_s=0)]
    report = report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert "SageMaker shows 70 % saved for the same jobs: it counts $0.30 of lost work as saved." in said


def test_a_digest_of_a_thousand_teams_stays_small() -> None:
    entries = told(*(measured(f"job-{n}", team=f"team-{n:04d}") for n in range(1000)))
    report = report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY)
    made = pages(digest_parts(report, report, DigestNotes()))
    assert sum(len(json.dumps(page.json)) for page in made) < 60_000
    assert "981 others" in "\n".join(json.dumps(page.json) for page in made)


def test_a_digest_of_a_hundred_teams_and_waivers_with_the_longest_names_stays_small() -> None:
    names = [f"{number:03d}" + "\N{PILE OF POO}" * 253 for number in range(100)]
    report = report_of({FIRST: roll_up(told(measured("a", team=names[0])))}, FIRST, FIRST + DAY, teams=frozenset(names))
    waivers = [
        Waived(job=name, at=BEGIN, team=name, policy=name, who=name, reason=name * 4, ticket=name, until=BEGIN + DAY)
        for name in names
    ]
    of_policy = tuple(waiver(name=f"w{number}", reason="x" * 300) for number in range(100))
    notes = DigestNotes(waivers=tuple(waivers), policy_waivers=of_policy, now=BEGIN)
    made = pages(digest_parts(report, report, notes))
    assert all(broken(page.text, page.blocks) == [] for page in made)
    plain = json.dumps([page.json for page in pages(digest_parts(report, report, notes), native=False)])
    assert max(len(page.json) for page in made) + len(plain) < 390_000, "DynamoDB takes items of 400 kB"
    texts = "\n".join(page.json for page in made)
    assert (len(pages(digest_head(report, report, notes))), "and 190 more" in texts) == (1, True)
    assert "and 95 other teams" in texts


def test_the_head_of_a_digest_is_one_screen_and_names_account_region_and_time() -> None:
    entries = told(*(measured(f"job-{n}", team=f"team-{n:02d}", billable_s=3600 * (n % 2)) for n in range(20)))
    report = report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY)
    notes = DigestNotes(where="account 111122223333 (ml-prod) · us-east-1", now=BEGIN)
    head = pages(digest_head(report, report, notes))
    assert len(head) == 1
    assert len(head[0].text.splitlines()) <= 12
    assert {block["type"] for block in head[0].blocks} <= {"header", "section", "context"}
    assert head[0].text.splitlines()[-1] == (
        "account 111122223333 (ml-prod) · us-east-1 · made 2 Mar 09:00 UTC · Details are in the thread"
    )


def test_the_last_line_names_the_policy_and_says_where_it_is_newer_than_the_days_reported() -> None:
    named = DigestNotes(policy="781e8d1c6120", policy_since=BEGIN)
    assert "policy 781e8d1c6120, new since 2 Mar · Details are in the thread" in words(named)
    assert "policy 781e8d1c6120 · Details are in the thread" in words(replace(named, policy_since=BEGIN - DAY))
    assert words(named).count("781e8d1c6120") == 1
    assert "policy" not in words()


def test_a_digest_of_nothing_but_refused_creates_is_sent_and_says_of_which_team() -> None:
    report = report_of({FIRST: roll_up((), refused=(refused(1, team="<!channel>"),))}, FIRST, FIRST + DAY)
    assert not is_empty(report, DigestNotes())
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert "1 create refused by a quota." in said
    assert "*Creates that SageMaker refused*: ml.g5.2xlarge for training job usage 1 (&lt;!channel&gt; 1)" in said
    assert "refused" not in words()


def test_a_digest_says_what_needs_a_person_and_nothing_where_nothing_does() -> None:
    assert "Needs a person" not in words()
    waived = Waived(job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="r", ticket="T", until=BEGIN + DAY)
    said = words(DigestNotes(waivers=(waived,), shelved=("*bert* starved",), now=BEGIN))
    assert "The waiver of use-spot for *bert* ends" in said
    assert "1 message could not be sent within one day. The thread lists them." in said


def test_what_needs_a_person_says_what_to_do_about_a_price_that_is_not_known() -> None:
    said = words(rate_micros_per_h=None)
    assert (
        "• 1 attempt without a known price: no dollars are counted. To count them from now on, add the price to `rates:`" in said
    )


def test_figures_of_the_month_that_are_those_of_the_day_are_not_repeated() -> None:
    days = {day: roll_up(told(measured(f"{day}", at=BEGIN + (day - FIRST)))) for day in (FIRST, FIRST + DAY)}
    month = report_of(days, FIRST, FIRST + 2 * DAY)
    head = [report_of(days, FIRST + n * DAY, FIRST + (n + 1) * DAY) for n in (0, 1)]
    texts = [pages(digest_parts(one, one, DigestNotes()))[0].text for one in head[:1]]
    texts += [pages(digest_parts(head[1], month, DigestNotes()))[0].text]
    assert "*March so far*: the same figures, no job ran on another day" in texts[0]
    assert "*March so far*: $1.40 saved (70 %), $0.60 spent" in texts[1]


def test_the_advice_for_a_loss_does_not_claim_that_a_checkpoint_exists() -> None:
    lost = measured("tagger-bug", billable_s=3600)
    report = report_of({FIRST: roll_up([lost, replace(told(lost)[1], useful_s=0)])}, FIRST, FIRST + DAY)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, DigestNotes())))
    assert (
        "it ended without a model. Open the job to see why. If it wrote a checkpoint, submit it again to continue from there."
        in said
    )


def test_a_figure_of_zero_is_left_out() -> None:
    assert "$0.00" not in words().partition("Saved, spent and wasted")[0]
    days = {FIRST + n * DAY: roll_up(told(measured(f"job-{n}"))) for n in range(2)}
    day, month = (report_of(days, FIRST + n * DAY, FIRST + 2 * DAY) for n in (1, 0))
    said = "\n".join(page.text for page in pages(digest_parts(day, month, DigestNotes())))
    assert "*March so far*: $1.40 saved (70 %), $0.60 spent" in said.splitlines()


def test_the_details_of_a_digest_are_answers_to_its_first_message() -> None:
    place: Any = Place()
    place.ledger = builders.ledger_with(builders.lineage(entries=told(measured("a"))))
    place.report_store = place.prices = place
    place.rate = lambda *_: None
    place.at = BEGIN
    queue_digests(place)
    place.at = BEGIN + DAY
    close_days(place)
    queue_digests(place)
    drain(place.ports)
    [(_, none, head), (_, thread, details)] = place.slack.posts
    assert (none, thread) == ("", "1")
    assert "Details are in the thread" in head.text
    assert "By team" in str(details.blocks)


def test_a_digest_without_a_thread_does_not_mention_one() -> None:
    report = report_of({FIRST: roll_up((), refused=(refused(1),))}, FIRST, FIRST + DAY)
    notes = DigestNotes(shelved=("*bert* starved",), threads=False)
    said = "\n".join(page.text for page in pages(digest_parts(report, report, notes)))
    assert "The list below says which quota and team." in said
    assert "thread" not in said
