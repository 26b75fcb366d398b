"""Compares workers with interpreters with workers as processes, and with threads.

    python measure.py [--workers N] [--slots N] [--rounds N] [--json]

All clusters run the same number of tasks at once: WORKERS × SLOTS. Each is measured in turn, and
must give the counts of a single process.
"""

import argparse
import json
import os
import sys
import time

import psutil
from distributed import Client, Worker

import wordcount
from interpreter_worker import InterpreterWorker, local_cluster


def clusters(workers, slots):
    """Returns the name, the number of processes, the tasks in each, and the class, of each kind."""
    return [
        ("interpreters", workers, slots, InterpreterWorker),
        ("processes", workers * slots, 1, Worker),
        ("threads", workers, slots, Worker),
    ]


def measure(workers, nthreads, worker_class, paths, rounds, expected):
    """Returns the figures of a cluster."""
    with local_cluster(workers, nthreads, worker_class) as cluster, Client(cluster) as client:
        client.wait_for_workers(workers)
        processes = [psutil.Process(pid) for pid in client.run(os.getpid).values()]
        # Imports, and the first use of every interpreter.
        equal = wordcount.count_with(client, paths, size=1) == expected
        seconds = []
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
        for _ in range(rounds):
            start = time.perf_counter()
            equal &= wordcount.count_with(client, paths) == expected
            seconds.append(time.perf_counter() - start)
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes) - cpu
        memory = [process.memory_full_info() for process in processes]
    slots = workers * nthreads
    return {
        "processes": workers,
        "slots": slots,
        "seconds": min(seconds),
        "cpu_seconds": cpu / rounds,
        # USS: what would be free without the process. PSS: with its share of what is shared.
        "uss_mb_per_slot": sum(info.uss for info in memory) / 1e6 / slots,
        "pss_mb_per_slot": sum(info.pss for info in memory) / 1e6 / slots,
        "results_equal": equal,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--slots", type=int, default=2, help="interpreters, or threads, of each")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; the best counts")
    parser.add_argument("--files", type=int, help="how many files [default: all]")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args()
    paths = wordcount.sources()[: options.files]
    expected = wordcount.count(paths)
    report = {"python": sys.version.split()[0], "files": len(paths)}
    for name, workers, nthreads, worker_class in clusters(options.workers, options.slots):
        report[name] = measure(workers, nthreads, worker_class, paths, options.rounds, expected)
    equal = all(figures["results_equal"] for figures in report.values() if type(figures) is dict)
    if options.json:
        print(json.dumps(report))
        return not equal
    print(f"Python {report['python']}, {report['files']} files")
    print("tasks run in  processes  slots  seconds  CPU s  USS MB/slot  PSS MB/slot")
    for name, figures in report.items():
        if type(figures) is dict:
            print(
                f"{name:12}  {figures['processes']:9}  {figures['slots']:5}"
                f"  {figures['seconds']:7.2f}  {figures['cpu_seconds']:5.2f}"
                f"  {figures['uss_mb_per_slot']:11.1f}  {figures['pss_mb_per_slot']:11.1f}"
            )
    print("All gave the counts of a single process." if equal else "THE COUNTS DIFFER.")
    return not equal


# Worker processes import this file.
if __name__ == "__main__":
    sys.exit(main())
