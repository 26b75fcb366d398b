"""The Python half of the demo, which each interpreter runs over its share of the files."""

import io
import tokenize

from pytokens import Counts


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
