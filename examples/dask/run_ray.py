"""Counts the words of the standard library with two actors of Ray, of two interpreters each.

    python run_ray.py

The methods of a threaded actor (`max_concurrency`) run in threads of one process, which share its
GIL. These pass the work on to interpreters, which have one each.
"""

import os
import sys
from pathlib import Path

import ray

import wordcount

ACTORS = 2
INTERPRETERS = 2


@ray.remote(max_concurrency=INTERPRETERS)
class Words:
    """An actor with an interpreter for each of its threads."""

    def __init__(self):
        from concurrent.futures import InterpreterPoolExecutor

        self.interpreters = InterpreterPoolExecutor(INTERPRETERS)

    def count(self, paths):
        return self.interpreters.submit(wordcount.count, paths).result()


def main():
    # Actors and their interpreters import `wordcount` from here.
    environment = {"env_vars": {"PYTHONPATH": os.fspath(Path(__file__).parent.absolute())}}
    ray.init(include_dashboard=False, runtime_env=environment)
    paths = wordcount.sources()
    actors = [Words.remote() for _ in range(ACTORS)]
    parts = [
        actors[number % ACTORS].count.remote(part)
        for number, part in enumerate(wordcount.chunks(paths, 20))
    ]
    counts = wordcount.merge(ray.get(parts))
    words, distinct, most_common = wordcount.summary(counts)
    print(f"{len(paths)} files, {words} words, {distinct} different")
    for word, number in most_common:
        print(f"{number:8} {word}")
    if counts != wordcount.count(paths):
        print("THE COUNTS DIFFER from those of a single process.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
