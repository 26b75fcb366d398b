"""Runs textstats in a pool of interpreters, each with its own GIL: Python 3.14 or later.

    python run_pool.py [FILE...]

Without files, counts the top-level modules of the standard library.
"""

import sys
import sysconfig
from pathlib import Path


def count(path):
    """Counts the words of one file. Runs in an interpreter of the pool."""
    import textstats

    text = Path(path).read_text(encoding="utf-8", errors="replace")
    counter = textstats.Counter(ignore_case=True)
    counter.update(text)
    # The result must be plain data: an instance of a class cannot leave its interpreter.
    return counter.total, counter.most_common()


def main(paths):
    if sys.version_info < (3, 14):
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"Python {version} has no InterpreterPoolExecutor: 3.14 or later does")
        return 0
    from concurrent.futures import InterpreterPoolExecutor

    if not paths:
        paths = sorted(map(str, Path(sysconfig.get_path("stdlib")).glob("*.py")))
    total = 0
    merged = {}
    with InterpreterPoolExecutor() as pool:
        for words, counts in pool.map(count, paths):
            total += words
            for word, number in counts:
                merged[word] = merged.get(word, 0) + number
    print(f"{len(paths)} files, {total} words, {len(merged)} different")
    for word, number in sorted(merged.items(), key=lambda item: (-item[1], item[0]))[:10]:
        print(f"{number:8} {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
