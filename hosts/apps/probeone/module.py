"""The manager module `probeone`."""

import manager

Module = manager.module("one")
