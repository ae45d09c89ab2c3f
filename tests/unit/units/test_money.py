"""Amounts are exact to a millionth of a dollar, and are shown in dollars and cents."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.units.money import about_dollars, cost_micros, dollars, micros_from_dollars, percent

amounts = st.integers(-(10**15), 10**15)
seconds = st.integers(-(10**7), 10**7)
instances = st.integers(1, 1000)
rates = st.integers(0, 200_000_000)


@pytest.mark.slow
@given(seconds, instances, rates)
def test_a_cost_is_within_half_a_micro_of_the_true_value(s: int, n: int, rate: int) -> None:
    assert abs(cost_micros(s, n, rate) - Fraction(s * n * rate, 3600)) <= Fraction(1, 2)


@given(seconds, instances, rates)
def test_a_loss_and_a_gain_of_one_size_cancel(s: int, n: int, rate: int) -> None:
    assert cost_micros(-s, n, rate) == -cost_micros(s, n, rate)


@pytest.mark.parametrize(
    ("s", "rate", "micros"), [(1800, 1, 1), (-1800, 1, -1), (1799, 1, 0), (3600, 1_515_000, 1_515_000), (0, 5, 0)]
)
def test_a_half_rounds_away_from_zero(s: int, rate: int, micros: int) -> None:
    assert cost_micros(s, 1, rate) == micros


def test_the_launch_posts_job_cost_889_313_micros_instead_of_2_574_438() -> None:
    assert (cost_micros(837, 1, 3_825_000), cost_micros(2423, 1, 3_825_000)) == (889_313, 2_574_438)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "$0.00"),
        (1, "under a cent"),
        (-1, "a loss under a cent"),
        (-9_999, "a loss under a cent"),
        (9_999, "under a cent"),
        (10_000, "$0.01"),
        (14_999, "$0.01"),
        (15_000, "$0.02"),
        (-420_000, "-$0.42"),
        (999_995_000, "$1,000.00"),
        (1_234_560_000, "$1,234.56"),
        (-1_000_000_000_000, "-$1,000,000.00"),
    ],
)
def test_an_amount_is_shown_in_dollars_and_cents(micros: int, text: str) -> None:
    assert dollars(micros) == text


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "about $0.00"), (9_999, "under a cent"), (10_000, "about $0.01"), (180_000, "about $0.18")]
)
def test_an_estimated_amount_is_about_so_many_dollars_or_under_a_cent(micros: int, text: str) -> None:
    assert about_dollars(micros) == text


@given(amounts.filter(bool))
def test_no_amount_above_zero_reads_as_zero(micros: int) -> None:
    assert "under a cent" in dollars(micros) or any(digit in "123456789" for digit in dollars(micros))


@given(amounts.filter(lambda micros: micros == 0 or abs(micros) >= 10_000))
def test_a_shown_amount_is_within_half_a_cent(micros: int) -> None:
    read = micros_from_dollars(dollars(micros).replace("$", "").replace(",", ""))
    assert abs(read - micros) <= 5_000


@given(amounts)
def test_dollars_as_decimal_text_are_read_exactly(micros: int) -> None:
    sign, size = ("-" if micros < 0 else ""), abs(micros)
    assert micros_from_dollars(f"{sign}{size // 10**6}.{size % 10**6:06d}0000") == micros


@pytest.mark.parametrize("text", ["", "1,5", "$1", "1e3", "NaN", "inf", ".5", "1.", "--1", "١"])
def test_any_text_other_than_plain_digits_is_refused_and_shown(text: str) -> None:
    with pytest.raises(ValueError, match="wanted dollars as plain decimal digits") as refusal:
        micros_from_dollars(text)
    assert repr(text) in str(refusal.value)


def test_a_price_finer_than_a_millionth_is_refused_and_not_rounded() -> None:
    with pytest.raises(ValueError, match=r"found '0\.0000166667', wanted at most six digits"):
        micros_from_dollars("0.0000166667")


@pytest.mark.parametrize(("share", "text"), [(65.4, "65 %"), (-0.3, "0 %"), (0.0, "0 %"), (-8.0, "-8 %"), (None, "–")])
def test_percent_is_whole_and_never_minus_zero(share: float | None, text: str) -> None:
    assert percent(share) == text
