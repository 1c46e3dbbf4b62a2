from datetime import date
from itertools import islice

import pytest
from lamplighter import almanac
from lamplighter.accounts import anniversary_gift, due, refund
from lamplighter.letters import goodbye, welcome
from lamplighter.plan import Subscription, end, issues, reminder, sent_by


def days(text):
    return [date.fromisoformat(day) for day in text.split()]


def of(first, months):
    return Subscription("Ida", date.fromisoformat(first), months)


@pytest.mark.parametrize(
    ("first", "months", "letter"),
    [
        ("2023-10-31", 2, "Dear Ida, we send your issues on 31 October 2023, 30 November 2023."),
        ("2024-01-30", 3, "Dear Ida, we send your issues on 30 January 2024, 29 February 2024, 30 March 2024."),
        ("2023-11-05", 3, "Dear Ida, we send your issues on 5 November 2023, 5 December 2023, 5 January 2024."),
        ("2023-05-31", 3, "Dear Ida, we send your issues on 31 May 2023, 30 June 2023, 31 July 2023."),
        ("2022-12-31", 1, "Dear Ida, we send your issues on 31 December 2022."),
    ],
    ids=["october", "january", "november", "may", "december"],
)
def test_welcome(first, months, letter):
    assert welcome(of(first, months)) == letter


@pytest.mark.parametrize(
    ("first", "months", "letter"),
    [
        ("2023-01-15", 11, "Dear Ida, your lamp burns until 14 December 2023."),
        ("2023-03-31", 11, "Dear Ida, your lamp burns until 28 February 2024."),
        ("2023-12-01", 12, "Dear Ida, your lamp burns until 30 November 2024."),
        ("2023-07-20", 17, "Dear Ida, your lamp burns until 19 December 2024."),
        ("2023-08-10", 5, "Dear Ida, your lamp burns until 9 January 2024."),
    ],
    ids=["to-december", "to-february", "from-december", "seventeen", "five"],
)
def test_goodbye(first, months, letter):
    assert goodbye(of(first, months)) == letter


def test_issues_of_a_year():
    assert issues(of("2023-08-31", 12)) == days(
        "2023-08-31 2023-09-30 2023-10-31 2023-11-30 2023-12-31 2024-01-31"
        " 2024-02-29 2024-03-31 2024-04-30 2024-05-31 2024-06-30 2024-07-31"
    )


def test_issues_from_a_leap_day():
    assert issues(of("2024-02-29", 3)) == days("2024-02-29 2024-03-29 2024-04-29")
    assert issues(of("2024-02-29", 25))[-13:-11] == days("2025-02-28 2025-03-29")


def test_issues_that_were_sent():
    assert sent_by(of("2023-12-31", 6), date(2024, 3, 30)) == days("2023-12-31 2024-01-31 2024-02-29")
    assert sent_by(of("2023-12-31", 2), date(2024, 9, 1)) == days("2023-12-31 2024-01-31")


@pytest.mark.parametrize(
    ("first", "months", "day"),
    [
        ("2023-12-31", 12, date(2024, 10, 31)),
        ("2023-02-10", 12, date(2023, 12, 10)),
        ("2023-02-28", 12, date(2023, 12, 28)),
        ("2023-01-31", 3, date(2023, 2, 28)),
        ("2023-05-07", 9, date(2023, 12, 7)),
        ("2023-05-07", 6, date(2023, 9, 7)),
    ],
    ids=["december", "february", "end-of-february", "short", "to-february", "plain"],
)
def test_reminders(first, months, day):
    assert reminder(of(first, months)) == day


def test_ends():
    assert end(of("2023-06-12", 6)) == date(2023, 12, 11)
    assert end(of("2024-08-30", 6)) == date(2025, 2, 27)


@pytest.mark.parametrize(
    ("first", "day", "cents"),
    [
        ("2023-01-31", date(2023, 2, 27), 400),
        ("2023-01-31", date(2023, 2, 28), 800),
        ("2023-01-31", date(2023, 3, 30), 800),
        ("2023-01-31", date(2023, 3, 31), 1200),
        ("2024-01-30", date(2024, 2, 29), 800),
        ("2024-01-30", date(2024, 2, 28), 400),
        ("2023-11-15", date(2023, 12, 14), 400),
        ("2023-11-15", date(2024, 1, 15), 1200),
        ("2023-11-15", date(2023, 11, 14), 0),
        ("2023-11-15", date(2023, 10, 31), 0),
        ("2023-11-15", date(2026, 1, 1), 2400),
    ],
    ids="before last-day not-yet last leap no-leap november year first-not early all".split(),
)
def test_what_is_due(first, day, cents):
    assert due(of(first, 6), 400, day) == cents


def test_refunds():
    assert refund(of("2023-10-31", 6), 350, date(2023, 11, 30)) == 1400
    assert refund(of("2023-10-31", 6), 350, date(2023, 11, 29)) == 1750
    assert refund(of("2023-12-03", 6), 350, date(2024, 1, 2)) == 1750


def test_gifts():
    leap = of("2024-02-29", 60)
    gifts = [day for day in days("2024-02-29 2025-02-27 2025-02-28 2025-03-01 2028-02-28 2028-02-29") if anniversary_gift(leap, day)]
    assert gifts == days("2025-02-28 2028-02-29")


def test_gifts_in_december():
    plain = of("2022-12-24", 60)
    gifts = [day for day in days("2022-12-24 2023-11-24 2023-12-23 2023-12-24 2024-12-24") if anniversary_gift(plain, day)]
    assert gifts == days("2023-12-24 2024-12-24")


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2023, 1, 31), 11, date(2023, 12, 31)),
        (date(2023, 12, 31), 0, date(2023, 12, 31)),
        (date(2023, 12, 31), -10, date(2023, 2, 28)),
        (date(2023, 1, 15), -1, date(2022, 12, 15)),
        (date(2023, 3, 31), -13, date(2022, 2, 28)),
        (date(2023, 6, 1), -30, date(2020, 12, 1)),
        (date(1899, 12, 30), 2, date(1900, 2, 28)),
        (date(2000, 1, 31), 1, date(2000, 2, 29)),
        (date(2099, 12, 31), 2, date(2100, 2, 28)),
    ],
    ids="eleven none ten-back one-back thirteen-back thirty-back 1900 2000 2100".split(),
)
def test_other_months(day, months, expected):
    assert almanac.shifted(day, months) == expected


def test_every_month():
    assert list(islice(almanac.monthly(date(2023, 11, 30)), 5)) == days("2023-11-30 2023-12-30 2024-01-30 2024-02-29 2024-03-30")


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2023, 3, 31), date(2023, 2, 28), -1),
        (date(2023, 3, 31), date(2023, 2, 27), -2),
        (date(2023, 3, 31), date(2023, 3, 30), -1),
        (date(2023, 3, 31), date(2024, 2, 29), 11),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2023, 2, 28), date(2023, 3, 27), 0),
        (date(2023, 2, 28), date(2023, 12, 31), 10),
    ],
    ids="back further day leap-month leap-day february december".split(),
)
def test_whole_months(first, last, months):
    assert almanac.whole_months(first, last) == months


@pytest.mark.parametrize(("year", "last"), [(2023, 28), (2024, 29), (2000, 29), (2100, 28)], ids="23 24 00 2100".split())
def test_februaries(year, last):
    assert almanac.last_day(year, 2) == last
