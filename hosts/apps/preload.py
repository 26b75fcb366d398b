"""What the main thread of a server's process imports in each interpreter."""

import threading  # noqa: F401
