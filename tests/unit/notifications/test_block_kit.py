"""No message exceeds Slack's limits, and none loses content."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from controller.notifications.block_kit import Page, pages
from controller.notifications.mrkdwn import escaped, pieces, size
from controller.notifications.parts import Button, Buttons, Chart, Fields, Header, Number, Part, Small, Table, Text
from tests.slack_limits import broken

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400)
AMOUNTS = st.floats(-1e9, 1e9, allow_nan=False)
MODELLED = {"header", "section", "context", "actions", "divider"}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 20))
    cells = st.one_of(NAMES, st.builds(Number, AMOUNTS, st.text(max_size=30)))
    rows = draw(st.lists(st.tuples(*[cells] * width), max_size=8))
    return Table(caption=draw(NAMES), columns=tuple(draw(NAMES) for _ in range(width)), rows=tuple(rows))


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    categories = tuple(draw(st.lists(NAMES, max_size=30)))
    values = st.tuples(*[AMOUNTS] * len(categories))
    series = tuple((draw(NAMES), draw(values)) for _ in range(draw(st.integers(1, 8))))
    return Chart(title=draw(NAMES), kind="bar", categories=categories, series=series, unit="$")


MRKDWN = st.lists(NAMES, max_size=30).map(lambda names: " ".join(escaped(name) for name in names) or "x")
BUTTONS = st.integers(1, 40).map(
    lambda n: Buttons(tuple(Button(text=f"b{i}" * 40, action_id=f"a/{i}", value="v") for i in range(n)))
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Header, NAMES), st.builds(Text, MRKDWN), st.builds(Small, MRKDWN), tables(), charts(),
    st.builds(Fields, st.lists(MRKDWN, max_size=14).map(tuple)),
)  # fmt: skip


def wrong(page: Page) -> list[str]:
    return broken(page.text, page.blocks)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), st.booleans())
def test_no_message_exceeds_a_limit_of_slack(parts: list[Part], native: bool) -> None:
    assert [wrong(page) for page in pages(parts, native=native) if wrong(page)] == []


@settings(max_examples=20, deadline=None)
@given(BUTTONS)
def test_more_buttons_than_one_row_continue_in_the_next(buttons: Buttons) -> None:
    made = [element["action_id"] for page in pages([buttons]) for block in page.blocks for element in block["elements"]]
    assert made == [button.action_id for button in buttons.buttons]
    assert all(wrong(page) == [] for page in pages([buttons]))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=8))
def test_every_block_that_slack_sdk_models_validates_there(parts: list[Part]) -> None:
    for page in pages(parts):
        for block in page.blocks:
            if block["type"] in MODELLED:
                parsed = Block.parse(block)
                assert parsed is not None
                parsed.validate_json()


@pytest.mark.parametrize("native", [True, False])
def test_a_thousand_teams_are_all_listed(native: bool) -> None:
    names = [f"team-{n:04d} " + "ｍ字ع🚀\u0301"[n % 5] * (n % 40) for n in range(1000)]
    rows = tuple((name, Number(n, f"${n:,}.00")) for n, name in enumerate(names))
    made = pages([Header("Saved"), Table(caption="By team", columns=("Team", "Saved"), rows=rows)], native=native)
    told = "\n".join(
        block["text"]["text"] if block["type"] == "section" else str(block.get("rows", ""))
        for page in made
        for block in page.blocks
    )
    assert all(wrong(page) == [] for page in made)
    assert [name for name in names if name.split()[0] not in told] == []


def test_a_table_continues_in_a_second_one_after_a_hundred_rows() -> None:
    rows = tuple((f"team-{n}", "x") for n in range(101))
    made = pages([Table(caption="By team", columns=("Team", "Saved"), rows=rows)], native=True)
    assert [len(block["rows"]) - 1 for page in made for block in page.blocks if block["type"] == "data_table"] == [100, 1]


def test_a_chart_of_more_points_than_slack_draws_lists_the_others() -> None:
    chart = Chart(title="T", kind="bar", categories=tuple(f"team {n}" for n in range(25)), series=(("S", tuple(range(25))),))
    [page] = pages([chart])
    assert [block["type"] for block in page.blocks] == ["data_visualization", "section"]
    assert "team 24" in page.blocks[1]["text"]["text"]


def test_long_labels_are_shortened_differently_and_repeated_in_full() -> None:
    names = ("the very long name of team one", "the very long name of team two")
    chart = Chart(title="T", kind="bar", categories=names, series=(("S", (1.0, 2.0)),))
    [page] = pages([chart])
    labels = page.blocks[0]["chart"]["axis_config"]["categories"]
    assert len(set(labels)) == 2
    assert all(name in page.blocks[1]["elements"][0]["text"] for name in names)


def test_a_third_chart_continues_in_a_second_message() -> None:
    chart = Chart(title="T", kind="line", categories=("a", "b"), series=(("S", (1.0, 2.0)),))
    assert [len(page.blocks) for page in pages([chart, chart, chart])] == [2, 1]


def test_a_table_of_too_many_columns_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="has 21 columns, wanted 1 to 20"):
        pages([Table(caption="wide", columns=("c",) * 21, rows=(("x",) * 21,))])


@given(st.lists(NAMES, min_size=1, max_size=40).map(lambda names: " ".join(map(escaped, names))), st.integers(40, 3000))
def test_a_long_text_is_cut_where_it_may_be_and_keeps_every_word(text: str, most: int) -> None:
    made = list(pieces(text, most))
    assert all(size(piece) <= most for piece in made)
    assert "".join("".join(made).split()) == ("".join(text.split()) or "–")
    assert not any(piece.rpartition("&")[2].isalpha() and "&" in piece[-5:] for piece in made)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_text_is_a_dash_because_slack_refuses_empty_blocks(text: str) -> None:
    assert list(pieces(text, 40)) == ["–"]


@given(NAMES)
def test_other_people_s_text_mentions_and_links_nothing(name: str) -> None:
    assert "<" not in escaped(name)
    assert ">" not in escaped(f"<!channel> {name}")


def kinds(*parts: Part) -> list[list[str]]:
    """The types of the blocks of each page."""
    return [[block["type"] for block in page.blocks] for page in pages(parts)]


def buttons(number: int, text: str = "b") -> Buttons:
    return Buttons(tuple(Button(text=text, action_id=f"a/{n}", value="v") for n in range(number)))


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (Header("x" * 150), ["header"]),
        (Header("x" * 151), ["section"]),
        (Text("x" * 3000), ["section"]),
        (Text("x" * 3001), ["section", "section"]),
        (Small("x" * 2000), ["context"]),
        (Small("x" * 2001), ["context", "context"]),
        (Fields(("x",) * 10), ["section"]),
        (Fields(("x",) * 11), ["section", "section"]),
        (buttons(25), ["actions"]),
        (buttons(26), ["actions", "actions"]),
    ],
)
def test_a_block_has_at_most_what_slack_accepts_and_the_rest_is_in_another_block(part: Part, wanted: list[str]) -> None:
    assert kinds(part) == [wanted]


def test_a_field_that_is_too_long_becomes_a_section() -> None:
    [page] = pages([Fields(("x" * 2000, "y" * 2001))])
    assert ["fields" in block for block in page.blocks] == [True, False]


def test_a_message_has_49_blocks_and_10_000_characters_at_most() -> None:
    assert [len(page) for page in kinds(*[Header("x")] * 50)] == [49, 1]
    assert [len(page) for page in kinds(*[Text("x" * 2500)] * 4, Text("y"))] == [4, 1]


def test_the_tables_of_a_message_have_9_000_characters_at_most_a_tenth_below_slack_s_limit() -> None:
    def table(*cells: int) -> Table:
        return Table(caption="By team", columns=("c",), rows=tuple(("x" * cell,) for cell in cells))

    assert kinds(table(*[200] * 44, 199)) == [["data_table"]]
    assert kinds(table(*[200] * 45)) == [["data_table"], ["data_table"]]
    assert kinds(table(*[200] * 20), table(*[200] * 24, 198)) == [["data_table", "data_table"]]
    assert kinds(table(*[200] * 20), table(*[200] * 24, 199)) == [["data_table"], ["data_table"]]


def test_labels_and_cells_are_shortened_beyond_their_length() -> None:
    [page] = pages([buttons(1, "x" * 75), buttons(1, "x" * 76)])
    assert [block["elements"][0]["text"]["text"] for block in page.blocks] == ["x" * 75, "x" * 74 + "…"]
    [page] = pages([Table(caption="T", columns=("n" * 201,), rows=(("c" * 200,), ("c" * 201,)))])
    assert [row[0]["text"] for row in page.blocks[0]["rows"]] == ["n" * 199 + "…", "c" * 200, "c" * 199 + "…"]


def test_a_table_shows_ten_rows_at_a_time_or_all_where_there_are_fewer() -> None:
    shown = [pages([Table(caption="T", columns=("n",), rows=(("x",),) * rows)])[0].blocks[0]["page_size"] for rows in (3, 10, 11)]
    assert shown == [3, 10, 10]


def test_the_text_of_a_notification_ends_before_slack_cuts_it_and_says_that_there_is_more() -> None:
    whole, cut = pages([Text("x" * 2000), Text("y" * 1899)]), pages([Text("x" * 2000), Text("y" * 1900)])
    assert whole[0].text == "x" * 2000 + "\n" + "y" * 1899
    assert cut[0].text == "x" * 2000 + "\n… The message itself contains more."


def test_ten_long_fields_need_more_than_one_message() -> None:
    made = pages([Fields(("x" * 2000,) * 10)])
    assert len(made) == 2
    assert all(wrong(page) == [] for page in made)


def test_a_button_s_value_may_have_as_many_characters_as_slack_accepts() -> None:
    def one(value: int, action_id: int) -> Buttons:
        return Buttons((Button(text="Stop", action_id="a" * action_id, value="v" * value),))

    [page] = pages([one(2000, 255)])
    assert broken(page.text, page.blocks) == []
    for value, action_id, said in ((2001, 255, "value of 2,001 characters"), (2000, 256, "action_id of 256 characters")):
        with pytest.raises(ValueError, match=f"button 'Stop' has {said}, wanted at most"):
            pages([one(value, action_id)])
