"""Counts the words of the standard library with two workers of two interpreters each.

    python run_cluster.py [--workers N] [--interpreters N]
"""

import argparse
import sys

from distributed import Client

import wordcount
from interpreter_worker import local_cluster


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--interpreters", type=int, default=2, help="interpreters of each")
    options = parser.parse_args()
    paths = wordcount.sources()
    with local_cluster(options.workers, options.interpreters) as cluster, Client(cluster) as client:
        client.wait_for_workers(options.workers)
        counts = wordcount.count_with(client, paths)
    words, distinct, most_common = wordcount.summary(counts)
    print(f"{len(paths)} files, {words} words, {distinct} different")
    for word, number in most_common:
        print(f"{number:8} {word}")
    return 0


# Worker processes import this file.
if __name__ == "__main__":
    sys.exit(main())
