import io

import pyromark
import pytest

TEXT = """# Title

Some *text* with [a link][one].

| a | b |
|---|---|
| 1 | 2 |

```python
print(1)
```

[one]: https://example.org "Example"
"""


def test_html():
    html = pyromark.html(TEXT)
    assert html.startswith("<h1>Title</h1>") and "<em>text</em>" in html
    assert "<table>" not in html
    assert "<table>" in pyromark.html(TEXT, options=pyromark.Options.ENABLE_TABLES)


def test_highlighting():
    html = pyromark.html(TEXT, highlight=pyromark.Theme.INSPIRED_GITHUB)
    assert "style=" in html


def test_events():
    events = list(pyromark.events(TEXT))
    assert events and list(pyromark.Markdown().events(TEXT)) == events
    with_ranges = list(pyromark.events_with_range(TEXT))
    assert [event for event, _ in with_ranges] == events
    assert all(0 <= range["start"] <= range["end"] for _, range in with_ranges)


def test_link_definitions():
    [(name, definition)] = pyromark.reference_definitions(TEXT).items()
    assert name == "one" and definition["dest"] == "https://example.org"


def test_a_reused_parser():
    markdown = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)
    assert markdown.html(TEXT) == pyromark.html(TEXT, options=pyromark.Options.ENABLE_TABLES)


def test_writing_to_a_file():
    file = io.BytesIO()
    pyromark.write_html(TEXT, file)
    assert file.getvalue().decode() == pyromark.html(TEXT)

    class Full:
        def write(self, data):
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        pyromark.write_html(TEXT, Full())


def test_wrong_arguments():
    with pytest.raises(TypeError):
        pyromark.html(1)
