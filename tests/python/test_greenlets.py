"""Greenlets, which switch stacks in the middle of a call: attachments end in any order.

Each test is a process of its own, since the `greenlet` module keeps what it knows of a thread in a
thread-local variable, of whatever interpreter.
"""

import os
import subprocess
import sys

import pytest

from subinterpreters import LIMIT

NO_GIL = not getattr(sys, "_is_gil_enabled", lambda: True)()

pytestmark = pytest.mark.skipif(
    "ASAN_OPTIONS" in os.environ, reason="greenlets move stacks, which the sanitizer does not know"
)

ORDER = """
from greenlet import getcurrent, greenlet
import pyatoll_tests

hub = getcurrent()
one = greenlet(lambda: pyatoll_tests.call_attached(lambda: hub.switch() + 1))
other = greenlet(lambda: pyatoll_tests.call_attached(lambda: hub.switch() + 2))
one.switch(), other.switch()
assert one.switch(10) == 11
assert other.switch(20) == 22
assert one.dead and other.dead
assert pyatoll_tests.id_after_attaching() == pyatoll_tests.interpreter_id()
"""

RANDOM = """
import random
from greenlet import getcurrent, greenlet
import pyatoll_tests

here = pyatoll_tests.interpreter_id()
hub = getcurrent()

def run(seed):
    choice = random.Random(seed)
    alive = []

    def switch():
        others = [one for one in alive if not one.dead and one is not getcurrent()]
        to = hub if not others or choice.random() < 0.5 else choice.choice(others)
        to.switch()
        assert pyatoll_tests.interpreter_id() == here
        assert pyatoll_tests.id_after_attaching() == here

    def work():
        for _ in range(choice.randrange(1, 8)):
            pyatoll_tests.call_deep(choice.randrange(4), switch)

    for _ in range(100):
        if len(alive) < 10 and choice.random() < 0.4:
            alive.append(greenlet(work))
            alive[-1].switch()
        elif alive:
            choice.choice(alive).switch()
        alive[:] = [one for one in alive if not one.dead]
    while alive:
        alive[-1].switch()
        alive[:] = [one for one in alive if not one.dead]

for seed in range(10):
    run(seed)
"""

SUSPENDED = """
from greenlet import getcurrent, greenlet
import pyatoll_tests

hub = getcurrent()
suspended = greenlet(lambda: pyatoll_tests.call_attached(hub.switch))
suspended.switch()
assert pyatoll_tests.id_after_attaching() == pyatoll_tests.interpreter_id()
"""


def run(code):
    """Runs a program, which must come to its end."""
    arguments = [sys.executable, "-X", "faulthandler", "-c", code]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def run_in_sub_interpreter(code):
    """Runs code in a sub-interpreter that shares the GIL. `greenlet` refuses those with their own."""
    run(f"""
import sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from subinterpreters import SubInterpreter
with SubInterpreter(False) as interpreter:
    interpreter.run({code!r})
    assert interpreter.run("result = pyatoll_tests.interpreter_id()") == interpreter.id
""")


ALL = pytest.mark.parametrize(
    "code", [ORDER, RANDOM, SUSPENDED], ids=["in order", "at random", "suspended for good"]
)


@ALL
def test_greenlets_switch_within_attachments(code):
    run(code)


@ALL
@pytest.mark.skipif(
    NO_GIL, reason="a sub-interpreter without a GIL refuses `greenlet`, which has no slot for it"
)
def test_greenlets_switch_within_attachments_to_a_sub_interpreter(code):
    run_in_sub_interpreter(code)


@ALL
def test_greenlets_switch_within_attachments_in_a_thread_that_ends(code):
    # The end of the process does not wait for greenlets whose thread is gone.
    run(f"""
import threading
def work():
    exec({code!r}, {{}})
for _ in range(3):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
""")
