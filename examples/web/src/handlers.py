"""The handlers of the example. Each interpreter of the server has its own copy of this module.

Each function in `__all__` answers the POST requests for its name. It receives the request's text. A
string that it returns is sent as HTML, anything else as JSON.
"""

import html
import re
from collections import Counter

__all__ = ["report", "words"]

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def words(text):
    """Returns statistics of a text's words."""
    found = WORD.findall(text.casefold())
    return {
        "words": len(found),
        "distinct": len(set(found)),
        "mean_length": round(sum(map(len, found)) / len(found), 2) if found else None,
        "most_common": Counter(found).most_common(10),
    }


def report(text):
    """Renders the same as a page."""
    statistics = words(text)
    rows = "".join(
        f"<tr><td>{html.escape(word)}</td><td>{count}</td></tr>\n"
        for word, count in statistics["most_common"]
    )
    return f"""<!DOCTYPE html>
<meta charset="utf-8">
<title>Words</title>
<p>{statistics["words"]} words, {statistics["distinct"]} of them distinct</p>
<table>
{rows}</table>
"""
