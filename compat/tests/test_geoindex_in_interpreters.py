"""geoindex, built with Pyatoll instead of PyO3, in several interpreters of a process."""

import pytest
from subinterpreters import Several, SubInterpreter

import geoindex

# The interpreters start each round at the same time, in `Several.run`.
SEARCH = """
import gc
import pickle

from geoindex import GeoError, GeoIndex, Position, distance

places = [(number, (number % 170 - 85, number * 7 % 360 - 180)) for number in range(2000)]
index = GeoIndex(places)
for number in range(0, 2000, 10):
    [match] = index.nearest(places[number][1])
    assert match.distance < 0.01 and match.item % 170 == number % 170
around = [match.item for match in index.within((10, 20), 1_000_000)]
assert index.nearest_to_each([place for _, place in places[:170]]) == list(range(170))
assert list(pickle.loads(pickle.dumps(index))) == list(index)
try:
    index.within((0, 0), -1)
except GeoError as error:
    message = str(error)
del index
gc.collect()
result = [around, message, round(distance((0, 0), Position(0, 180)))]
"""


def in_main():
    names = {}
    exec(SEARCH, names)
    return names["result"]


@pytest.mark.parametrize("own_gil", [[True, True], [False, False], [True, False]])
def test_it_works_in_interpreters_that_run_in_parallel(own_gil):
    expected = in_main()
    with Several(own_gil) as several:
        for _ in range(3):
            assert several.run(SEARCH) == [expected] * len(own_gil)
    assert in_main() == expected


@pytest.mark.parametrize("own_gil", [True, False])
def test_its_classes_belong_to_one_interpreter(own_gil):
    code = "import geoindex; geoindex.mark = 1; result = id(geoindex.GeoError)"
    with SubInterpreter(own_gil) as sub:
        assert sub.run(code) != id(geoindex.GeoError)
    assert not hasattr(geoindex, "mark")
