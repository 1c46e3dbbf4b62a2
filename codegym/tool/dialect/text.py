"""The setting, with which the system prompts of most dialects begin."""

from __future__ import annotations

SETTING = (
    "You work on a repository in a sandbox, one action per turn. Find out what is wrong, change the code so that "
    "the task is done, check it with the tests, then submit. Hidden tests decide; changes to tests do not count."
)
