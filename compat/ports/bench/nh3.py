import nh3

PARAGRAPH = "<p>Some <b>bold</b> text, <a href='https://example.com/'>a link</a> and &amp;.</p>"
PAGE = (PARAGRAPH + "<script>alert(1)</script><img src=x onerror=alert(1)>") * 30

BENCHMARKS = {
    "a word": "nh3.clean('word')",
    "a paragraph": "nh3.clean(PARAGRAPH)",
    "a page": "nh3.clean(PAGE)",
    "a paragraph, own tags": "nh3.clean(PARAGRAPH, tags={'b', 'p'})",
    "text": "nh3.clean_text(PARAGRAPH)",
    "is it HTML": "nh3.is_html('word')",
}
