"""Counts words, on a thread of its own, which `stop` ends."""

import queue
import threading

import words

_requests = queue.SimpleQueue()


def _work():
    while (request := _requests.get()) is not None:
        text, answer = request
        answer.put(words.count(text))


_thread = threading.Thread(target=_work)
_thread.start()


def handle(text):
    answer = queue.SimpleQueue()
    _requests.put((text, answer))
    return f"{answer.get()} words"


def stop():
    _requests.put(None)
    _thread.join()
