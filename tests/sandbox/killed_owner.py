"""A program that opens, forks and closes boxes until it is killed; started by ``test_killed.py``.

Its arguments are a folder for a base tree, a number that decides what it does, and where its boxes write.
"""

import random
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

from codegym.errors import SandboxError
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.host.lease import owner_lease
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import Tree
from codegym.task import Limits

SLEEPER = "47.99"


def episodes(pool: Pool, tree: Tree, chance: random.Random) -> None:
    while True:
        with suppress(SandboxError), pool.open(tree, "cc", Limits()) as box:
            box.exec(f"echo x > x; (setsid sleep {SLEEPER} &); sleep {chance.random() / 50}")
            if chance.random() < 0.3:
                with box.fork() as fork:
                    fork.exec(f"cat x; sleep {SLEEPER}", timeout=chance.random() / 20)
            box.restore(box.snapshot())


def main(folder: str, seed: str, stage: Literal["auto", "disk"]) -> None:
    pool = Pool(BwrapBackend(stage=stage), most=4, spare=1)
    for number in range(3):
        chance = random.Random(f"{seed} {number}")
        threading.Thread(target=episodes, args=(pool, Tree((Path(folder),), ""), chance), daemon=True).start()
    owner_lease()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
