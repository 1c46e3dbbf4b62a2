import ast
import functools
import importlib
import inspect
import pkgutil
from pathlib import Path

import parcels
import pytest
from parcels.business import bill
from parcels.counter import stamp
from parcels.errors import RefusedError
from parcels.online import quote


def tariff():
    return importlib.import_module("parcels.tariff")


def modules():
    return [importlib.import_module(f"parcels.{found.name}") for found in pkgutil.iter_modules(parcels.__path__)]


def refusal(call, *arguments):
    try:
        return call(*arguments)
    except RefusedError as error:
        return f"refused: {error}"


def count_of_number(number):
    """How often a number is written in the package."""
    texts = [file.read_text() for file in sorted(Path(parcels.__file__).parent.rglob("*.py"))]
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    numbers = [node.value for node in nodes if type(node) is ast.Constant and type(node.value) is int]
    return numbers.count(number)


def count_of_decisions(desk):
    """How often a desk compares, branches or repeats something until a condition holds."""
    tree = ast.parse(inspect.getsource(importlib.import_module(f"parcels.{desk}")))
    kinds = (ast.Compare, ast.If, ast.IfExp, ast.While, ast.Match, ast.BoolOp, ast.Try)
    return len([node for node in ast.walk(tree) if isinstance(node, kinds)])


@pytest.fixture
def asked(monkeypatch):
    """Let ``postage`` ask for 1234 cents and a cent for each gram, wherever it was imported; what it was asked for."""
    original = tariff().postage
    signature, calls = inspect.signature(original), []

    def postage(*args, **kwargs):
        bound = signature.bind(*args, **kwargs).arguments
        calls.append((bound["grams"], bound["zone"], bound["heaviest"]))
        return 1234 + bound["grams"]

    for module in modules():
        for name, value in list(vars(module).items()):
            if value is original:
                monkeypatch.setattr(module, name, postage)
            elif isinstance(value, functools.partial) and value.func is original:
                monkeypatch.setattr(module, name, functools.partial(postage, *value.args, **value.keywords))
    return calls


def test_postage_by_weight():
    postage = tariff().postage
    assert postage(1, "town", 500) == 275
    assert postage(1250, "town", 20150) == 275
    assert postage(1251, "town", 20150) == 360
    assert postage(1750, "town", 20150) == 360
    assert postage(1751, "town", 20150) == 445
    assert postage(40000, "abroad", 40000) == 8015
    assert postage(500, "town", 500) == 275


def test_postage_of_bulky_parcels():
    postage = tariff().postage
    assert postage(7300, "island", 20150) == 1795
    assert postage(7301, "island", 20150) == 2210
    assert postage(7301, "town", 20150) == 1380
    assert postage(7301, "abroad", 20150) == 2490
    assert postage(20150, "island", 20150) == 4335


def test_postage_refuses():
    postage = tariff().postage
    assert refusal(postage, 0, "town", 20150) == "refused: nothing to send"
    assert refusal(postage, -5, "moon", 20150) == "refused: nothing to send"
    assert refusal(postage, 501, "moon", 500) == "refused: 501 g is too heavy"
    assert refusal(postage, 500, "moon", 500) == "refused: we do not go to moon"
    assert refusal(postage, 500, "", 500) == "refused: we do not go to "


def test_the_counter():
    assert stamp("Eve", 1, "town") == "Eve: 2.75 paid"
    assert stamp("Eve", 1250, "abroad") == "Eve: 13.85 paid"
    assert stamp("Eve", 1251, "island") == "Eve: 7.75 paid"
    assert stamp("Eve", 7300, "island") == "Eve: 17.95 paid"
    assert stamp("Eve", 7301, "island") == "Eve: 22.10 paid"
    assert stamp("Eve", 20150, "abroad") == "Eve: 46.15 paid"


def test_the_counter_refuses():
    assert refusal(stamp, "Eve", 20151, "abroad") == "refused: 20151 g is too heavy"
    assert refusal(stamp, "Eve", 0, "moon") == "refused: nothing to send"
    assert refusal(stamp, "Eve", 99999, "moon") == "refused: 99999 g is too heavy"
    assert refusal(stamp, "Eve", 20150, "moon") == "refused: we do not go to moon"


def test_online():
    assert quote([]) == {"parcels": 0, "cents": 0}
    assert quote([(1250, "town")]) == {"parcels": 1, "cents": 261}
    assert quote([(1, "town"), (1251, "town")]) == {"parcels": 2, "cents": 603}
    assert quote([(7300, "island"), (7301, "island")]) == {"parcels": 2, "cents": 3804}
    assert quote([(20150, "abroad"), (20150, "town"), (1, "island")]) == {"parcels": 3, "cents": 8368}


def test_online_refuses():
    assert refusal(quote, [(1, "town"), (20151, "town")]) == "refused: 20151 g is too heavy"
    assert refusal(quote, [(1, "town"), (0, "moon")]) == "refused: nothing to send"
    assert refusal(quote, [(1, "moon"), (0, "town")]) == "refused: we do not go to moon"


def test_business():
    assert bill("Fay", "town", []) == "Bill for Fay\nTotal: 0"
    assert bill("Fay", "moon", []) == "Bill for Fay\nTotal: 0"
    assert bill("Fay", "town", [1250, 1251]) == "Bill for Fay\n1. 1250 g: 275\n2. 1251 g: 360\nTotal: 635"
    assert bill("Fay", "island", [7301, 31500]) == "Bill for Fay\n1. 7301 g: 2210\n2. 31500 g: 6290\nTotal: 8500"
    assert bill("Fay", "abroad", [20151]) == "Bill for Fay\n1. 20151 g: 4615\nTotal: 4615"


def test_business_refuses():
    assert refusal(bill, "Fay", "abroad", [5, 31501]) == "refused: 31501 g is too heavy"
    assert refusal(bill, "Fay", "moon", [0]) == "refused: nothing to send"
    assert refusal(bill, "Fay", "moon", [31500]) == "refused: we do not go to moon"


def test_the_counter_asks_for_the_postage_and_decides_nothing(asked):
    assert count_of_decisions("counter") == 0
    assert stamp("Gus", 800, "town") == "Gus: 20.34 paid"
    assert asked == [(800, "town", 20150)]
    assert stamp("Gus", 30000, "moon") == "Gus: 312.34 paid"


def test_online_asks_for_the_postage_and_decides_nothing(asked):
    assert count_of_decisions("online") == 0
    assert quote([(1, "abroad"), (66, "moon")]) == {"parcels": 2, "cents": 2408}
    assert asked == [(1, "abroad", 20150), (66, "moon", 20150)]


def test_business_asks_for_the_postage_and_decides_nothing(asked):
    assert count_of_decisions("business") == 0
    assert bill("Hal", "moon", [7, 90000]) == "Bill for Hal\n1. 7 g: 1241\n2. 90000 g: 91234\nTotal: 92475"
    assert asked == [(7, "moon", 31500), (90000, "moon", 31500)]


def test_prices_are_written_once():
    postage = tariff().postage
    assert postage(7302, "town", 20150) == 1380
    assert postage(7302, "island", 20150) == 2210
    assert postage(7302, "abroad", 20150) == 2490
    assert count_of_number(275) == 1
    assert count_of_number(690) == 1
    assert count_of_number(1385) == 1


def test_steps_are_written_once():
    postage = tariff().postage
    assert postage(20149, "town", 20150) == 3505
    assert postage(6001, "town", 20150) == 1125
    assert count_of_number(1250) == 1
    assert count_of_number(85) == 1
    assert count_of_number(500) == 1


def test_bulk_is_written_once():
    postage = tariff().postage
    assert postage(7299, "island", 20150) == 1795
    assert postage(15001, "island", 20150) == 3485
    assert count_of_number(7300) == 1
    assert count_of_number(415) == 1
