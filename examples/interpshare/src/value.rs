//! [`Value`]: a Python object outside of any interpreter.

use std::hash::{Hash, Hasher};
use std::mem::ManuallyDrop;

use num_bigint::BigInt;
use num_traits::FromPrimitive;
use papaya::Equivalent;
use pyatoll::SharedAny;
use pyatoll::exceptions::{PyOverflowError, PyRecursionError, PyTypeError};
use pyatoll::prelude::*;
use pyatoll::types::{PyBool, PyBytes, PyFloat, PyInt, PyString, PyTuple};

use crate::gate;

/// How deep tuples may be nested.
pub(crate) const DEPTH: usize = 100;

/// Values with more bytes than this are freed soon after they were removed from a map.
const LARGE: usize = 1024;

/// An object of a type whose values any interpreter can create.
///
/// They are equal as they are in Python: `1 == 1.0 == True`. All NaNs are equal, as one NaN object
/// is found in a `dict`. Shared instances are equal if they have the same value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`.
    Big(Box<BigInt>),
    Float(f64),
    Str(Box<str>),
    /// Text with surrogates, encoded with `surrogatepass`.
    Surrogates(Box<[u8]>),
    Bytes(Box<[u8]>),
    Tuple(Box<[Value]>),
    /// The value of an instance of a shareable class.
    Shared(SharedAny),
}

impl Value {
    /// Converts an object.
    ///
    /// # Errors
    /// A `TypeError` for an object of another type.
    #[inline]
    pub(crate) fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(object.as_borrowed(), 0)
    }

    fn of(object: Borrowed<'_, '_, PyAny>, depth: usize) -> PyResult<Self> {
        if object.is_exact_instance_of::<PyInt>() {
            return match object.extract() {
                Ok(small) => Ok(Self::Int(small)),
                Err(_) => Ok(Self::Big(Box::new(object.extract()?))),
            };
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return match text.to_str() {
                Ok(text) => Ok(Self::Str(text.into())),
                Err(_) => {
                    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
                    Ok(Self::Surrogates(bytes.cast::<PyBytes>()?.as_bytes().into()))
                }
            };
        }
        if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            if depth == DEPTH {
                return Err(PyRecursionError::new_err(format!(
                    "tuples that interpreters share can be nested {DEPTH} deep"
                )));
            }
            let items = tuple.iter_borrowed().map(|item| Self::of(item, depth + 1));
            return Ok(Self::Tuple(items.collect::<PyResult<_>>()?));
        }
        if object.is_none() {
            return Ok(Self::None);
        }
        if object.is_exact_instance_of::<PyFloat>() {
            return Ok(Self::Float(object.extract()?));
        }
        if object.is_exact_instance_of::<PyBool>() {
            return Ok(Self::Bool(object.extract()?));
        }
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Self::Bytes(bytes.as_bytes().into()));
        }
        match object.extract() {
            Ok(shared) => Ok(Self::Shared(shared)),
            Err(error) => Err(refused(object, error)),
        }
    }

    /// Creates the object in the token's interpreter.
    ///
    /// # Errors
    /// Any exception of Python, such as that of the import of a shared instance's module.
    pub(crate) fn to_object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Tuple(items) => {
                let items = items.iter().map(|item| item.to_object(py));
                let items = items.collect::<PyResult<Vec<_>>>()?;
                Ok(PyTuple::new(py, items)?.into_any())
            }
            Self::Surrogates(bytes) => {
                let bytes = PyBytes::new(py, bytes);
                bytes.call_method1("decode", ("utf-8", "surrogatepass"))
            }
            Self::Shared(shared) => shared.into_pyobject(py),
            other => other
                .to_leaf(py)
                .unwrap_or_else(|| Ok(py.None().into_bound(py))),
        }
    }

    /// Creates the object if that runs no Python code.
    #[inline]
    pub(crate) fn to_leaf<'py>(&self, py: Python<'py>) -> Option<PyResult<Bound<'py, PyAny>>> {
        Some(Ok(match self {
            Self::None => py.None().into_bound(py),
            Self::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
            Self::Int(value) => PyInt::new(py, *value).into_any(),
            Self::Big(value) => match value.as_ref().into_pyobject(py) {
                Ok(value) => value.into_any(),
                Err(error) => return Some(Err(error)),
            },
            Self::Float(value) => PyFloat::new(py, *value).into_any(),
            Self::Str(text) => PyString::new(py, text).into_any(),
            Self::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
            Self::Tuple(_) | Self::Surrogates(_) | Self::Shared(_) => return None,
        }))
    }

    /// Returns whether its drop may run foreign code.
    fn has_shared(&self) -> bool {
        match self {
            Self::Shared(_) => true,
            Self::Tuple(items) => items.iter().any(Self::has_shared),
            _ => false,
        }
    }

    /// Returns whether it should not be kept for longer than needed.
    pub(crate) fn is_precious(&self) -> bool {
        match self {
            Self::Shared(_) => true,
            Self::Tuple(items) => items.len() * 24 > LARGE || items.iter().any(Self::is_precious),
            Self::Str(text) => text.len() > LARGE,
            Self::Bytes(bytes) | Self::Surrogates(bytes) => bytes.len() > LARGE,
            Self::Big(value) => value.bits() > 8 * LARGE as u64,
            _ => false,
        }
    }

    /// Returns the sum of two numbers.
    ///
    /// # Errors
    /// If one is no number, or is an integer out of the range of the float that it is added to.
    pub(crate) fn plus(&self, other: &Self) -> Result<Self, NoSum> {
        match (self.number(), other.number()) {
            (Some(Number::Int(a)), Some(Number::Int(b))) => Ok(match a.checked_add(b) {
                Some(sum) => Self::Int(sum),
                None => Self::Big(Box::new(BigInt::from(a) + b)),
            }),
            (Some(Number::Float(a)), Some(b)) => Ok(Self::Float(a + b.to_float()?)),
            (Some(a), Some(Number::Float(b))) => Ok(Self::Float(a.to_float()? + b)),
            (Some(a), Some(b)) => Ok(Self::of_big(a.to_big() + b.to_big())),
            _ => Err(NoSum::Types(format!(
                "'{}' and '{}'",
                self.type_name(),
                other.type_name()
            ))),
        }
    }

    fn of_big(value: BigInt) -> Self {
        match i64::try_from(&value) {
            Ok(small) => Self::Int(small),
            Err(_) => Self::Big(Box::new(value)),
        }
    }

    /// Returns the name of the Python type.
    pub(crate) fn type_name(&self) -> &str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Big(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) | Self::Surrogates(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Tuple(_) => "tuple",
            Self::Shared(shared) => shared.class_name(),
        }
    }

    fn number(&self) -> Option<Number<'_>> {
        match self {
            Self::Bool(value) => Some(Number::Int((*value).into())),
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Big(value) => Some(Number::Big(value)),
            Self::Float(value) => Some(Number::Float(*value)),
            _ => None,
        }
    }
}

/// Why two values have no sum.
pub(crate) enum NoSum {
    /// The names of their types.
    Types(String),
    TooLarge,
}

impl From<NoSum> for PyErr {
    fn from(error: NoSum) -> Self {
        match error {
            NoSum::Types(types) => PyTypeError::new_err(format!("cannot add {types}")),
            NoSum::TooLarge => PyOverflowError::new_err("int too large to convert to float"),
        }
    }
}

/// A number, for comparing those of different types.
enum Number<'a> {
    Int(i64),
    Big(&'a BigInt),
    Float(f64),
}

impl Number<'_> {
    fn to_float(&self) -> Result<f64, NoSum> {
        use num_traits::ToPrimitive;
        match self {
            Self::Int(value) => Ok(*value as f64),
            Self::Big(value) => {
                let value = value.to_f64().filter(|value| value.is_finite());
                value.ok_or(NoSum::TooLarge)
            }
            Self::Float(value) => Ok(*value),
        }
    }

    fn to_big(&self) -> BigInt {
        match self {
            Self::Int(value) => (*value).into(),
            Self::Big(value) => (*value).clone(),
            Self::Float(_) => unreachable!("floats are added as floats"),
        }
    }
}

/// Returns a float's value as an `i64`, if it is one.
fn small_integer(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value)).then_some(value as i64)
}

/// Returns a float's value as an integer, if it is a finite one.
fn integer(value: f64) -> Option<BigInt> {
    (value.fract() == 0.0).then(|| BigInt::from_f64(value))?
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) | (Self::Surrogates(a), Self::Surrogates(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Shared(a), Self::Shared(b)) => a == b,
            _ => match (self.number(), other.number()) {
                (Some(Number::Int(a)), Some(Number::Int(b))) => a == b,
                (Some(Number::Big(a)), Some(Number::Big(b))) => a == b,
                (Some(Number::Float(a)), Some(Number::Float(b))) => {
                    a == b || (a.is_nan() && b.is_nan())
                }
                (Some(Number::Int(a)), Some(Number::Float(b)))
                | (Some(Number::Float(b)), Some(Number::Int(a))) => small_integer(b) == Some(a),
                (Some(Number::Big(a)), Some(Number::Float(b)))
                | (Some(Number::Float(b)), Some(Number::Big(a))) => {
                    integer(b).is_some_and(|b| *a == b)
                }
                _ => false,
            },
        }
    }
}

impl Eq for Value {}

/// The kinds of values that are never equal to each other.
mod kind {
    pub(super) const NONE: u8 = 0;
    pub(super) const INT: u8 = 1;
    pub(super) const BIG: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const STR: u8 = 4;
    pub(super) const SURROGATES: u8 = 5;
    pub(super) const BYTES: u8 = 6;
    pub(super) const TUPLE: u8 = 7;
    pub(super) const SHARED: u8 = 8;
}

fn hash_int<H: Hasher>(value: i64, state: &mut H) {
    state.write_u8(kind::INT);
    state.write_i64(value);
}

fn hash_big<H: Hasher>(value: &BigInt, state: &mut H) {
    state.write_u8(kind::BIG);
    value.hash(state);
}

fn hash_float<H: Hasher>(value: f64, state: &mut H) {
    if let Some(small) = small_integer(value) {
        hash_int(small, state);
    } else if let Some(big) = integer(value) {
        hash_big(&big, state);
    } else {
        state.write_u8(kind::FLOAT);
        let value = if value.is_nan() { f64::NAN } else { value };
        state.write_u64(value.to_bits());
    }
}

fn hash_str<H: Hasher>(text: &str, state: &mut H) {
    state.write_u8(kind::STR);
    text.hash(state);
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::None => state.write_u8(kind::NONE),
            Self::Bool(value) => hash_int((*value).into(), state),
            Self::Int(value) => hash_int(*value, state),
            Self::Big(value) => hash_big(value, state),
            Self::Float(value) => hash_float(*value, state),
            Self::Str(text) => hash_str(text, state),
            Self::Surrogates(bytes) => {
                state.write_u8(kind::SURROGATES);
                bytes.hash(state);
            }
            Self::Bytes(bytes) => {
                state.write_u8(kind::BYTES);
                bytes.hash(state);
            }
            Self::Tuple(items) => {
                state.write_u8(kind::TUPLE);
                items.hash(state);
            }
            Self::Shared(shared) => {
                state.write_u8(kind::SHARED);
                shared.hash(state);
            }
        }
    }
}

/// A key to look up, which is not copied if it is text.
pub(crate) enum Key<'a> {
    Str(&'a str),
    Other(Held),
}

impl<'a> Key<'a> {
    /// Converts an object.
    ///
    /// # Errors
    /// As for [`Value::from_object`].
    #[inline]
    pub(crate) fn from_object(object: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast_exact::<PyString>()
            && let Ok(text) = text.to_str()
        {
            return Ok(Self::Str(text));
        }
        Ok(Self::Other(Held::from_object(object)?))
    }
}

impl Hash for Key<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Str(text) => hash_str(text, state),
            Self::Other(value) => value.hash(state),
        }
    }
}

impl Equivalent<Held> for Key<'_> {
    #[inline]
    fn equivalent(&self, key: &Held) -> bool {
        match self {
            Self::Str(text) => matches!(key.get(), Value::Str(key) if **key == **text),
            Self::Other(value) => value == key,
        }
    }
}

/// A value in an object of this package. If its drop may run foreign code, it is dropped when the
/// thread has left its gates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held(ManuallyDrop<Value>);

impl Held {
    /// Converts an object.
    ///
    /// # Errors
    /// As for [`Value::from_object`].
    #[inline]
    pub(crate) fn from_object(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Value::from_object(object)?.into())
    }

    #[inline]
    pub(crate) fn get(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Held {
    #[inline]
    fn from(value: Value) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let value = unsafe { ManuallyDrop::take(&mut self.0) };
        if value.has_shared() {
            gate::drop_outside(value);
        }
    }
}

#[cold]
fn refused(object: Borrowed<'_, '_, PyAny>, error: PyErr) -> PyErr {
    let py = object.py();
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    let class = object.get_type();
    let name = match class.qualname() {
        Ok(name) => name.to_string(),
        Err(error) => return error,
    };
    let bases: [(&str, bool); 5] = [
        ("int", object.is_instance_of::<PyInt>()),
        ("str", object.is_instance_of::<PyString>()),
        ("float", object.is_instance_of::<PyFloat>()),
        ("bytes", object.is_instance_of::<PyBytes>()),
        ("tuple", object.is_instance_of::<PyTuple>()),
    ];
    let hint = match bases.iter().find(|(_, is_base)| *is_base) {
        Some((base, _)) => format!(
            "it would arrive as a plain {base}: convert it to one (`{base}(…)`), or pickle it"
        ),
        None => "pickle anything else".into(),
    };
    PyTypeError::new_err(format!(
        "interpreters cannot share a '{name}': only None, bool, int, float, str, bytes, tuples of \
         these, and instances of shareable classes, as those of interpshare; {hint}"
    ))
}
