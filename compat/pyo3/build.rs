//! Tells the build scripts of dependents which Python this is for, as PyO3 does.

fn main() {
    if let Err(error) = pyo3_build_config::get().to_cargo_dep_env() {
        panic!("cannot pass the configuration of Python on: {error}");
    }
}
