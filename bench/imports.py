"""The group `imports`: the import of a module with 100 classes.

The classes are the first 100 of micro.py. Each import is the first one of a process of its own;
the peers take turns. Prints the microseconds of all imports, by peer, as JSON.
"""

import json
import shutil
import subprocess
import sys

import micro

CLASSES = 100

IMPORT = """\
import sys, time
sys.path.insert(0, sys.argv[1])
start = time.perf_counter_ns()
import micro
end = time.perf_counter_ns()
assert len([name for name in dir(micro) if name.startswith("C")]) == int(sys.argv[2])
print((end - start) / 1000)
"""


def built(peer, options):
    """Builds the module with a peer, and returns the folder to import it from."""
    generate, build_type, _ = micro.PEERS[peer]
    folder = options.folder / f"{peer}-imports"
    folder.mkdir(parents=True, exist_ok=True)
    build = build_type(peer, folder, "imports", "release", options)
    build.source.write_text(generate("classes", False))
    micro.spent(build.command, build.env)
    path = folder / "module"
    path.mkdir(exist_ok=True)
    shutil.copyfile(build.library(), path / "micro.so")
    return path


def import_time(path):
    command = [sys.executable, "-I", "-c", IMPORT, path, str(CLASSES)]
    return float(subprocess.check_output(command, text=True))


def main():
    parser = micro.parser()
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    del micro.ORDERS[CLASSES:]
    paths = {peer: built(peer, options) for peer in options.peers.split(",")}
    samples = {peer: [] for peer in paths}
    for _ in range(options.rounds):
        for peer, path in paths.items():
            samples[peer].append(import_time(path))
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()
