from datetime import date
from itertools import islice

from lamplighter import almanac
from lamplighter.accounts import anniversary_gift, due, refund
from lamplighter.letters import goodbye, welcome
from lamplighter.plan import Subscription, end, issues, reminder, sent_by


def day(text):
    return date.fromisoformat(text)


def of(first, months):
    return Subscription("Ida", day(first), months)


def shown(days):
    return " ".join(each.isoformat() for each in days)


def test_welcome_at_the_end_of_a_month():
    assert welcome(of("2024-01-30", 3)) == (
        "Dear Ida, we send your issues on 30 January 2024, 29 February 2024, 30 March 2024."
    )
    assert welcome(of("2023-05-31", 3)) == "Dear Ida, we send your issues on 31 May 2023, 30 June 2023, 31 July 2023."


def test_welcome_over_december():
    assert welcome(of("2023-11-05", 3)) == (
        "Dear Ida, we send your issues on 5 November 2023, 5 December 2023, 5 January 2024."
    )


def test_welcome_for_a_month():
    assert welcome(of("2022-12-31", 1)) == "Dear Ida, we send your issues on 31 December 2022."
    assert welcome(of("2023-10-31", 2)) == "Dear Ida, we send your issues on 31 October 2023, 30 November 2023."


def test_goodbye_in_december():
    assert goodbye(of("2023-01-15", 11)) == "Dear Ida, your lamp burns until 14 December 2023."
    assert goodbye(of("2023-07-20", 17)) == "Dear Ida, your lamp burns until 19 December 2024."
    assert goodbye(of("2023-12-01", 12)) == "Dear Ida, your lamp burns until 30 November 2024."


def test_goodbye_in_other_months():
    assert goodbye(of("2023-03-31", 11)) == "Dear Ida, your lamp burns until 28 February 2024."
    assert goodbye(of("2023-08-10", 5)) == "Dear Ida, your lamp burns until 9 January 2024."


def test_issues_of_a_year():
    assert shown(issues(of("2023-08-31", 12))) == (
        "2023-08-31 2023-09-30 2023-10-31 2023-11-30 2023-12-31 2024-01-31"
        " 2024-02-29 2024-03-31 2024-04-30 2024-05-31 2024-06-30 2024-07-31"
    )


def test_issues_from_a_leap_day():
    assert shown(issues(of("2024-02-29", 3))) == "2024-02-29 2024-03-29 2024-04-29"
    assert shown(issues(of("2024-02-29", 25))[-13:-11]) == "2025-02-28 2025-03-29"


def test_issues_that_were_sent():
    assert shown(sent_by(of("2023-12-31", 6), day("2024-03-30"))) == "2023-12-31 2024-01-31 2024-02-29"
    assert shown(sent_by(of("2023-12-31", 2), day("2024-09-01"))) == "2023-12-31 2024-01-31"


def test_reminders_over_december():
    assert reminder(of("2023-12-31", 12)).isoformat() == "2024-10-31"
    assert reminder(of("2023-02-10", 12)).isoformat() == "2023-12-10"
    assert reminder(of("2023-02-28", 12)).isoformat() == "2023-12-28"
    assert reminder(of("2023-05-07", 9)).isoformat() == "2023-12-07"


def test_reminders():
    assert reminder(of("2023-01-31", 3)).isoformat() == "2023-02-28"
    assert reminder(of("2023-05-07", 6)).isoformat() == "2023-09-07"


def test_ends():
    assert end(of("2023-06-12", 6)).isoformat() == "2023-12-11"
    assert end(of("2024-08-30", 6)).isoformat() == "2025-02-27"


def test_what_is_due_on_a_last_day():
    assert due(of("2023-01-31", 6), 400, day("2023-02-27")) == 400
    assert due(of("2023-01-31", 6), 400, day("2023-02-28")) == 800
    assert due(of("2023-01-31", 6), 400, day("2023-03-30")) == 800
    assert due(of("2023-01-31", 6), 400, day("2023-03-31")) == 1200


def test_what_is_due_in_a_leap_year():
    assert due(of("2024-01-30", 6), 350, day("2024-02-28")) == 350
    assert due(of("2024-01-30", 6), 350, day("2024-02-29")) == 700


def test_what_is_due_over_december():
    assert due(of("2023-11-15", 6), 400, day("2023-11-14")) == 0
    assert due(of("2023-11-15", 6), 400, day("2023-10-31")) == 0
    assert due(of("2023-11-15", 6), 400, day("2023-12-14")) == 400
    assert due(of("2023-11-15", 6), 400, day("2024-01-15")) == 1200
    assert due(of("2023-11-15", 6), 400, day("2026-01-01")) == 2400


def test_what_is_due_before_a_short_month():
    assert due(of("2023-03-31", 4), 250, day("2023-02-28")) == 0
    assert due(of("2023-03-31", 4), 250, day("2023-04-30")) == 500


def test_refunds():
    assert refund(of("2023-10-31", 6), 350, day("2023-11-30")) == 1400
    assert refund(of("2023-10-31", 6), 350, day("2023-11-29")) == 1750
    assert refund(of("2023-12-03", 6), 350, day("2024-01-02")) == 1750


def gifts(first, days):
    return shown(each for each in map(day, days.split()) if anniversary_gift(of(first, 60), each))


def test_gifts():
    days = "2024-02-29 2025-02-27 2025-02-28 2025-03-01 2028-02-28 2028-02-29"
    assert gifts("2024-02-29", days) == "2025-02-28 2028-02-29"


def test_gifts_in_december():
    days = "2022-12-24 2023-11-24 2023-12-23 2023-12-24 2024-12-24"
    assert gifts("2022-12-24", days) == "2023-12-24 2024-12-24"


def shifted(text, months):
    return almanac.shifted(day(text), months).isoformat()


def test_december():
    assert shifted("2023-01-31", 11) == "2023-12-31"
    assert shifted("2023-12-31", 0) == "2023-12-31"
    assert shifted("2023-01-15", -1) == "2022-12-15"
    assert shifted("2023-06-01", -30) == "2020-12-01"


def test_other_months():
    assert shifted("2023-12-31", -10) == "2023-02-28"
    assert shifted("2023-03-31", -13) == "2022-02-28"
    assert shifted("2023-04-16", 8 * 12 + 3) == "2031-07-16"


def test_februaries():
    assert shifted("2023-12-31", 2) == "2024-02-29"
    assert shifted("2000-01-31", 1) == "2000-02-29"
    assert shifted("2024-12-30", 2) == "2025-02-28"


def test_februaries_of_centuries():
    assert shifted("1899-12-30", 2) == "1900-02-28"
    assert shifted("2099-12-31", 2) == "2100-02-28"
    assert [almanac.last_day(year, 2) for year in (1800, 2000, 2023, 2024, 2200)] == [28, 29, 28, 29, 28]


def test_last_days():
    assert [almanac.last_day(2023, month) for month in range(1, 13)] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_every_month():
    days = islice(almanac.monthly(day("2023-11-30")), 5)
    assert shown(days) == "2023-11-30 2023-12-30 2024-01-30 2024-02-29 2024-03-30"


def passed(first, last):
    return almanac.whole_months(day(first), day(last))


def test_whole_months_to_a_last_day():
    assert passed("2023-03-31", "2024-02-28") == 10
    assert passed("2023-03-31", "2024-02-29") == 11
    assert passed("2024-02-29", "2025-02-28") == 12


def test_whole_months_back():
    assert passed("2023-03-31", "2023-02-28") == -1
    assert passed("2023-03-31", "2023-02-27") == -2
    assert passed("2023-03-31", "2023-03-30") == -1


def test_whole_months():
    assert passed("2023-02-28", "2023-03-27") == 0
    assert passed("2023-02-28", "2023-12-31") == 10
    assert passed("2021-05-17", "2023-05-17") == 24
