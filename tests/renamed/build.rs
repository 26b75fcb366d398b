//! Asks for the configured Python as crates that depend on PyO3 do, without `pyo3-ffi` beside it:
//! Pyatoll passes it on.

fn main() {
    let config = pyo3_build_config::get();
    println!("cargo::rustc-env=CONFIGURED_PYTHON={}", config.version());
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
    pyo3_build_config::add_python_framework_link_args();
}
