"""Runs a Python code block of a chapter; see `chapters.rs`."""

import contextlib
import doctest
import io
import re
import sys
import traceback


def run(name, line, code):
    """Runs a block in a namespace of its own.

    In one with prompts, the output is compared with what stands below each prompt. Any other is a
    script, followed by the `test_` functions it defines. A first line such as
    `# Python 3.14 or later` restricts the block.
    """
    needed = re.match(r"# Python 3\.(\d+) or later", code)
    if needed and sys.version_info < (3, int(needed[1])):
        return
    namespace = {"__name__": "__main__"}
    if ">>> " in code:
        for example in doctest.DocTestParser().get_examples(code, name):
            check(name, line + example.lineno + 1, example, namespace)
        return
    exec(compile("\n" * line + code, name, "exec"), namespace)
    for test in [value for key, value in namespace.items() if key.startswith("test_")]:
        test()


def check(name, line, example, namespace):
    """Runs one example. Unlike `doctest`, which differs between versions there, it compares the notes
    of an exception, too."""
    output = io.StringIO()
    raised = None
    with contextlib.redirect_stdout(output):
        try:
            exec(compile(example.source, name, "single"), namespace)
        except Exception as error:
            raised = "".join(traceback.format_exception_only(error))
    wanted, got = (example.want, output.getvalue()) if raised is None else (example.exc_msg, raised)
    if not doctest.OutputChecker().check_output(wanted or "", got, doctest.ELLIPSIS):
        raise AssertionError(f"{name}:{line}: {example.source}expected:\n{wanted}got:\n{got}")
