//! Passes the configuration of Python to the build scripts of dependents, as PyO3 does.

fn main() {
    if let Err(error) = pyo3_build_config::get().to_cargo_dep_env() {
        panic!("cannot pass the configuration of Python on: {error}");
    }
}
