"""The Python half of the demo: what each interpreter runs over its share of the files."""

import io
import tokenize

from pytokens import Counts


def decode(data):
    """The text of a source file: in the encoding that its first two lines name (PEP 263), else
    UTF-8."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def count(share):
    """The counts of a share of the files."""
    counts = Counts()
    for path, data in share:
        try:
            text = decode(data)
        except (SyntaxError, UnicodeError, LookupError) as error:
            # SyntaxError: an encoding that is not known, or not UTF-8 without saying so.
            counts.fail(path, len(data), f"{type(error).__name__}: {error}")
        else:
            counts.add(text, len(data))
    return counts
