"""The application `one`."""

import wsgi

application = wsgi.application("one")
