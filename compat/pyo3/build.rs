//! Passes the configuration of Python on to the build scripts of dependents, as PyO3 does.

fn main() {
    if let Err(error) = pyo3_build_config::get().to_cargo_dep_env() {
        panic!("cannot pass on the configuration of Python: {error}");
    }
}
