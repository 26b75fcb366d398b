use crate::interpreter::Python;
use crate::types::PyAnyMethods;

#[test]
fn names_that_are_missing_raise() {
    Python::attach(|py| {
        let none = py.None();
        let none = none.bind(py);
        assert!(none.getattr("nothing").is_err());
        assert!(none.getattr_opt("nothing").unwrap().is_none());
        assert!(!none.hasattr("nothing").unwrap());
        assert!(none.hasattr("__class__").unwrap());
    });
}
