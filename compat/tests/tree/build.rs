//! Lets the tests find libpython. It asks `pyo3` for the configuration, the crate's one dependency
//! that knows it.

fn main() {
    assert!(
        std::env::var_os("DEP_PYO3_PYTHON_PYO3_CONFIG").is_some(),
        "`pyo3` passes the configuration on"
    );
    pyo3_build_config::add_libpython_rpath_link_args();
}
