"""textstats in the main interpreter, and in several sub-interpreters at once."""

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import textstats

# Seconds after which a test hangs. A busy machine may need minutes for what takes milliseconds.
LIMIT = 600

TEXT = "The cat saw the dog; the dog didn't see 'The Cat'."


def test_words_are_split_at_punctuation():
    assert textstats.words(TEXT)[6:9] == ["dog", "didn't", "see"]
    assert textstats.words("") == []


def test_identifiers_are_sorted_and_distinct():
    assert textstats.identifiers("b = a_1 + b - 2c (é)") == ["a_1", "b", "é"]


def test_most_common_words_come_first():
    assert textstats.most_common(TEXT, 2) == [("The", 2), ("dog", 2)]
    assert textstats.most_common(TEXT, ignore_case=True)[0] == ("the", 4)
    with pytest.raises(TypeError):
        textstats.most_common(TEXT, 2, True)


def test_a_counter_counts():
    counter = textstats.Counter(ignore_case=True)
    assert counter.update(TEXT) == 11
    assert (len(counter), counter.total) == (6, 11)
    assert counter["the"] == 4 and counter["cow"] == 0
    assert "dog" in counter and "cow" not in counter
    assert counter.most_common(1) == [("the", 4)]
    assert len(counter.most_common()) == len(counter)
    assert repr(counter) == "<Counter of 11 words, 6 different>"


def test_counters_merge_even_into_themselves():
    left, right = textstats.Counter(), textstats.Counter()
    left.update("a b")
    right.update("b c c")
    left.merge(right)
    assert left.most_common() == [("b", 2), ("c", 2), ("a", 1)]
    left.merge(left)
    assert left.total == 10
    assert left["b"] == 4


def test_the_mean_length_of_no_words_is_an_error():
    counter = textstats.Counter()
    with pytest.raises(textstats.EmptyTextError, match="no words"):
        counter.mean_length()
    assert issubclass(textstats.EmptyTextError, ValueError)
    counter.update("a abc")
    assert counter.mean_length() == 2.0


def test_functions_can_be_pickled():
    assert pickle.loads(pickle.dumps(textstats.words)) is textstats.words


# Runs in a sub-interpreter and writes its results to the file descriptor `fd`.
CODE = """
import json, os, textstats

counter = textstats.Counter(ignore_case=True)
counter.update({text!r})
try:
    textstats.Counter().mean_length()
except textstats.EmptyTextError as error:
    message = str(error)
found = {{
    "common": counter.most_common(2),
    "message": message,
    "counter": id(textstats.Counter),
    "error": id(textstats.EmptyTextError),
}}
os.write({fd}, json.dumps(found).encode())
# Blocks until all are done, so that no two interpreters have a class at the same address.
assert os.read({go}, 1) == b"g"
"""

creating = threading.Lock()


def new_interpreter(own_gil):
    """Creates an interpreter. Returns functions that run code in it and that end it."""
    # Python 3.12 cannot create two at once.
    with creating:
        if sys.version_info >= (3, 13):
            import _interpreters as module

            interpreter = module.create("isolated" if own_gil else "legacy")

            def run(code):
                error = module.exec(interpreter, code)
                assert error is None, error.formatted

        else:
            import _xxsubinterpreters as module

            # On 3.11, both kinds share the main interpreter's GIL.
            interpreter = module.create(isolated=own_gil)

            def run(code):
                module.run_string(interpreter, code)

    def end():
        with creating:
            module.destroy(interpreter)

    return run, end


@pytest.mark.parametrize("kinds", ["own", "shared", "mixed"])
def test_several_interpreters_import_it_at_once(kinds):
    own_gil = {"own": [True] * 4, "shared": [False] * 4, "mixed": [True, False] * 2}[kinds]
    found, failures = [], []
    arrived = threading.Barrier(len(own_gil))
    go_read, go_write = os.pipe()

    def work(own_gil):
        read, write = os.pipe()

        def receive():
            if data := os.read(read, 4096):
                found.append(json.loads(data))

        receiver = threading.Thread(target=receive)
        receiver.start()
        try:
            run, end = new_interpreter(own_gil)
            try:
                arrived.wait(LIMIT)
                run(CODE.format(text=TEXT, fd=write, go=go_read))
            finally:
                end()
        except BaseException as error:
            failures.append(error)
            # Do not keep the others waiting.
            arrived.abort()
        finally:
            # The receiver reads the results, or that there are none.
            os.close(write)
            receiver.join()
            os.close(read)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in own_gil]
    for thread in threads:
        thread.start()
    while len(found) + len(failures) < len(threads):
        time.sleep(0.01)
    os.write(go_write, b"g" * len(threads))
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    os.close(go_read)
    os.close(go_write)

    assert not failures
    assert len(found) == len(threads)
    for each in found:
        assert each["common"] == [["the", 4], ["cat", 2]]
        assert each["message"] == "no words were counted"
    # Each interpreter, including the main one, has its own class and exception.
    assert len({each["counter"] for each in found} | {id(textstats.Counter)}) == len(threads) + 1
    assert len({each["error"] for each in found} | {id(textstats.EmptyTextError)}) == len(threads) + 1


def test_the_pool_script_runs_or_reports_the_required_version():
    script = Path(__file__).parent.parent / "run_pool.py"
    files = [os.fspath(script), os.fspath(Path(__file__))]
    result = subprocess.run(
        [sys.executable, script, *files], capture_output=True, text=True, timeout=LIMIT
    )
    assert result.returncode == 0, result.stderr
    if sys.version_info >= (3, 14):
        assert result.stdout.startswith("2 files, ")
    else:
        assert "3.14 or later" in result.stdout
