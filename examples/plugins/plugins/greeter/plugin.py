"""Greets. Its module `words` is not that of the other plug-in."""

import host
import words


def handle(text):
    print("greeting", text)
    return f"{words.GREETING}, {text}! I am {host.name()}."
