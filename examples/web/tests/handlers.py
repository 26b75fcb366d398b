"""Handlers for the tests. Files are the signals between a test and a handler."""

import os
import time

__all__ = ["echo", "fail", "hold", "leave", "meet", "nan", "page", "stubborn", "wrong"]

# The last text of `meet` in this interpreter.
seen = None


def touch(path):
    with open(path, "w", encoding="utf-8"):
        pass


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def echo(text):
    return {"text": text}


def page(text):
    return f"<p>{text}"


def hold(path):
    """Runs until the test lets it go."""
    touch(path + ".started")
    wait_for(path + ".go")
    return {"held": path}


def stubborn(path):
    """Runs until the test lets it go, even if it is interrupted."""
    while True:
        try:
            touch(path + ".started")
            wait_for(path + ".go")
            return {"held": path}
        except KeyboardInterrupt:
            touch(path + ".interrupted")


def meet(paths):
    """Sets a global, waits until another interpreter has done so, and returns it."""
    global seen
    mine, other = paths.split("\n")
    seen = mine
    touch(mine)
    wait_for(other)
    return {"seen": seen}


def fail(text):
    try:
        {}[text]
    except KeyError as error:
        failure = ValueError(f"bad text: {text}")
        failure.add_note("send a better one")
        raise failure from error


def leave(text):
    raise SystemExit(3)


def nan(text):
    return float("nan")


def wrong(text):
    return object()
