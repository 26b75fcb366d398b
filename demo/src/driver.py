"""The Python half of the demo, which each interpreter runs over its share of the files."""

import io
import tokenize

from pytokens import Counts, Index


def decode(data):
    """Decodes a source file with the encoding named in its first two lines (PEP 263), or UTF-8."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def count(share):
    """Returns the counts of a share of the files."""
    counts = Counts()
    for path, data in share:
        try:
            text = decode(data)
        except (SyntaxError, UnicodeError, LookupError) as error:
            # SyntaxError: an unknown encoding, or invalid UTF-8 in a file that names none.
            counts.fail(path, len(data), f"{type(error).__name__}: {error}")
        else:
            counts.add(text, len(data))
    return counts


def build(share):
    """Returns an index of a share of the files, without those that fail to decode."""
    index = Index()
    for path, data in share:
        try:
            text = decode(data)
        except (SyntaxError, UnicodeError, LookupError):
            continue
        index.add(path, text)
    index.finish()
    return index


# The index that all interpreters share: this interpreter's instance, which the demo sets.
index = None
identifiers = []


def search(rounds):
    """Looks up every identifier in the index. Returns the sum of the numbers of files."""
    if not identifiers:
        identifiers.extend(index.identifiers())
    total = 0
    for _ in range(rounds):
        for identifier in identifiers:
            total += index.count(identifier)
    return total
