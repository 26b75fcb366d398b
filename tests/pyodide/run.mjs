// Loads wheels in Pyodide, runs pytest there, and exits with its status.
//
//   node run.mjs PYODIDE PACKAGES ROOT WHEEL… -- ARGUMENT…
//
// PYODIDE is the folder of the npm package, PACKAGES one with Python packages, ROOT the one in which
// pytest runs. Python sees no other files of this machine.

import { pathToFileURL } from "node:url";

const [pyodide, packages, root, ...rest] = process.argv.slice(2);
const end = rest.indexOf("--");
const wheels = rest.slice(0, end);

const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({
  env: { HOME: "/home/pyodide", PYTHONPATH: "/packages", PYTHONDONTWRITEBYTECODE: "1" },
});
for (const [folder, path] of [[packages, "/packages"], [root, "/tested"]]) {
  python.FS.mkdirTree(path);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, path);
}
await python.loadPackage(wheels.map((wheel) => pathToFileURL(wheel).href));
python.globals.set("arguments", python.toPy(rest.slice(end + 1)));
// In a coroutine, Python can wait for another one if the engine can switch stacks (JSPI).
const status = await python.runPythonAsync(`
import importlib, os
importlib.invalidate_caches()
os.chdir("/tested")
import pytest
int(pytest.main(arguments))
`);
process.exit(status);
