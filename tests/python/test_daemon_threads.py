"""The end of the process while threads of Python are inside Rust functions."""

import subprocess
import sys

import pytest

from subinterpreters import LIMIT

START = """
import threading, time
import pyatoll_tests as t

inside = threading.Semaphore(0)

def forever(work):
    def loop(_):
        inside.release()
        while True:
            work()
    t.call_back(loop, 0)

for _ in range(4):
    threading.Thread(target=forever, args=[lambda: {work}], daemon=True).start()
for _ in range(4):
    inside.acquire()
"""


@pytest.mark.parametrize(
    "work",
    [
        "sum(range(100))",
        "time.sleep(0.001)",
        "list(map(lambda x: t.call_back(abs, x), range(10)))",
    ],
)
def test_daemon_threads_inside_rust_functions_do_not_disturb_the_end(work):
    code = f"import sys; sys.path[:] = {sys.path!r}\n" + START.format(work=work)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
