"""The foundry's rooms import only from the rooms before them, and recipe and forge nothing of each other."""

from __future__ import annotations

import ast
from pathlib import Path

import codegym.foundry

FOUNDRY = Path(codegym.foundry.__file__).parent
ROOMS = [
    {"issue", "limits", "stoppable"},
    {"record", "repository"},
    {"holdout"},
    {"draft"},
    {"certify", "counted", "describe"},
    {"forge", "recipe", "handmade"},
]  # lowest first
HEIGHT = {room: height for height, rooms in enumerate(ROOMS) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(FOUNDRY).with_suffix("").parts[0]


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms that a module imports from, without its own."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    modules = [node.module.split(".") for node in nodes if node.module]
    return {module[2] for module in modules if module[:2] == ["codegym", "foundry"]} - {room_of(path)}


def test_every_room_has_a_height() -> None:
    modules = [path for path in FOUNDRY.rglob("*.py") if path != FOUNDRY / "__init__.py"]
    assert {room_of(path) for path in modules} == {*HEIGHT}


def test_rooms_import_only_downward() -> None:
    upward = [
        f"{path.relative_to(FOUNDRY)} -> {room}"
        for path in FOUNDRY.rglob("*.py")
        for room in imported_rooms(path)
        if HEIGHT[room] >= HEIGHT[room_of(path)]
    ]
    assert upward == []
