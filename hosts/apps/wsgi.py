"""The application for servers that speak WSGI."""

import json
import traceback

import exercise


def application(name):
    """Returns an application of that name.

    The words of the query say what a request does besides using the module: `ticker` starts a
    background thread, `panic` makes the module panic.
    """
    exercise.install(name)

    def serve(environ, start_response):
        words = environ.get("QUERY_STRING", "").split("&")
        try:
            if "ticker" in words:
                exercise.start_ticker()
            exercise.exercise(name, panic="panic" in words)
            status, body = "200 OK", json.dumps(exercise.state(name))
        except BaseException:
            status, body = "500 Internal Server Error", traceback.format_exc()
        body = body.encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    return serve
