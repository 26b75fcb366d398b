"""A cluster of two worker processes with two interpreters each, on the loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent
# Worker processes get this path, and their interpreters do.
sys.path.insert(0, os.fspath(FOLDER))

# Seconds after which a test hangs. A busy machine may need minutes for what takes milliseconds.
LIMIT = 600

# Dask's own limits, also for the processes that the tests start.
for limit in ("COMM__TIMEOUTS__CONNECT", "COMM__TIMEOUTS__TCP", "SCHEDULER__WORKER_TTL"):
    os.environ[f"DASK_DISTRIBUTED__{limit}"] = f"{LIMIT}s"

import dask
import textstats
from distributed import Client, wait

import tasks
import wordcount
from interpreter_worker import local_cluster


@pytest.fixture(scope="module")
def client():
    with local_cluster(workers=2, nthreads=2) as cluster, Client(cluster) as client:
        client.wait_for_workers(2, timeout=LIMIT)
        yield client


@pytest.fixture(scope="module")
def paths():
    # Every third module, so that a busy machine is done soon.
    return wordcount.sources()[::3]


def wait_until(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_workers_give_the_counts_of_one_process(client, paths):
    assert len(paths) > 100
    expected = wordcount.count(paths)
    assert expected["def"] > 1000
    assert wordcount.count_with(client, paths) == expected


def test_four_tasks_run_at_once_each_in_an_interpreter(client, tmp_path):
    met = client.map(tasks.meet, [os.fspath(tmp_path)] * 4, range(4), [4] * 4, pure=False)
    places = client.gather(met)
    assert len(set(places)) == 4
    assert len({process for process, _ in places}) == 2
    assert 0 not in {interpreter for _, interpreter in places}


def test_an_exception_arrives_as_itself(client):
    assert client.submit(tasks.mean_length, "a abc").result() == 2.0
    with pytest.raises(textstats.EmptyTextError, match="no words were counted"):
        client.submit(tasks.mean_length, "").result()


def test_a_function_without_a_module_is_passed_by_value(client):
    factor = 3

    def scale(number):
        from concurrent.interpreters import get_current

        return factor * number, get_current().id != 0

    assert client.gather(client.map(scale, range(4))) == [(3 * n, True) for n in range(4)]


def test_a_graph_of_tasks_is_computed(client, paths):
    parts = [dask.delayed(wordcount.count)(part) for part in wordcount.chunks(paths[:40], 10)]
    total = dask.delayed(wordcount.merge)(parts)
    assert client.compute(total).result() == wordcount.count(paths[:40])


def test_an_instance_of_a_class_stays_in_its_interpreter(client):
    with pytest.raises(TypeError, match="pickle"):
        client.submit(tasks.counter, pure=False).result()


def test_a_task_cannot_use_its_worker_unless_it_runs_in_a_thread(client):
    with pytest.raises(ImportError, match="does not support loading in subinterpreters"):
        client.submit(tasks.worker_name, pure=False).result()
    with dask.annotate(executor="threads"):
        name = client.submit(tasks.worker_name, pure=False)
    assert name.result() in (0, 1)


def test_a_killed_worker_costs_no_result(client, paths, tmp_path):
    # Results in the memory of both workers, and tasks that both run.
    counted = client.map(wordcount.count, wordcount.chunks(paths, 10), pure=False)
    wait(counted, timeout=LIMIT)
    held = client.map(tasks.hold, [os.fspath(tmp_path)] * 4, range(4), pure=False)
    wait_until(lambda: len(list(tmp_path.glob("*.started"))) == 4)
    holders = {address for keys in client.who_has(counted).values() for address in keys}
    assert len(holders) == 2
    [pid] = client.run(os.getpid, workers=[holders.pop()]).values()
    assert len(list(tmp_path.glob(f"*.{pid}.started"))) == 2
    os.kill(pid, signal.SIGKILL)
    tasks.touch(tmp_path / "go")
    assert client.gather(held) == [0, 1, 2, 3]
    # The two tasks of the killed process have begun once more.
    assert len(list(tmp_path.glob("*.started"))) == 6
    assert wordcount.merge(client.gather(counted)) == wordcount.count(paths)
    # A new process has taken its place.
    client.wait_for_workers(2, timeout=LIMIT)
    wait_until(lambda: pid not in client.run(os.getpid).values())
    places = client.gather(client.map(tasks.place, range(40), pure=False))
    assert pid not in {process for process, _ in places}


def test_the_script_counts_the_standard_library():
    script = [sys.executable, "run_cluster.py", "--workers", "1", "--interpreters", "2"]
    result = subprocess.run(script, cwd=FOLDER, capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, result.stderr
    paths = wordcount.sources()
    words, distinct, _ = wordcount.summary(wordcount.count(paths))
    expected = f"{len(paths)} files, {words} words, {distinct} different"
    assert result.stdout.splitlines()[0] == expected


def test_the_measurement_compares_equal_results():
    script = [sys.executable, "measure.py", "--json", "--rounds", "1", "--files", "20"]
    script += ["--workers", "1", "--slots", "2"]
    result = subprocess.run(script, cwd=FOLDER, capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    for name, processes in [("interpreters", 1), ("processes", 2), ("threads", 1)]:
        figures = report[name]
        assert figures["results_equal"] is True
        assert (figures["processes"], figures["slots"]) == (processes, 2)
        assert figures["uss_mb_per_slot"] > 1
