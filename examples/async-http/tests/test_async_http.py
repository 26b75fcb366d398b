"""async_http in the main interpreter, and in several sub-interpreters at once."""

import asyncio
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import async_http


# Seconds after which a test hangs. A busy machine may need minutes for what takes milliseconds.
LIMIT = 600


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # How many requests of `/together` wait for each other.
    together = threading.Barrier(4)
    # Set by a request of `/cancelled`.
    was_asked, was_closed = threading.Event(), threading.Event()

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Path", self.path)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/together":
            self.together.wait(LIMIT)
        elif self.path == "/never":
            # Returns when the client closes the connection.
            self.rfile.read(1)
            return
        elif self.path == "/cancelled":
            self.was_asked.set()
            self.rfile.read(1)
            self.was_closed.set()
            return
        self.answer(404 if self.path == "/missing" else 200, self.path.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, self.headers["X-Prefix"].encode() + body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@pytest.fixture(scope="module")
def url():
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_responses_have_status_headers_and_body(url):
    async def main():
        client = async_http.Client()
        response = await client.get(url + "/a")
        assert (response.status, response.body, response.text()) == (200, b"/a", "/a")
        assert response.header("x-path") == "/a"
        assert response.header("x-other") is None
        assert repr(response) == "<Response 200, 2 bytes>"
        assert (await client.get(url + "/missing")).status == 404
        response = await client.post(url + "/b", b"body", headers=[("X-Prefix", "the ")])
        assert response.text() == "the body"

    asyncio.run(main())


def test_requests_run_at_once(url):
    async def main():
        client = async_http.Client(timeout=LIMIT)
        responses = await asyncio.gather(*[client.get(url + "/together") for _ in range(4)])
        assert [response.status for response in responses] == [200] * 4

    asyncio.run(main())


def test_errors_are_raised(url):
    async def main():
        client = async_http.Client(timeout=0.05)
        with pytest.raises(TimeoutError, match="took too long"):
            await client.get(url + "/never")
        with pytest.raises(ValueError):
            client.get("not a url")
        with pytest.raises(async_http.HttpError, match="refused"):
            await async_http.Client().get("http://127.0.0.1:1/")
        with pytest.raises(ValueError):
            async_http.Client(timeout=-1)

    asyncio.run(main())


def test_a_cancelled_request_closes_its_connection(url):
    async def main():
        loop = asyncio.get_running_loop()
        client = async_http.Client()
        request = asyncio.ensure_future(client.get(url + "/cancelled"))
        # Before that there is no connection to close.
        assert await loop.run_in_executor(None, Handler.was_asked.wait, LIMIT)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert await loop.run_in_executor(None, Handler.was_closed.wait, LIMIT)

    asyncio.run(main())


# Runs in a sub-interpreter and writes its results to the file descriptor `fd`.
CODE = """
# Two faults of CPython, which the guide's chapter on `async` describes.
import _signal, sys
_signal.getsignal = lambda number: None
if sys.version_info < (3, 12):
    sys.modules["_asyncio"] = None
import asyncio, json, os, async_http

async def main():
    client = async_http.Client(timeout={limit})
    # All interpreters wait for each other.
    together = await client.get({url!r} + "/together")
    assert together.status == 200
    paths = ["/%d" % number for number in range(50)]
    responses = await asyncio.gather(*[client.get({url!r} + path) for path in paths])
    assert [response.text() for response in responses] == paths
    try:
        await async_http.Client(timeout=0.05).get({url!r} + "/never")
    except TimeoutError:
        pass
    # Left behind.
    client.get({url!r} + "/never")
    return len(responses)

count = asyncio.run(main())
os.write({fd}, json.dumps([count, id(async_http.Client)]).encode())
# Blocks until all are done, so that no two interpreters have a class at the same address.
assert os.read({go}, 1) == b"g"
"""

creating = threading.Lock()


def when_alone(function, *arguments):
    """Calls a function of CPython's module, again and again if another thread is in the interpreter:
    Python 3.11 then refuses, and the runtime's threads leave only a moment after the result.
    """
    end = time.monotonic() + LIMIT
    while True:
        try:
            return function(*arguments)
        except RuntimeError as error:
            refused = str(error) == "interpreter has more than one thread"
            if sys.version_info >= (3, 12) or not refused or time.monotonic() > end:
                raise
        time.sleep(0.001)


def new_interpreter(own_gil):
    """Creates an interpreter. Returns functions that run code in it and that end it."""
    # Python 3.12 cannot create two at once.
    with creating:
        if sys.version_info >= (3, 13):
            import _interpreters as module

            interpreter = module.create("isolated" if own_gil else "legacy")

            def run(code):
                error = module.exec(interpreter, code)
                assert error is None, error.formatted

        else:
            import _xxsubinterpreters as module

            # On 3.11, both kinds share the main interpreter's GIL.
            interpreter = module.create(isolated=own_gil)

            def run(code):
                when_alone(module.run_string, interpreter, code)

    def end():
        with creating:
            when_alone(module.destroy, interpreter)

    return run, end


@pytest.mark.parametrize("kinds", ["own", "shared", "mixed"])
def test_four_interpreters_await_at_once(url, kinds):
    own_gil = {"own": [True] * 4, "shared": [False] * 4, "mixed": [True, False] * 2}[kinds]
    found, failures = [], []
    go_read, go_write = os.pipe()

    def work(own_gil):
        read, write = os.pipe()

        def receive():
            if data := os.read(read, 4096):
                found.append(json.loads(data))

        receiver = threading.Thread(target=receive)
        receiver.start()
        try:
            run, end = new_interpreter(own_gil)
            try:
                run(CODE.format(url=url, fd=write, go=go_read, limit=LIMIT))
            finally:
                end()
        except BaseException as error:
            failures.append(error)
            # Do not keep the others waiting.
            Handler.together.abort()
        finally:
            # The receiver reads the results, or that there are none.
            os.close(write)
            receiver.join()
            os.close(read)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in own_gil]
    for thread in threads:
        thread.start()
    while len(found) + len(failures) < len(threads):
        time.sleep(0.01)
    os.write(go_write, b"g" * len(threads))
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    os.close(go_read)
    os.close(go_write)
    assert not failures
    assert [count for count, _ in found] == [50] * 4
    assert len({id for _, id in found}) == 4, "each interpreter has its own class"
