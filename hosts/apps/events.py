"""What a host that is a program of ours prints: JSON, one event per line."""

import json
import sys

import exercise


def _print(**event):
    # One write, since other threads print, too.
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def pair(one, two):
    """Two applications that exist at the same time."""
    _print(event="pair", one=one, two=two)


def load(requests, failures):
    """Requests were made; each failure is a text."""
    _print(event="load", requests=requests, failures=failures)


def restarts(count, requests, failures):
    """Interpreters were created and ended, and requests made in them."""
    _print(event="restarts", count=count, requests=requests, failures=failures)


def memory(kb=None):
    """The memory of the process with the interpreters: this one, or another one."""
    _print(event="memory", kb=exercise.resident_kb() if kb is None else kb)
