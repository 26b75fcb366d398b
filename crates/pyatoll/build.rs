//! Passes pyo3-ffi's view of the configured Python on as `cfg`s, and lets this package's own test
//! binaries find libpython where it is not on the loader's path (pyenv, uv).

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
}
