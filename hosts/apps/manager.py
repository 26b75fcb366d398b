"""The application as a module of ceph-mgr."""

import json
import threading
import traceback

import exercise
from mgr_module import MgrModule


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
                return 0, json.dumps(exercise.state(name)), ""
            except BaseException:
                return -22, "", traceback.format_exc()

    return Module
