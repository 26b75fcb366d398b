"""Downloads a source distribution, checks its hash, and unpacks it.

Usage: download.py NAME VERSION ARCHIVES FOLDER
"""

import hashlib
import json
import os
import pathlib
import re
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple")


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def fetch(url, accept="*/*"):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def find(name, version):
    """Returns the address and the hash of the distribution."""
    page = f"{INDEX.rstrip('/')}/{normalized(name)}/"
    files = json.loads(fetch(page, "application/vnd.pypi.simple.v1+json"))["files"]
    wanted = f"{normalized(name)}-{version}"
    for file in files:
        stem = file["filename"].removesuffix(".tar.gz")
        if stem != file["filename"] and normalized(stem) == normalized(wanted):
            return urllib.parse.urljoin(page, file["url"]), file["hashes"]["sha256"]
    sys.exit(f"{page} has no source distribution of version {version}")


def main(name, version, archives, folder):
    archive = pathlib.Path(archives, f"{name}-{version}.tar.gz")
    if not archive.exists():
        url, expected = find(name, version)
        content = fetch(url)
        if hashlib.sha256(content).hexdigest() != expected:
            sys.exit(f"{url} does not have the hash that the index names")
        partial = archive.with_suffix(".partial")
        partial.write_bytes(content)
        partial.rename(archive)
    target = pathlib.Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        [top] = pathlib.Path(scratch).iterdir()
        top.rename(target)


main(*sys.argv[1:])
