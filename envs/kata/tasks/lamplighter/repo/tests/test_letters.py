from datetime import date

from lamplighter.accounts import due
from lamplighter.letters import goodbye, welcome
from lamplighter.plan import Subscription


def test_welcome():
    ada = Subscription("Ada", date(2023, 4, 15), 3)
    assert welcome(ada) == "Dear Ada, we send your issues on 15 April 2023, 15 May 2023, 15 June 2023."


def test_welcome_at_the_end_of_a_month():
    bo = Subscription("Bo", date(2023, 1, 31), 3)
    assert welcome(bo) == "Dear Bo, we send your issues on 31 January 2023, 28 February 2023, 31 March 2023."


def test_goodbye():
    assert goodbye(Subscription("Cy", date(2023, 9, 6), 3)) == "Dear Cy, your lamp burns until 5 December 2023."


def test_what_is_due():
    assert due(Subscription("Di", date(2023, 4, 15), 6), 450, date(2023, 6, 20)) == 1350
