"""The application `two`."""

import wsgi

application = wsgi.application("two")
