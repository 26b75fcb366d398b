//! Lets the tests find libpython where it is not on the loader's path (pyenv, uv).

fn main() {
    pyo3_build_config::add_libpython_rpath_link_args();
    pyo3_build_config::add_python_framework_link_args();
}
