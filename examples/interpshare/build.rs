//! Sets the `cfg`s for the configured Python, and the linker arguments for an extension
//! module on macOS.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_extension_module_link_args();
}
