//! Crates that depend on `pyo3` in one program: they share one `pyo3`, which is Pyatoll.

#![cfg(test)]

use std::sync::Once;
use std::thread;

use ::geoindex::{GeoError, GeoIndex, Position, geoindex};
use helper::{EmptyRoute, Route};
use pyo3::interpreter::SubInterpreter;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        pyo3::append_to_inittab!(geoindex);
        Python::initialize();
    });
}

/// Uses the classes and exceptions of both crates with each other.
fn travel(py: Python<'_>) -> PyResult<()> {
    let module = py.import("geoindex")?;
    assert!(module.getattr("Position")?.is(py.get_type::<Position>()));

    let route = Bound::new(py, Route::default())?;
    let error = route.borrow().length(py).expect_err("it is empty");
    assert!(error.is_instance_of::<EmptyRoute>(py));
    for longitude in [0.0, 90.0, 180.0] {
        let stop: Bound<'_, Position> = module
            .call_method1("Position", (0.0, longitude))?
            .cast_into()?;
        assert_eq!(stop.get().longitude.abs(), longitude);
        route.borrow_mut().add(stop.into_any().unbind());
    }
    let length = route.borrow().length(py)?;
    assert!((length - 20_015_114.0).abs() < 1.0, "{length}");

    let index = py.get_type::<GeoIndex>().call1(([(&route, (1, 2))],))?;
    let names = [("index", &index)].into_py_dict(py)?;
    let found = py.eval(c"index.nearest((0, 0))[0].item", None, Some(&names))?;
    assert!(found.is(&route) && found.is_exact_instance_of::<Route>());
    let error = py
        .eval(c"index.within((0, 0), -1)", None, Some(&names))
        .expect_err("a negative distance is an error");
    assert!(error.is_instance_of::<GeoError>(py));
    Ok(())
}

#[test]
fn crates_that_depend_on_pyo3_work_together() {
    start();
    Python::attach(travel).expect("they work together");
}

#[test]
fn they_work_together_in_interpreters_of_all_kinds_at_once() {
    start();
    let builder = SubInterpreter::builder();
    let builders = [builder.clone(), builder.clone(), builder.legacy()];
    thread::scope(|scope| {
        for builder in builders {
            scope.spawn(move || {
                let sub = builder.build().expect("it starts");
                for _ in 0..10 {
                    sub.attach(travel).expect("it is alive").expect("they work");
                }
                sub.close().expect("nobody is inside");
            });
        }
    });
}
