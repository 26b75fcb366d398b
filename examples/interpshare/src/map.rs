//! `Map`: a concurrent map of values.

use std::mem::ManuallyDrop;

use papaya::{Compute, Guard, HashMap, Operation};
use pyatoll::exceptions::{PyKeyError, PyTypeError};
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyIterator, PyList};

use crate::gate::Gate;
use crate::value::{Held, Key, Value};

/// A mapping that all interpreters share. Any number of them read it at the same time.
///
/// It has the methods of a `dict`, but no order. `keys`, `values` and `items` return lists of what
/// is in it; changes that others make at the same time may be missing. Each method is atomic for
/// one key.
#[pyclass(frozen, shareable, generic, weakref, mapping)]
pub(crate) struct Map(ManuallyDrop<HashMap<Held, Held>>);

/// What was found in a map, out of the gate.
enum Found<'py> {
    Object(PyResult<Bound<'py, PyAny>>),
    Value(Held),
}

impl<'py> Found<'py> {
    #[inline]
    fn of(py: Python<'py>, value: &Value) -> Self {
        match value.to_leaf(py) {
            Some(object) => Self::Object(object),
            None => Self::Value(value.clone().into()),
        }
    }

    #[inline]
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Object(object) => object,
            Self::Value(value) => value.get().to_object(py),
        }
    }
}

impl Map {
    #[inline]
    fn find<'py>(&self, py: Python<'py>, key: &Key<'_>) -> Option<Found<'py>> {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let found = self.0.get(key, &guard)?;
        Some(Found::of(py, found.get()))
    }

    fn insert(&self, key: Held, value: Held) {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let old = self.0.insert(key, value, &guard);
        free_soon(old, &guard);
    }

    /// Inserts a value if there is none, and returns what is there.
    fn insert_first<'py>(&self, py: Python<'py>, key: Held, value: Held) -> Found<'py> {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let current = match self.0.try_insert(key, value, &guard) {
            Ok(inserted) => inserted,
            Err(occupied) => occupied.current,
        };
        Found::of(py, current.get())
    }

    fn remove<'py>(&self, py: Python<'py>, key: &Key<'_>) -> Option<Found<'py>> {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let (key, value) = self.0.remove_entry(key, &guard)?;
        let found = Found::of(py, value.get());
        free_soon([key, value], &guard);
        Some(found)
    }

    /// Returns copies of parts of all entries.
    fn collect<R>(&self, part: impl Fn(&Held, &Held) -> R) -> Vec<R> {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let entries = self.0.iter(&guard);
        entries.map(|(key, value)| part(key, value)).collect()
    }
}

/// Frees what was removed as soon as no thread uses it, if it should not stay for longer.
fn free_soon<'a>(removed: impl IntoIterator<Item = &'a Held>, guard: &impl Guard) {
    if removed.into_iter().any(|value| value.get().is_precious()) {
        guard.flush();
    }
}

fn missing(key: &Bound<'_, PyAny>) -> PyErr {
    PyKeyError::new_err(key.clone().unbind())
}

#[pymethods]
impl Map {
    /// Creates a map, with the entries of a mapping or of pairs.
    #[new]
    #[pyo3(signature = (entries = None, /))]
    fn new(entries: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let map = Self(ManuallyDrop::new(HashMap::new()));
        map.update(entries, None)?;
        Ok(map)
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.find(key.py(), &Key::from_object(key)?) {
            Some(found) => found.into_object(key.py()),
            None => Err(missing(key)),
        }
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.insert(Held::from_object(key)?, Held::from_object(value)?);
        Ok(())
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        let removed = self.remove(key.py(), &Key::from_object(key)?);
        removed.map(drop).ok_or_else(|| missing(key))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let key = Key::from_object(key)?;
        let _gate = Gate::enter();
        let guard = self.0.guard();
        Ok(self.0.contains_key(&key, &guard))
    }

    fn __len__(&self) -> usize {
        let _gate = Gate::enter();
        self.0.len()
    }

    /// Returns an iterator over the keys that are in the map now.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    /// Returns the value of a key, or `default` if there is none.
    #[pyo3(signature = (key, default = None, /))]
    fn get<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        match self.find(py, &Key::from_object(key)?) {
            Some(found) => found.into_object(py),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Removes a key and returns its value. Without one, returns the second argument, or raises
    /// `KeyError` if there is none.
    #[pyo3(signature = (key, *default))]
    fn pop<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: &Bound<'py, pyatoll::types::PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if default.len() > 1 {
            return Err(PyTypeError::new_err(format!(
                "pop() takes 1 or 2 arguments ({} given)",
                default.len() + 1
            )));
        }
        match self.remove(key.py(), &Key::from_object(key)?) {
            Some(found) => found.into_object(key.py()),
            None => default.get_item(0).map_err(|_| missing(key)),
        }
    }

    /// Returns the value of a key; stores `default` for it first if it has none.
    #[pyo3(signature = (key, default = None, /))]
    fn setdefault<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        let value = match default {
            Some(value) => Held::from_object(value)?,
            None => Value::None.into(),
        };
        let found = self.insert_first(py, Held::from_object(key)?, value);
        found.into_object(py)
    }

    /// Returns the value of a key. If it has none, calls `factory` and stores its result, unless
    /// another thread stores one first: then returns that.
    fn get_or_insert<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        factory: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        if let Some(found) = self.find(py, &Key::from_object(key)?) {
            return found.into_object(py);
        }
        let value = Held::from_object(&factory.call0()?)?;
        let found = self.insert_first(py, Held::from_object(key)?, value);
        found.into_object(py)
    }

    /// Stores `new` for a key if its value is `old`. Returns whether it was.
    fn compare_and_set(
        &self,
        key: &Bound<'_, PyAny>,
        old: &Bound<'_, PyAny>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let key = Held::from_object(key)?;
        let (old, new) = (Held::from_object(old)?, Held::from_object(new)?);
        let _gate = Gate::enter();
        let guard = self.0.guard();
        let replace = |entry: Option<(&Held, &Held)>| match entry {
            Some((_, current)) if *current == old => Operation::Insert(new.clone()),
            _ => Operation::Abort(()),
        };
        let outcome = self.0.compute(key, replace, &guard);
        if let Compute::Updated { old, .. } = &outcome {
            free_soon([old.1], &guard);
        }
        Ok(!matches!(outcome, Compute::Aborted(())))
    }

    /// Adds a number to that of a key, and returns the sum. A key without a value has 0.
    #[pyo3(signature = (key, n = None, /))]
    fn add<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        n: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = key.py();
        let key = Held::from_object(key)?;
        let number: Held = match n {
            Some(n) => Held::from_object(n)?,
            None => Value::Int(1).into(),
        };
        let outcome = {
            let _gate = Gate::enter();
            let guard = self.0.guard();
            let add = |entry: Option<(&Held, &Held)>| {
                let current = entry.map_or(&Value::Int(0), |(_, value)| value.get());
                match current.plus(number.get()) {
                    Ok(sum) => Operation::Insert(sum.into()),
                    Err(error) => Operation::Abort(error),
                }
            };
            match self.0.compute(key, add, &guard) {
                Compute::Inserted(_, sum) | Compute::Updated { new: (_, sum), .. } => {
                    Ok(Found::of(py, sum.get()))
                }
                Compute::Removed(..) => unreachable!("nothing is removed"),
                Compute::Aborted(error) => Err(error),
            }
        };
        outcome?.into_object(py)
    }

    /// Stores the entries of a mapping or of pairs, and those given by name.
    #[pyo3(signature = (entries = None, /, **named))]
    fn update(
        &self,
        entries: Option<&Bound<'_, PyAny>>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if let Some(entries) = entries {
            let pairs = match entries.hasattr("keys")? {
                true => entries.call_method0("items")?,
                false => entries.clone(),
            };
            for pair in pairs.try_iter()? {
                let (key, value) = pair?.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                self.__setitem__(&key, &value)?;
            }
        }
        if let Some(named) = named {
            for (key, value) in named {
                self.__setitem__(&key, &value)?;
            }
        }
        Ok(())
    }

    /// Returns a list of the keys.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys = self.collect(|key, _| key.clone());
        let keys = keys.iter().map(|key| key.get().to_object(py));
        PyList::new(py, keys.collect::<PyResult<Vec<_>>>()?)
    }

    /// Returns a list of the values.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let values = self.collect(|_, value| value.clone());
        let values = values.iter().map(|value| value.get().to_object(py));
        PyList::new(py, values.collect::<PyResult<Vec<_>>>()?)
    }

    /// Returns a list of pairs of keys and values.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = self.collect(|key, value| (key.clone(), value.clone()));
        let items = items
            .iter()
            .map(|(key, value)| Ok((key.get().to_object(py)?, value.get().to_object(py)?)));
        PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)
    }

    /// Removes all entries that are in the map now.
    fn clear(&self) {
        let _gate = Gate::enter();
        let guard = self.0.guard();
        self.0.clear(&guard);
        guard.flush();
    }

    fn __repr__(&self) -> String {
        format!("<interpshare.Map of {} entries>", self.__len__())
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let _gate = Gate::enter();
        // SAFETY: dropped once, here.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}
