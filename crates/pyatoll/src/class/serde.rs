//! `Serialize` and `Deserialize` for a handle to a class instance: those of its value.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::class::PyClass;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::PyAny;

/// Attaches to the object's interpreter to borrow its value.
///
/// # Errors
/// If this thread cannot attach there (it is attached to another interpreter, or the interpreter
/// has ended), or the value is mutably borrowed.
///
/// ```
/// use pyatoll::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[pyclass]
/// #[derive(Serialize, Deserialize)]
/// struct Station {
///     name: String,
///     next: Option<Py<Station>>,
/// }
///
/// Python::attach(|py| {
///     let json = r#"{"name":"Malé","next":{"name":"Gan","next":null}}"#;
///     let station: Py<Station> = serde_json::from_str(json).unwrap();
///     assert_eq!(station.borrow(py).next.as_ref().unwrap().borrow(py).name, "Gan");
///     assert_eq!(serde_json::to_string(&station).unwrap(), json);
/// });
/// ```
impl<T> Serialize for Py<T>
where
    T: Serialize + PyClass,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let serialized = self.interpreter().attach(|py| {
            let value = self.try_borrow(py).map_err(ser::Error::custom)?;
            value.serialize(serializer)
        });
        serialized.unwrap_or_else(|error| Err(ser::Error::custom(error)))
    }
}

/// Creates the instance in the interpreter that [`Python::attach`] enters.
///
/// # Errors
/// If Python fails to create it.
impl<'de, T> Deserialize<'de> for Py<T>
where
    T: PyClass<BaseType = PyAny> + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = T::deserialize(deserializer)?;
        Python::attach(|py| Py::new(py, value).map_err(de::Error::custom))
    }
}
