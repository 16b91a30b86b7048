"""Numbers as people read them: percentages, money, errors, and how many of ten."""

from __future__ import annotations

import math


def percent(probability: float, error: float | None = None) -> str:
    """Return a probability as a percentage, to the digits that its standard error supports.

    Examples
    --------
    >>> percent(0.4510)
    '45.10 %'
    >>> percent(0.45102, 0.00157)
    '45.10 ± 0.16 %'
    >>> percent(0.0000012), percent(1.0)
    ('< 0.01 %', '100.00 %')
    """
    if math.isnan(probability):
        return "-"
    if error is not None:
        return f"{with_error(100 * probability, 100 * error)} %"
    if 0 < probability < 0.0001:
        return "< 0.01 %"
    if 0.9999 < probability < 1:
        return "> 99.99 %"
    return f"{100 * probability:.2f} %"


def money(amount: float, currency: str, error: float | None = None) -> str:
    """Return an amount with thousands and its currency.

    Examples
    --------
    >>> money(250_000, "USD")
    '$250,000'
    >>> money(250_000, "EUR")
    'EUR 250,000'
    >>> money(252_134.2, "USD", 515.3), money(-1_500, "USD")
    ('$252,130 ± 520', '-$1,500')
    """
    if math.isnan(amount):
        return "-"
    scale, unit = (1e6, " million") if abs(amount) >= 1e10 else (1.0, "")
    amount /= scale
    text = f"{amount:,.0f}" if error is None else with_error(amount, error / scale)
    sign = "-" if text.startswith("-") else ""
    return f"{sign}{_currency(currency)}{text.removeprefix('-')}{unit}"


def short_money(amount: float, currency: str) -> str:
    """Return an amount in few characters, for axes and labels.

    Examples
    --------
    >>> short_money(250_000, "USD"), short_money(1_250_000, "EUR"), short_money(-300, "USD")
    ('$250k', 'EUR 1.25M', '-$300')
    """
    rounded = float(f"{amount:.3g}")  # first, so that 999 999 is a million
    size, letter = scale_of(rounded)
    sign = "-" if rounded < 0 else ""
    return f"{sign}{_currency(currency)}{abs(rounded) / size:g}{letter}"


def scale_of(amount: float) -> tuple[float, str]:
    """Return the unit in which an amount takes few characters, and its letter.

    Examples
    --------
    >>> scale_of(250_000), scale_of(1_250_000), scale_of(0.5)
    ((1000.0, 'k'), (1000000.0, 'M'), (1.0, ''))
    """
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(amount) >= size:
            return size, letter
    return 1.0, ""


def with_error(value: float, error: float) -> str:
    """Return a value and its standard error, both to the error's second significant digit.

    Examples
    --------
    >>> with_error(252_134.2, 515.3)
    '252,130 ± 520'
    >>> with_error(3.0024, 0.0098)
    '3.0024 ± 0.0098'
    >>> with_error(14.0, 0.0)
    '14 ± 0'
    """
    if not math.isfinite(error):
        return f"{value:,.4g} ± ?" if abs(value) < 1e4 else f"{value:,.0f} ± ?"
    if error == 0:
        return f"{value:,.10g} ± 0"
    exponent = int(f"{error:.1e}".split("e")[1])  # after rounding: 0.0996 counts as 0.10
    decimals = 1 - exponent
    value, error = round(value, decimals) + 0.0, round(error, decimals)  # and no -0
    shown = max(decimals, 0)
    return f"{value:,.{shown}f} ± {error:,.{shown}f}"


def tight(value: float, error: float) -> str:
    """Return a value and its standard error for a narrow column: two decimals at most.

    Two significant digits of the error where that is enough for them; it is never shown as 0.

    Examples
    --------
    >>> tight(33.214, 0.0713), tight(-4.1, 1.24), tight(0.0, 0.0004)
    ('33.21±0.07', '-4.1±1.2', '0.00±0.01')
    >>> tight(math.nan, math.nan), tight(0.0, 0.0), tight(12.3456, math.nan)
    ('-', '0', '12.35±?')
    """
    if math.isnan(value):
        return "-"
    if not math.isfinite(error):
        return f"{value:,.2f}±?"
    if error == 0:
        return f"{value:,.5g}"
    exponent = int(f"{error:.1e}".split("e")[1])
    decimals = min(1 - exponent, 2)
    shown = max(decimals, 0)
    error = max(round(error, decimals), 10.0**-decimals)
    return f"{round(value, decimals) + 0.0:,.{shown}f}±{error:,.{shown}f}"


def plain(value: float) -> str:
    """Return a number that is exact, to five digits or to the whole number.

    Examples
    --------
    >>> plain(0.331234), plain(1_295.24), plain(1_234_567.8), plain(750.0)
    ('0.33123', '1,295.2', '1,234,568', '750')
    """
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{float(f'{value:.5g}'):,.10g}"


def points(difference: float, error: float) -> str:
    """Return a difference of two probabilities in percentage points, with its sign.

    Examples
    --------
    >>> points(0.0213, 0.0012), points(-0.0005, 0.0012)
    ('+2.13 ± 0.12 points', '-0.05 ± 0.12 points')
    """
    if math.isnan(difference):
        return "-"
    sign = "+" if difference > 0 else ""
    return f"{sign}{with_error(100 * difference, 100 * error)} points"


def of_ten(probability: float, noun: str) -> str:
    """Return a probability as a natural frequency, to stand before a verb in the plural.

    Examples
    --------
    >>> of_ten(0.451, "quarters")
    'between 4 and 5 of 10 quarters'
    >>> of_ten(0.50, "quarters"), of_ten(0.04, "years")
    ('about 5 of 10 quarters', 'about 4 of 100 years')
    >>> of_ten(0.997, "quarters"), of_ten(0, "years")
    ('more than 99 of 100 quarters', 'hardly any years')
    """
    if probability < 0.0005:
        return f"hardly any {noun}"
    if probability < 0.01:
        return f"fewer than 1 of 100 {noun}"
    if probability > 0.9995:
        return f"nearly all {noun}"
    if probability > 0.99:
        return f"more than 99 of 100 {noun}"
    if not 0.1 <= probability <= 0.9:
        return f"about {100 * probability:.0f} of 100 {noun}"
    tenths = 10 * probability
    if abs(tenths - round(tenths)) < 0.2:
        return f"about {tenths:.0f} of 10 {noun}"
    return f"between {math.floor(tenths)} and {math.ceil(tenths)} of 10 {noun}"


def _currency(label: str) -> str:
    return "$" if label == "USD" else f"{label} "
