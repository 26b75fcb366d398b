//! Adds libpython's folder to the tests' rpath, for Pythons outside the loader's path.

fn main() {
    pyo3_build_config::add_libpython_rpath_link_args();
}
