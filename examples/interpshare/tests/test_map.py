"""Maps."""

import threading

import pytest

import interpshare
from other_interpreters import KINDS, LIMIT, Other


def test_it_is_a_mapping():
    entries = interpshare.Map({"a": 1})
    entries["b"] = 2
    assert entries["a"] == 1 and "b" in entries and "c" not in entries and len(entries) == 2
    entries["a"] = (3, "x")
    assert entries["a"] == (3, "x") and entries.get("c") is None and entries.get("c", []) == []
    del entries["a"]
    with pytest.raises(KeyError, match="'a'"):
        entries["a"]
    with pytest.raises(KeyError):
        del entries["a"]
    assert entries.pop("b") == 2 and entries.pop("b", 5) == 5
    with pytest.raises(KeyError):
        entries.pop("b")
    with pytest.raises(TypeError):
        entries.pop("b", 1, 2)
    assert entries.setdefault("d", 4) == 4 and entries.setdefault("d", 5) == 4
    assert entries.setdefault("e") is None and entries["e"] is None
    entries.clear()
    assert len(entries) == 0 and list(entries) == []
    assert repr(entries) == "<interpshare.Map of 0 entries>"


def test_it_is_filled_from_mappings_and_pairs():
    for source in {"a": 1, 2: "b"}, [("a", 1), (2, "b")], interpshare.Map({"a": 1, 2: "b"}):
        entries = interpshare.Map(source)
        assert dict(entries) == {"a": 1, 2: "b"}
    entries.update({"c": 3}, d=4)
    entries.update(e=5)
    assert sorted(entries.values(), key=str) == [1, 3, 4, 5, "b"]
    assert dict(entries.items()) == {"a": 1, 2: "b", "c": 3, "d": 4, "e": 5}
    for wrong in 5, [1], [(1, 2, 3)]:
        with pytest.raises((TypeError, ValueError)):
            interpshare.Map(wrong)


def test_numbers_are_added():
    entries = interpshare.Map()
    assert entries.add("n") == 1 and entries.add("n", 4) == 5 and entries.add("n", -10) == -5
    assert entries.add("f", 0.5) == 0.5 and entries.add("f") == 1.5
    assert entries.add("big", 2**63 - 1) == 2**63 - 1
    assert entries.add("big") == 2**63 and entries.add("big", -(2**63)) == 0
    assert entries.add("big", 2**70) == 2**70 and entries.add("big", 0.0) == 2.0**70
    assert entries.add("flag", True) == 1
    entries["text"] = "x"
    with pytest.raises(TypeError, match="cannot add 'str' and 'int'"):
        entries.add("text")
    with pytest.raises(TypeError, match="cannot add 'int' and 'tuple'"):
        entries.add("none", ())
    assert entries["text"] == "x" and "none" not in entries
    entries["huge"] = 10**400
    with pytest.raises(OverflowError, match="int too large to convert to float"):
        entries.add("huge", 1.0)
    with pytest.raises(OverflowError, match="int too large to convert to float"):
        entries.add("f", -(10**400))
    assert entries["huge"] == 10**400 and entries["f"] == 1.5


def test_values_are_compared_and_set():
    entries = interpshare.Map({"a": 1})
    assert not entries.compare_and_set("a", 2, 3) and entries["a"] == 1
    assert entries.compare_and_set("a", 1.0, ("x",)) and entries["a"] == ("x",)
    assert not entries.compare_and_set("b", None, 1) and "b" not in entries


def test_a_value_is_made_if_there_is_none():
    entries = interpshare.Map()
    assert entries.get_or_insert("a", lambda: 5) == 5
    assert entries.get_or_insert("a", lambda: 1 / 0) == 5
    with pytest.raises(ZeroDivisionError):
        entries.get_or_insert("b", lambda: 1 / 0)
    with pytest.raises(TypeError):
        entries.get_or_insert("b", list)
    assert "b" not in entries
    # The first that is stored wins.
    assert entries.get_or_insert("c", lambda: entries.setdefault("c", 1) + 1) == 1


@KINDS
def test_all_interpreters_change_it_at_once(own_gil):
    entries = interpshare.Map()
    code = """
        for n in range(300):
            entries.add("sum", n)
            entries[name, n] = str(n)
            while True:
                old = entries.setdefault("swapped", 0)
                if entries.compare_and_set("swapped", old, old + 1):
                    break
            assert entries[name, n] == str(n)
            if n % 3 == 0:
                del entries[name, n]
            if n % 50 == 0:
                for key, value in entries.items():
                    assert isinstance(key, str) or value == str(key[1])
        result = entries.get_or_insert("once", lambda: name)
    """
    others = [Other(own_gil) for _ in range(3)]
    finish = [
        other.start(f"name = {number}\n{dedented(code)}", entries=entries)
        for number, other in enumerate(others)
    ]
    names = {f() for f in finish}
    assert len(names) == 1 and entries["once"] in names
    assert entries["sum"] == 3 * sum(range(300)) and entries["swapped"] == 900
    assert len(entries) == 3 * 200 + 3
    for other in others:
        other.close()
    # What an interpreter has stored stays.
    assert entries[0, 1] == "1"


def dedented(code):
    import textwrap

    return textwrap.dedent(code)


def test_a_map_is_read_while_it_grows():
    entries = interpshare.Map({n: n for n in range(100)})
    done = threading.Event()

    def read():
        while not done.is_set():
            assert entries[50] == 50 and len(entries.keys()) >= 100

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for n in range(100, 20_000):
        entries[n] = n
    done.set()
    for thread in readers:
        thread.join(LIMIT)
    assert sorted(entries) == list(range(20_000))
    for n in range(20_000):
        del entries[n]
    assert len(entries) == 0
