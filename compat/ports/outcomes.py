"""A pytest plugin that writes the outcome of each test to a JSON file.

It is loaded with `-p outcomes`, in the main interpreter and in sub-interpreters.
"""

import json
import pathlib


def pytest_addoption(parser):
    parser.addoption("--outcomes", help="the file for the outcomes")


class Outcomes:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.found = {}
        self.errors = []

    def pytest_runtest_logreport(self, report):
        # A failure in set-up or tear-down fails the test.
        if report.when == "call" or report.outcome != "passed":
            if self.found.get(report.nodeid) != "failed":
                self.found[report.nodeid] = report.outcome

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
