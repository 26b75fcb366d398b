"""Prints the conditions of a measurement as JSON: date, processor, Python, compiler, libc."""

import datetime
import json
import os
import platform
import re
import subprocess


def cpu():
    with open("/proc/cpuinfo") as info:
        match = re.search(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return match[1].strip() if match else platform.machine()


def first_line(*command):
    return subprocess.check_output(command, text=True).splitlines()[0]


print(
    json.dumps(
        {
            "date": datetime.date.today().isoformat(),
            "cpu": f"{cpu()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "compiler": first_line("c++", "--version"),
            "libc": " ".join(platform.libc_ver()),
        }
    )
)
