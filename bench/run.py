"""Measures the modules that `cargo xtask bench` has built, which runs this. Prints JSON."""

import argparse
import json
import sys

import common
import count
import internals
import threads
import timing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["time", "count", "internals", "interpreters", "threads"])
    parser.add_argument("--modules", required=True, help="the folder of the modules")
    parser.add_argument("--peers", required=True, help="names, separated by commas")
    parser.add_argument("--multi", default="", help="the peers that other interpreters import")
    parser.add_argument("--rows", nargs="*")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--alive", type=int, default=1, help="the number of interpreters at the end")
    options = parser.parse_args()

    peers, multi = common.names(options.peers), common.names(options.multi)
    sys.path.insert(0, options.modules)
    # The others use more than one core.
    if options.what in ("time", "count", "internals"):
        common.settle()
    match options.what:
        case "time":
            modules = common.import_modules(peers)
            wanted = common.selected(options.rows, modules)
            source = common.imports(options.modules, multi)
            result = timing.run(modules, wanted, options.rounds, options.alive, source)
        case "count":
            modules = common.import_modules(peers)
            wanted = [row for row in common.selected(options.rows, modules) if row.counted]
            source = common.imports(options.modules, multi)
            result = count.run(modules, wanted, options.alive, source)
        case "internals":
            result = internals.run(options.modules, peers, multi, options.rounds)
        case "interpreters":
            import interpreters  # which not every Python can run

            result = interpreters.run(options.modules, peers, options.rounds)
        case "threads":
            result = threads.run(peers, options.rounds)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
