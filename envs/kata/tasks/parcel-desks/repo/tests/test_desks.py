from parcels.business import bill
from parcels.counter import stamp
from parcels.online import quote


def test_the_counter():
    assert stamp("Ada", 900, "town") == "Ada: 2.75 paid"
    assert stamp("Bo", 8000, "island") == "Bo: 22.95 paid"


def test_online():
    assert quote([(900, "town"), (1300, "abroad")]) == {"parcels": 2, "cents": 1657}


def test_business():
    assert bill("Cy & Co", "island", [500, 30000]) == "Bill for Cy & Co\n1. 500 g: 690\n2. 30000 g: 6035\nTotal: 6725"


def test_one_tariff():
    from parcels.tariff import postage

    assert postage(2000, "town", 20150) == 445
