"""Word statistics of files: the functions of the tasks.

A function is passed to an interpreter by its name, so its module is imported there. This one must
not import `distributed`, which cannot be.
"""

import os
import sysconfig

import textstats


def count(paths):
    """Returns the counts of the words in some files."""
    counter = textstats.Counter(ignore_case=True)
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            counter.update(file.read())
    # Plain data: a `Counter` belongs to its interpreter.
    return dict(counter.most_common())


def merge(parts):
    """Returns the sum of some counts."""
    total = {}
    for part in parts:
        for word, number in part.items():
            total[word] = total.get(word, 0) + number
    return total


def sources():
    """Returns the paths of the standard library's modules."""
    paths = []
    for folder, folders, files in os.walk(sysconfig.get_path("stdlib")):
        for other in ("dist-packages", "site-packages"):
            if other in folders:
                folders.remove(other)
        paths += (os.path.join(folder, name) for name in files if name.endswith(".py"))
    return sorted(paths)


def chunks(items, size):
    """Returns the items in lists of a size; the last one may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def count_with(client, paths, *, size=20):
    """Counts the words of files with the workers of a client. Returns the counts."""
    # `pure=False`: the same files are counted again, not looked up.
    counted = client.map(count, chunks(paths, size), pure=False)
    while len(counted) > 1:
        counted = [client.submit(merge, part, pure=False) for part in chunks(counted, 8)]
    return counted[0].result()


def summary(counts):
    """Returns the number of words, the number of different ones, and the most frequent ones."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return sum(counts.values()), len(counts), ordered[:10]
