"""Does what a plug-in should not do."""

import sys
import threading


def handle(text):
    if text == "raise":
        raise ValueError("no")
    if text == "exit":
        sys.exit(3)
    if text == "loop":
        while True:
            pass
    if text == "thread":
        # It is not stopped: the interpreter is left behind when the plug-in is unloaded.
        threading.Thread(target=threading.Event().wait).start()
    return "done"
