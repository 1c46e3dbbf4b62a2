"""A near-copy of a function is found whatever its variables are called, and is removed with the function."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.draft import Draft
from codegym.foundry.draft.removed import TWIN_REMAINS, removal_drafts
from codegym.foundry.draft.twins import Twins
from codegym.foundry.repository.functions import source_functions
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import Project, project
from tests.foundry.repositories import write

CLIENT = '''\
class Client:
    def fetch(self, path, retries=3):
        """Return what is at a path."""
        for attempt in range(retries):
            answer = self.transport.get(self.root + path, timeout=self.timeout)
            if answer.status == 200:
                return answer.body
            self.wait(attempt * 2)
        raise ConnectionError(path)

    def wait(self, seconds):
        self.waited += seconds
        if self.waited > self.most:
            raise TimeoutError(seconds)
'''
ASYNC = """\
class AsyncClient:
    async def fetch(self, where, tries=3):
        for number in range(tries):
            response = await self.transport.get(self.root + where, timeout=self.timeout)
            if response.status == 200:
                return response.body
            await self.wait(number * 2)
        raise ConnectionError(where)

    async def drop(self, where, tries=3):
        for number in range(tries):
            await self.transport.delete(self.root + where)
        self.cache.pop(where, None)
        return len(self.cache)
"""


def project_with(tmp_path: Path, **modules: str) -> Project:
    files = {f"net/{name}.py": text for name, text in modules.items()}
    write(tmp_path, files | {"test_net.py": "def test_it(): pass\n", "setup.py": ""})
    return project(origin(str(tmp_path), tmp_path), "pytest")


def removal_of(made: Project, name: str) -> Draft:
    drafts = removal_drafts(made, Bounds(), None)
    return next(draft for draft in drafts if draft.mutations[0].mutation.function == name)


def test_an_asynchronous_copy_is_a_twin(tmp_path: Path) -> None:
    made = project_with(tmp_path, client=CLIENT, aio=ASYNC)
    twins = Twins(source_functions(made.sources, made.files))
    assert [twin.name for twin in twins.of("net/client.py Client.fetch")] == ["AsyncClient.fetch"]
    assert [twin.name for twin in twins.of("net/aio.py AsyncClient.fetch")] == ["Client.fetch"]
    assert twins.of("net/aio.py AsyncClient.drop") == []
    assert twins.of("net/client.py Client.wait") == []


def test_a_twin_is_removed_with_the_function(tmp_path: Path) -> None:
    made = project_with(tmp_path, client=CLIENT, aio=ASYNC)
    draft = removal_of(made, "Client.fetch")
    assert [located.mutation.function for located in draft.mutations] == ["Client.fetch", "AsyncClient.fetch"]
    changed = draft.changed_files(made.files)
    assert all(b"ConnectionError" not in file.content for file in changed.values())
    assert ("removal net/aio.py AsyncClient.fetch", 1) in draft.bounds
    assert len(removal_of(made, "Client.wait").mutations) == 1


@pytest.mark.parametrize("long", [False, True])
def test_a_removal_is_refused_if_a_twin_remains(tmp_path: Path, *, long: bool) -> None:
    many = {f"copy{number}": CLIENT for number in range(5)}
    filler = "".join(f"        self.log({number})\n" for number in range(130))
    longer = CLIENT.replace("        for attempt", filler + "        for attempt")
    made = project_with(tmp_path, client=CLIENT, **({"longer": longer} if long else many))
    assert removal_of(made, "Client.fetch").objection == TWIN_REMAINS
