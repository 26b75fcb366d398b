"""The manager module `probetwo`."""

import manager

Module = manager.module("two")
