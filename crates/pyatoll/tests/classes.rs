//! What `#[pyclass]` promises: instances, fields, options, inheritance, life and death.

use pyatoll::prelude::*;

/// A point.
#[pyclass(get_all, set_all)]
struct Point {
    x: i32,
    /// How high.
    y: String,
}

#[test]
fn fields_are_read_and_set() {
    Python::attach(|py| {
        let point = Bound::new(
            py,
            Point {
                x: 1,
                y: "a".into(),
            },
        )
        .unwrap();
        assert_eq!(point.getattr("x").unwrap().extract::<i32>().unwrap(), 1);
        point.setattr("x", 5).unwrap();
        point.setattr("y", "high").unwrap();
        assert_eq!(point.borrow().x, 5);
        assert_eq!(point.borrow().y, "high");
        let error = point.setattr("x", "no").unwrap_err();
        assert!(error.to_string().contains("TypeError"), "{error}");
        let error = point.delattr("x").unwrap_err();
        assert_eq!(error.to_string(), "AttributeError: can't delete attribute");
        let doc: String = py
            .get_type::<Point>()
            .getattr("__doc__")
            .unwrap()
            .extract()
            .unwrap();
        assert_eq!(doc, "A point.");
    });
}
