"""Functions of the tests' tasks. They run in interpreters, so nothing imports `distributed`."""

import os
import time
from concurrent.interpreters import get_current

import textstats


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def touch(path):
    with open(path, "w", encoding="utf-8"):
        pass


def meet(folder, number, all):
    """Waits until so many tasks run at once. Returns the process and the interpreter."""
    touch(os.path.join(folder, f"here-{number}"))
    for other in range(all):
        wait_for(os.path.join(folder, f"here-{other}"))
    return os.getpid(), get_current().id


def hold(folder, number):
    """Runs until the test lets it go."""
    touch(os.path.join(folder, f"{number}.{os.getpid()}.started"))
    wait_for(os.path.join(folder, "go"))
    return number


def place(_):
    return os.getpid(), get_current().id


def mean_length(text):
    counter = textstats.Counter()
    counter.update(text)
    return counter.mean_length()


def counter():
    return textstats.Counter()


def worker_name():
    from distributed import get_worker

    return get_worker().name
