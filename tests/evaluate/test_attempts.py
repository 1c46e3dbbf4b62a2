"""Which tasks an evaluation plays."""

from codegym.evaluate.attempts import chosen_tasks


def test_chosen_tasks_are_spread_over_the_split(mini):
    every = [task.id for task in mini.split(None)]
    assert chosen_tasks(mini, None, 0) == chosen_tasks(mini, None, 99) == every
    assert chosen_tasks(mini, None, 1) == every[:1]
