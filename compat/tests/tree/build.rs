//! Adds libpython's folder to the tests' rpath. The configuration of Python comes from `pyo3`, the
//! only dependency that has it.

fn main() {
    assert!(
        std::env::var_os("DEP_PYO3_PYTHON_PYO3_CONFIG").is_some(),
        "`pyo3` passes the configuration on"
    );
    pyo3_build_config::add_libpython_rpath_link_args();
    pyo3_build_config::add_python_framework_link_args();
}
