"""The application as a module of ceph-mgr."""

import json
import os
import sys
import threading
import traceback

import exercise
from mgr_module import MgrModule


# The folder of the package bcrypt, built with Pyatoll, if the modules use it, as ceph's own do.
BCRYPT = os.environ.get("HOSTS_BCRYPT")
if BCRYPT:
    # ceph-mgr has Debian's own in front of what PYTHONPATH names.
    sys.path.insert(0, BCRYPT)


def check_password(name):
    """Hashes a password with bcrypt and checks it."""
    import bcrypt

    assert bcrypt.__file__.startswith(BCRYPT), bcrypt.__file__
    hashed = bcrypt.hashpw(name.encode(), bcrypt.gensalt(rounds=4))
    assert bcrypt.checkpw(name.encode(), hashed) and not bcrypt.checkpw(b"other", hashed)


def module(name):
    """Returns the class of a manager module."""

    class Module(MgrModule):
        COMMANDS = [
            {"cmd": f"probe{name} describe", "desc": "Return the state", "perm": "r"},
            {"cmd": f"probe{name} request", "desc": "Use the module once", "perm": "r"},
        ]

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.is_ending = threading.Event()
            exercise.install(name)

        def serve(self):
            exercise.start_ticker()
            self.is_ending.wait()

        def shutdown(self):
            self.is_ending.set()

        def handle_command(self, _input, command):
            is_request = command["prefix"].endswith("request")
            try:
                exercise.exercise(name, panic=not is_request)
                if BCRYPT:
                    check_password(name)
                return 0, json.dumps(exercise.state(name)), ""
            except BaseException:
                return -22, "", traceback.format_exc()

    return Module
