"""A pytest plugin that writes the outcome of each test to a JSON file.

It is loaded with `-p outcomes`, in the main interpreter and in sub-interpreters.
"""

import collections
import json
import pathlib


def pytest_addoption(parser):
    parser.addoption("--outcomes", help="the file for the outcomes")


class Outcomes:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.found = {}
        self.errors = []
        self.names = {}  # by the full name
        self.counts = collections.Counter()

    def name(self, nodeid):
        """Returns the name of a test, with a number for its arguments: these may contain addresses."""
        if nodeid not in self.names:
            function, bracket, _ = nodeid.partition("[")
            self.counts[function] += 1
            number = f"[{self.counts[function]}]" if bracket else ""
            self.names[nodeid] = function + number
        return self.names[nodeid]

    def pytest_runtest_logreport(self, report):
        # A failure in set-up or tear-down fails the test.
        name = self.name(report.nodeid)
        if report.when == "call" or report.outcome != "passed":
            if self.found.get(name) != "failed":
                self.found[name] = report.outcome

    def pytest_collectreport(self, report):
        if report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_sessionfinish(self):
        result = {"tests": self.found, "errors": self.errors}
        self.path.write_text(json.dumps(result))


def pytest_configure(config):
    path = config.getoption("--outcomes")
    if path:
        config.pluginmanager.register(Outcomes(path), "outcomes-of-this-run")
