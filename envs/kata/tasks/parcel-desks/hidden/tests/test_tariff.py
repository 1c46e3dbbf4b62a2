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


@pytest.mark.parametrize(
    ("grams", "zone", "heaviest", "cents"),
    [
        (1, "town", 500, 275),
        (1250, "town", 20150, 275),
        (1251, "town", 20150, 360),
        (1750, "town", 20150, 360),
        (1751, "town", 20150, 445),
        (500, "town", 500, 275),
        (7300, "island", 20150, 1795),
        (7301, "island", 20150, 2210),
        (7301, "town", 20150, 1380),
        (7301, "abroad", 20150, 2490),
        (40000, "abroad", 40000, 8015),
        (20150, "island", 20150, 4335),
    ],
    ids=lambda value: str(value),
)
def test_postage(grams, zone, heaviest, cents):
    assert tariff().postage(grams, zone, heaviest) == cents


def test_postage_refuses():
    postage = tariff().postage
    assert refusal(postage, 0, "town", 20150) == "refused: nothing to send"
    assert refusal(postage, -5, "moon", 20150) == "refused: nothing to send"
    assert refusal(postage, 501, "moon", 500) == "refused: 501 g is too heavy"
    assert refusal(postage, 500, "moon", 500) == "refused: we do not go to moon"
    assert refusal(postage, 500, "", 500) == "refused: we do not go to "


@pytest.mark.parametrize(
    ("grams", "zone", "print_"),
    [
        (1, "town", "Eve: 2.75 paid"),
        (1250, "abroad", "Eve: 13.85 paid"),
        (1251, "island", "Eve: 7.75 paid"),
        (7300, "island", "Eve: 17.95 paid"),
        (7301, "island", "Eve: 22.10 paid"),
        (20150, "abroad", "Eve: 46.15 paid"),
        (20151, "abroad", "refused: 20151 g is too heavy"),
        (0, "moon", "refused: nothing to send"),
        (99999, "moon", "refused: 99999 g is too heavy"),
        (20150, "moon", "refused: we do not go to moon"),
    ],
    ids=lambda value: str(value).replace(" ", "-").replace(":", ""),
)
def test_the_counter(grams, zone, print_):
    assert refusal(stamp, "Eve", grams, zone) == print_


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ([], {"parcels": 0, "cents": 0}),
        ([(1250, "town")], {"parcels": 1, "cents": 261}),
        ([(1, "town"), (1251, "town")], {"parcels": 2, "cents": 603}),
        ([(7300, "island"), (7301, "island")], {"parcels": 2, "cents": 3804}),
        ([(20150, "abroad"), (20150, "town"), (1, "island")], {"parcels": 3, "cents": 8368}),
        ([(1, "town"), (20151, "town")], "refused: 20151 g is too heavy"),
        ([(1, "town"), (0, "moon")], "refused: nothing to send"),
        ([(1, "moon"), (0, "town")], "refused: we do not go to moon"),
    ],
    ids="none one two island three heavy nothing moon".split(),
)
def test_online(sent, answer):
    assert refusal(quote, sent) == answer


@pytest.mark.parametrize(
    ("zone", "weights", "answer"),
    [
        ("town", [], "Bill for Fay\nTotal: 0"),
        ("moon", [], "Bill for Fay\nTotal: 0"),
        ("town", [1250, 1251], "Bill for Fay\n1. 1250 g: 275\n2. 1251 g: 360\nTotal: 635"),
        ("island", [7301, 31500], "Bill for Fay\n1. 7301 g: 2210\n2. 31500 g: 6290\nTotal: 8500"),
        ("abroad", [20151], "Bill for Fay\n1. 20151 g: 4615\nTotal: 4615"),
        ("abroad", [5, 31501], "refused: 31501 g is too heavy"),
        ("moon", [0], "refused: nothing to send"),
        ("moon", [31500], "refused: we do not go to moon"),
    ],
    ids="none moon-none two island abroad heavy nothing moon".split(),
)
def test_business(zone, weights, answer):
    assert refusal(bill, "Fay", zone, weights) == answer


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


@pytest.mark.parametrize(
    ("number", "grams", "zone", "cents"),
    [
        (275, 7301, "town", 1380),
        (690, 7301, "island", 2210),
        (1385, 7301, "abroad", 2490),
        (1250, 20150, "town", 3505),
        (85, 6001, "town", 1125),
        (500, 6750, "town", 1210),
        (7300, 7300, "island", 1795),
        (415, 15001, "island", 3485),
    ],
    ids=lambda value: str(value),
)
def test_the_tariff_is_written_once(number, grams, zone, cents):
    assert tariff().postage(grams, zone, 20150) == cents
    assert count_of_number(number) == 1
