"""geoindex, built with PyO3 or Pyatoll."""

import copy
import gc
import pickle
import threading
import weakref
from types import SimpleNamespace

import pytest

import geoindex
from geoindex import GeoError, GeoIndex, Match, Matches, Position, distance

CITIES = {
    "Paris": (48.8566, 2.3522),
    "Berlin": (52.52, 13.405),
    "London": (51.5074, -0.1278),
    "Suva": (-18.1416, 178.4419),
    "Apia": (-13.8333, -171.7667),
    "Longyearbyen": (78.2232, 15.6267),
}


@pytest.fixture
def cities():
    return GeoIndex(CITIES.items())


def names(matches):
    return [match.item for match in matches]


def test_the_nearest_come_first(cities):
    assert names(cities.nearest((48, 2), 3)) == ["Paris", "London", "Berlin"]
    [match] = cities.nearest(Position(52, 13))
    assert isinstance(match, Match) and match.item == "Berlin"
    assert match.position == Position(*CITIES["Berlin"])
    assert match.distance == pytest.approx(64_150, rel=0.01)
    assert repr(match).startswith("<Match 'Berlin', 64")
    assert names(cities.nearest((48, 2), 99)) == names(cities.nearest((48, 2), 6))
    assert cities.nearest((48, 2), 0) == []
    assert names(cities.nearest((48, 2), 9, max_distance=450_000)) == ["Paris", "London"]


def test_distances_cross_the_date_line_and_the_poles(cities):
    assert names(cities.nearest((-16, -179), 2)) == ["Suva", "Apia"]
    assert names(cities.nearest((90, -100))) == ["Longyearbyen"]
    assert distance((0, 179.5), (0, -179.5)) == pytest.approx(distance((0, 0), (0, 1)))


def test_matches_within_a_distance_are_an_iterator(cities):
    found = cities.within((50, 5), 700_000)
    assert isinstance(found, Matches) and iter(found) is found
    assert found.__length_hint__() == 3
    assert next(found).item == "Paris"
    assert names(found) == ["London", "Berlin"]
    with pytest.raises(StopIteration):
        next(found)


def test_one_nearest_item_for_each_place(cities):
    assert cities.nearest_to_each([(50, 10), (-18, -179)]) == ["Berlin", "Suva"]
    assert cities.nearest_to_each([]) == []
    with pytest.raises(GeoError, match="nothing is nearest in an empty index"):
        GeoIndex([]).nearest_to_each([(0, 0)])


def test_an_index_is_a_collection(cities):
    assert len(cities) == 6 and repr(cities) == "<GeoIndex of 6 places>"
    assert "Paris" in cities and "Rome" not in cities
    assert cities[0] == ("Paris", Position(*CITIES["Paris"]))
    assert cities[-1] == cities[5]
    assert [item for item, _ in cities] == list(CITIES)
    for number in [6, -7]:
        with pytest.raises(IndexError, match=f"there is no entry {number} of 6"):
            cities[number]


def test_an_index_of_objects_reads_their_attributes():
    places = [SimpleNamespace(lat=1, lon=2), SimpleNamespace(lat=40, lon=2)]
    index = GeoIndex.of_objects(places, latitude="lat", longitude="lon")
    assert index.nearest((39, 0))[0].item is places[1]
    with pytest.raises(AttributeError, match="latitude"):
        GeoIndex.of_objects(places)
    with pytest.raises(TypeError):
        GeoIndex.of_objects(places, "lat", "lon")


def test_a_class_method_of_a_subclass_creates_the_subclass():
    class Mine(GeoIndex):
        pass

    assert type(Mine.of_objects([])) is Mine
    assert type(Mine([("a", (0, 0))])) is Mine


def test_invalid_queries_are_errors(cities):
    assert issubclass(GeoError, ValueError)
    assert GeoError.__module__ == "geoindex"
    assert GeoError.__doc__ == "A question that has no answer."
    with pytest.raises(GeoError, match="-1 is no distance"):
        cities.within((0, 0), -1)
    with pytest.raises(GeoError, match="NaN is no distance"):
        cities.nearest((0, 0), max_distance=float("nan"))
    with pytest.raises(ValueError, match="a latitude is from -90 to 90, not 91"):
        cities.nearest((91, 0))
    with pytest.raises(OverflowError):
        cities.nearest((0, 0), -1)
    with pytest.raises(TypeError, match="'place'"):
        cities.nearest("here")
    with pytest.raises(TypeError):
        GeoIndex(5)


def test_positions_are_values():
    here = Position(48.8566, 362.3522)
    assert here.longitude == pytest.approx(2.3522)
    assert Position(1, 2) == Position(1, 2) != Position(2, 1)
    assert len({Position(1, 2), Position(1, 2), Position(2, 1)}) == 2
    assert tuple(Position(1, 2)) == (1.0, 2.0)
    assert repr(Position(1.5, 2)) == "Position(1.5, 2)"
    assert Position(0, 0).distance_to((0, 180)) == pytest.approx(geoindex.EARTH_RADIUS * 3.14159265)
    with pytest.raises(AttributeError):
        here.latitude = 0


def test_an_index_can_be_pickled_and_copied(cities):
    for again in [pickle.loads(pickle.dumps(cities)), copy.copy(cities)]:
        assert list(again) == list(cities)
        assert names(again.nearest((48, 2), 3)) == ["Paris", "London", "Berlin"]
    assert pickle.loads(pickle.dumps(Position(1, 2))) == Position(1, 2)


def test_an_index_in_a_reference_cycle_is_collected():
    class Place:
        latitude = longitude = 0

    place = Place()
    place.index = GeoIndex.of_objects([place])
    place.found = place.index.within((0, 0), 1)
    gone = weakref.ref(place)
    del place
    gc.collect()
    assert gone() is None


def test_threads_search_in_parallel(cities):
    found = []

    def search():
        places = [(50, 10), (-18, -179)] * 500
        found.append(cities.nearest_to_each(places))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["Berlin", "Suva"] * 500] * 4


def test_the_module_has_a_version_and_docstrings():
    assert geoindex.__version__ == "0.1.0"
    assert "spatial index" in geoindex.__doc__
    assert "nearest first" in GeoIndex.nearest.__doc__
    signature = GeoIndex.nearest.__text_signature__
    assert signature == "($self, place, count=1, *, max_distance=None)"
