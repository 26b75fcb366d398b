//! What the lifetimes of the public types and functions allow. The other half, what they must not
//! allow, is in `tests/ui`. Most of this is tested by compiling.

use std::borrow::Cow;
use std::convert::Infallible;

use pyatoll::prelude::*;
use pyatoll::pyclass::{
    PyClassGuardError, PyClassGuardMap, PyClassGuardMutError, PyClassGuardMutSuper,
};
use pyatoll::types::iter::{
    BorrowedTupleIterator, BoundDictIterator, BoundFrozenSetIterator, BoundListIterator,
    BoundSetIterator, BoundTupleIterator,
};
use pyatoll::types::mappingproxy::BoundMappingProxyIterator;
use pyatoll::types::{PyBytes, PyDict, PyList, PyString, PyStringData, PyTuple};
use pyatoll::{CastError, CastIntoError, PyClassGuard, PyClassGuardMut, PyVisit, WrongInterpreter};

/// Asserts that a type is covariant: a value with longer lifetimes is one with shorter ones.
macro_rules! covariant {
    ($($name:ident<$($long:lifetime: $short:lifetime),+> $from:ty => $to:ty;)+) => {$(
        #[allow(dead_code)]
        fn $name<$($long: $short, $short),+>(value: $from) -> $to {
            value
        }
    )+};
}

covariant! {
    token<'l: 's> Python<'l> => Python<'s>;
    bound<'l: 's> Bound<'l, PyAny> => Bound<'s, PyAny>;
    borrowed<'l: 's> Borrowed<'l, 'l, PyAny> => Borrowed<'s, 's, PyAny>;
    borrowed_token<'l: 's> Borrowed<'s, 'l, PyAny> => Borrowed<'s, 's, PyAny>;
    reference<'l: 's> PyRef<'l, Word> => PyRef<'s, Word>;
    reference_mut<'l: 's> PyRefMut<'l, Word> => PyRefMut<'s, Word>;
    guard<'l: 's> PyClassGuard<'l, Word> => PyClassGuard<'s, Word>;
    guard_mut<'l: 's> PyClassGuardMut<'l, Word> => PyClassGuardMut<'s, Word>;
    guard_map<'l: 's> PyClassGuardMap<'l, str> => PyClassGuardMap<'s, str>;
    guard_map_of<'l: 's> PyClassGuardMap<'s, &'l str> => PyClassGuardMap<'s, &'s str>;
    guard_error<'l: 's> PyClassGuardError<'l, 'l> => PyClassGuardError<'s, 's>;
    guard_mut_error<'l: 's> PyClassGuardMutError<'l, 'l> => PyClassGuardMutError<'s, 's>;
    cast_error<'l: 's> CastError<'l, 'l> => CastError<'s, 's>;
    cast_into_error<'l: 's> CastIntoError<'l> => CastIntoError<'s>;
    list_items<'l: 's> BoundListIterator<'l> => BoundListIterator<'s>;
    dict_entries<'l: 's> BoundDictIterator<'l> => BoundDictIterator<'s>;
    tuple_items<'l: 's> BoundTupleIterator<'l> => BoundTupleIterator<'s>;
    borrowed_items<'l: 's> BorrowedTupleIterator<'l, 'l> => BorrowedTupleIterator<'s, 's>;
    set_items<'l: 's> BoundSetIterator<'l> => BoundSetIterator<'s>;
    frozenset_items<'l: 's> BoundFrozenSetIterator<'l> => BoundFrozenSetIterator<'s>;
    proxy_entries<'l: 's> BoundMappingProxyIterator<'l, 'l> => BoundMappingProxyIterator<'s, 's>;
    string_data<'l: 's> PyStringData<'l> => PyStringData<'s>;
    visit<'l: 's> PyVisit<'l> => PyVisit<'s>;
}

#[pyclass(subclass)]
struct Word(String);

#[pyclass(extends = Word)]
struct Derived;

/// A type that holds a handle, as in code written for PyO3.
struct Key {
    inner: Py<PyAny>,
    text: Py<PyString>,
}

impl<'a, 'py> IntoPyObject<'py> for &'a Key {
    type Target = PyAny;
    type Output = Borrowed<'a, 'py, PyAny>;
    type Error = Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(self.inner.bind_borrowed(py))
    }
}

impl Key {
    /// The lifetimes of the handle and of the token are independent.
    fn any<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyAny> {
        self.inner.bind_borrowed(py)
    }

    fn try_any<'a, 'py>(
        &'a self,
        py: Python<'py>,
    ) -> Result<Borrowed<'a, 'py, PyAny>, WrongInterpreter> {
        self.inner.try_bind_borrowed(py)
    }

    fn converted<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyAny> {
        (&self.inner).into_pyobject(py).unwrap()
    }

    fn cast<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyString> {
        self.any(py).cast().unwrap()
    }

    fn extracted<'a, 'py, D>(&'a self, py: Python<'py>) -> Option<D>
    where
        D: FromPyObject<'a, 'py>,
    {
        self.inner.extract(py).ok()
    }

    /// What is borrowed from the text lives as long as both.
    fn str<'a>(&'a self, py: Python<'a>) -> PyResult<&'a str> {
        self.text.to_str(py)
    }
}

/// Text that is borrowed from an object needs a token that lives longer.
struct Text<'a>(Cow<'a, str>);

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Cow::Borrowed(object.cast::<PyString>()?.extract()?)))
    }
}

/// Text that is not kept does not.
fn is_long(text: Borrowed<'_, '_, PyAny>) -> bool {
    text.extract::<&str>().is_ok_and(|text| text.len() > 3)
}

fn guarded<'a, 'py>(py: Python<'py>, guard: &PyClassGuard<'a, Word>) -> Borrowed<'a, 'py, Word> {
    guard.into_pyobject(py).unwrap()
}

fn base<'g, 'a>(guard: &'g mut PyClassGuardMut<'a, Derived>) -> PyClassGuardMutSuper<'g, 'a, Word> {
    guard.as_super()
}

#[test]
fn handles_and_tokens_have_lifetimes_of_their_own() {
    Python::attach(|py| {
        let text = PyString::new(py, "interned").unbind();
        let key = Key {
            inner: text.clone_ref(py).into_any(),
            text,
        };
        assert!((&key).into_pyobject(py)?.is(&key.inner));
        assert!(key.any(py).is(key.try_any(py)?));
        assert!(key.converted(py).is(key.cast(py)));
        assert_eq!(key.extracted::<String>(py).unwrap(), key.str(py)?);
        assert_eq!(key.extracted::<Text<'_>>(py).unwrap().0, "interned");
        assert!(is_long(key.any(py)));
        let list = PyList::new(py, [&key, &key])?;
        assert_eq!(list.len(), 2);
        let Ok::<Bound<'_, PyTuple>, Infallible>(empty) = ().into_pyobject(py);
        assert!(empty.is_empty());
        let bytes = PyBytes::new(py, b"ab").unbind();
        assert_eq!(bytes.extract::<&[u8]>(py)?, b"ab");
        let dict = std::collections::BTreeMap::from([("a", 1)]).into_pyobject(py)?;
        assert_eq!(Bound::<PyDict>::clone(&dict).len(), 1);
        let word = Bound::new(py, Word("tide".into()))?;
        let guard = PyClassGuard::try_from(&word)?;
        assert!(guarded(py, &guard).is(&word));
        let derived = Bound::new(py, (Derived, Word("reef".into())))?;
        let mut guard = PyClassGuardMut::try_from(&derived)?;
        assert_eq!(base(&mut guard).0, "reef");
        Ok::<_, PyErr>(())
    })
    .unwrap();
}
