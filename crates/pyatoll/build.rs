//! Turns what pyo3-ffi knows about the configured Python into `cfg`s, passes it on to the build
//! scripts of dependents, and lets this package's own test binaries find libpython where it is not
//! on the loader's path (pyenv, uv).

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
    // `pyo3_build_config::get()` of a dependent reads it, by the value of `links` in `Cargo.toml`.
    if let Err(error) = pyo3_build_config::get().to_cargo_dep_env() {
        panic!("cannot pass on the configuration of Python: {error}");
    }
}
