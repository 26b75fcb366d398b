//! Adds libpython's folder to the program's rpath, for Pythons outside the loader's path (pyenv,
//! uv).

fn main() {
    pyo3_build_config::add_libpython_rpath_link_args();
    pyo3_build_config::add_python_framework_link_args();
}
