//! Lets the program find libpython where it is not on the loader's path, and tells it the version.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
}
