"""What `cargo xtask bench` starts to measure the modules it has built. Prints JSON."""

import argparse
import json
import sys

import common
import count
import timing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["time", "count"])
    parser.add_argument("--modules", required=True, help="the folder they are in")
    parser.add_argument("--peers", required=True, help="names, with commas between")
    parser.add_argument("--multi", default="", help="those of them that other interpreters import")
    parser.add_argument("--rows", nargs="*")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--alive", type=int, default=1, help="how many interpreters at the end")
    options = parser.parse_args()

    modules = common.import_modules(options.modules, common.names(options.peers))
    source = common.imports(options.modules, common.names(options.multi))
    wanted = common.selected(options.rows)
    common.settle()
    match options.what:
        case "time":
            result = timing.run(modules, wanted, options.rounds, options.alive, source)
        case "count":
            result = count.run(modules, wanted, options.alive, source)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
