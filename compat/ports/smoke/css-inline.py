from concurrent.futures import ThreadPoolExecutor

import css_inline
import pytest

PAGE = """<html><head><style>h1 { color: blue } p.big { font-size: 2em }</style></head>
<body><h1>Title</h1><p class="big">Text</p></body></html>"""


def test_a_page():
    inlined = css_inline.inline(PAGE)
    assert '<h1 style="color: blue' in inlined and 'style="font-size: 2em' in inlined
    assert "<style>" not in inlined


def test_many_pages():
    assert css_inline.inline_many([PAGE] * 5) == [css_inline.inline(PAGE)] * 5


def test_fragments():
    fragment, style = "<p>one</p>", "p { color: red }"
    inlined = css_inline.inline_fragment(fragment, style)
    assert inlined.startswith('<p style="color: red')
    assert css_inline.inline_many_fragments([fragment] * 3, [style] * 3) == [inlined] * 3


def test_options():
    inliner = css_inline.CSSInliner(keep_style_tags=True)
    assert "<style>" in inliner.inline(PAGE)
    extra = css_inline.CSSInliner(extra_css="h1 { margin: 0 }")
    assert "margin: 0" in extra.inline(PAGE)
    cached = css_inline.CSSInliner(cache=css_inline.StylesheetCache(size=2))
    assert cached.inline(PAGE) == css_inline.inline(PAGE)
    with pytest.raises(ValueError):
        css_inline.StylesheetCache(size=0)


def test_a_stylesheet_from_a_file(tmp_path):
    (tmp_path / "style.css").write_text("p { color: green }")
    page = '<html><head><link href="style.css" rel="stylesheet"></head><body><p>x</p></body></html>'
    inliner = css_inline.CSSInliner(base_url=f"file://{tmp_path}/")
    assert "color: green" in inliner.inline(page)
    with pytest.raises(css_inline.InlineError):
        inliner.inline(page.replace("style.css", "missing.css"))
    assert issubclass(css_inline.InlineError, ValueError)


def test_wrong_arguments():
    with pytest.raises(TypeError):
        css_inline.inline(1)
    with pytest.raises(TypeError):
        css_inline.inline(PAGE, unknown=True)


def test_threads():
    inliner = css_inline.CSSInliner()
    expected = inliner.inline(PAGE)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(inliner.inline, [PAGE] * 100)) == {expected}
