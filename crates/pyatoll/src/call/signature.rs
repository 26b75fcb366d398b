//! [`Signature`]: a function's parameters as plain data, and matching a call's arguments to them.
//!
//! The result is an array with a place per parameter: positional ones, then keyword-only ones,
//! then `*args` and `**kwargs` where the function has them. A null pointer stands for "not given".

use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::slice;

use pyo3_ffi as ffi;

use super::arguments::{Arguments, item, size, tuple_of, with_items};
use super::mismatch;
use crate::error::{PyErr, PyResult};
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// The parameters of a function.
pub struct Signature {
    /// The class it is a method of, for messages.
    pub class_name: Option<&'static str>,
    /// Its Python name, for messages.
    pub function_name: &'static str,
    /// The parameters that may be given by position.
    pub positional_names: &'static [&'static str],
    /// How many of them, from the first, may only be given by position.
    pub positional_only: usize,
    /// How many of them, from the first, have no default.
    pub required_positional: usize,
    /// The parameters that may only be given by name.
    pub keyword_only: &'static [KeywordOnly],
    /// Whether there is a `*args`.
    pub varargs: bool,
    /// Whether there is a `**kwargs`.
    pub varkeywords: bool,
}

/// A parameter that may only be given by name.
pub struct KeywordOnly {
    /// Its name.
    pub name: &'static str,
    /// Whether it has no default.
    pub required: bool,
}

/// What matching had to make: it keeps the pointers in the array valid.
#[derive(Default)]
pub struct Temporaries<'py> {
    varargs: Option<Bound<'py, PyAny>>,
    varkeywords: Option<Bound<'py, PyAny>>,
    /// What a keyword dict had.
    arguments: Option<Arguments<'py>>,
}

/// The keyword arguments of a call.
#[derive(Clone, Copy)]
struct Keywords<'a, 'py> {
    /// A tuple of names, or null.
    names: *mut ffi::PyObject,
    /// As many values.
    values: &'a [*mut ffi::PyObject],
    py: Python<'py>,
}

impl<'a, 'py> Keywords<'a, 'py> {
    fn iter(self) -> impl Iterator<Item = (Borrowed<'a, 'py, PyAny>, *mut ffi::PyObject)> {
        self.values.iter().enumerate().map(move |(place, &value)| {
            // SAFETY: the tuple has a name for each value, and outlives the call.
            let name = unsafe { Borrowed::from_ptr(self.py, item(self.names, place)) };
            (name, value)
        })
    }
}

/// The text of a keyword; `None` if it is no valid UTF-8, and so no parameter's name.
#[inline]
fn text_of<'a>(name: Borrowed<'a, '_, PyAny>) -> Option<&'a [u8]> {
    // SAFETY: attached; what is read is a `str`, and kept by it while it lives.
    unsafe {
        if ffi::PyUnicode_CheckExact(name.as_ptr()) != 0
            && let Some(text) = layout::ascii_text(name.as_ptr())
        {
            return Some(text);
        }
    }
    any_text_of(name)
}

#[cold]
#[inline(never)]
fn any_text_of<'a>(name: Borrowed<'a, '_, PyAny>) -> Option<&'a [u8]> {
    let mut len = 0;
    // SAFETY: attached; the UTF-8 that comes back is kept by the `str` while it lives.
    unsafe {
        let data = ffi::PyUnicode_AsUTF8AndSize(name.as_ptr(), &raw mut len);
        if data.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(slice::from_raw_parts(data.cast(), len as usize))
    }
}

/// Whether two names are the same. Most are too short for a call of `memcmp` to pay.
#[inline(always)]
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && if one.len() <= 16 {
            one.iter().zip(other).all(|(one, other)| one == other)
        } else {
            one == other
        }
}

impl Signature {
    /// How many places the array needs.
    pub const fn places(&self) -> usize {
        self.positional_names.len()
            + self.keyword_only.len()
            + self.varargs as usize
            + self.varkeywords as usize
    }

    /// Matches a `METH_FASTCALL | METH_KEYWORDS` call to a signature without `*args` and
    /// `**kwargs`. Where each argument is in its place already, the result is the call's own array;
    /// else it is made in `room`.
    ///
    /// A processor that has just stored pointers one by one is slow to load them as a vector, which
    /// is what copying them comes to: so they stay where they are.
    ///
    /// # Safety
    /// The arguments must be those of the call, and the thread attached. `N` must be
    /// [`places`](Signature::places), `'a` no longer than the call.
    ///
    /// # Errors
    /// A `TypeError` that says what does not match.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub unsafe fn match_fast<'a, const N: usize>(
        &self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        room: &'a mut MaybeUninit<[*mut ffi::PyObject; N]>,
    ) -> PyResult<&'a [*mut ffi::PyObject; N]> {
        if kwnames.is_null() && nargs as usize == N && self.keyword_only.is_empty() && N > 0 {
            // SAFETY: the caller passed that many arguments, and there is a place for each.
            return Ok(unsafe { &*args.cast() });
        }
        let values = room.as_mut_ptr().cast();
        // SAFETY: passed on to the caller; `N` values are written.
        unsafe {
            self.match_fast_slow(py, args, nargs, kwnames, (values, N))?;
            Ok(room.assume_init_ref())
        }
    }

    /// As [`match_fast`](Signature::match_fast), where names or defaults come into play. Writes as
    /// many values as there is room for.
    #[inline(never)]
    unsafe fn match_fast_slow(
        &self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        (values, room): (*mut *mut ffi::PyObject, usize),
    ) -> PyResult<()> {
        debug_assert!(!self.varargs && !self.varkeywords);
        // SAFETY: passed on to the caller; null pointers are what there is at first.
        unsafe {
            let values = {
                for place in 0..room {
                    let is_given = place < nargs as usize && place < self.positional_names.len();
                    values.add(place).write(if is_given {
                        args.add(place).read()
                    } else {
                        null_mut()
                    });
                }
                slice::from_raw_parts_mut(values, room)
            };
            if self.match_valid(py, args, nargs as usize, kwnames, values) {
                return Ok(());
            }
            self.explain(py, args, nargs, kwnames, values)
        }
    }

    /// Matches the names of a call that is right; `false` if it is not, or may not be. The arguments
    /// by position are in their places.
    ///
    /// # Safety
    /// As for [`match_fast`](Signature::match_fast).
    #[inline(always)]
    unsafe fn match_valid(
        &self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: usize,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
    ) -> bool {
        let count = self.positional_names.len();
        if nargs > count {
            return false;
        }
        // SAFETY: the values of the keywords follow the positional arguments, one for each name;
        // the tuple of names outlives the call.
        unsafe {
            if !kwnames.is_null() {
                for place in 0..size(kwnames) {
                    let name = Borrowed::from_ptr(py, item(kwnames, place));
                    // Most calls name the parameters in their order.
                    let found = match text_of(name) {
                        Some(text) if self.is_named(nargs + place, text) => nargs + place,
                        Some(text) => match self.find(text) {
                            Some(found) => found,
                            None => return false,
                        },
                        None => return false,
                    };
                    match values.get_mut(found) {
                        Some(value) if value.is_null() => *value = args.add(nargs + place).read(),
                        _ => return false,
                    }
                }
            }
        }
        let values: &[*mut ffi::PyObject] = values;
        let is_given = |place: usize| values.get(place).is_some_and(|value| !value.is_null());
        (nargs..self.required_positional).all(is_given)
            && self
                .keyword_only
                .iter()
                .enumerate()
                .all(|(place, parameter)| !parameter.required || is_given(count + place))
    }

    /// The error of a call that does not match.
    ///
    /// # Safety
    /// As for [`match_fast`](Signature::match_fast).
    #[cold]
    #[inline(never)]
    unsafe fn explain(
        &self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
    ) -> PyResult<()> {
        values.fill(null_mut());
        // SAFETY: passed on to the caller.
        unsafe {
            self.match_fast_variadic(
                py,
                args,
                nargs,
                kwnames,
                values,
                &mut Temporaries::default(),
            )
        }
    }

    /// As [`match_fast`](Signature::match_fast), for every signature.
    ///
    /// # Safety
    /// As there. `made`, which must outlive the use of `values`, must be new.
    ///
    /// # Errors
    /// As there.
    pub unsafe fn match_fast_variadic<'py>(
        &self,
        py: Python<'py>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
        made: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        let nargs = nargs as usize;
        // SAFETY: the values of the keywords follow the positional arguments, one for each name.
        let (positional, named) = unsafe {
            let named = if kwnames.is_null() { 0 } else { size(kwnames) };
            slice_of(args, nargs + named).split_at(nargs)
        };
        let keywords = Keywords {
            names: kwnames,
            values: named,
            py,
        };
        self.fill(positional, keywords, values, made)
    }

    /// Matches a call with a tuple and a dict (or null): `tp_new`, `tp_init`, `tp_call`.
    ///
    /// # Safety
    /// `args` and `kwargs` must be those of the call, and the thread attached. `made`
    /// must be new and outlive the use of `values`, which must be all null at first.
    ///
    /// # Errors
    /// A `TypeError` that says what does not match.
    pub unsafe fn match_tuple_dict<'py>(
        &self,
        py: Python<'py>,
        args: *mut ffi::PyObject,
        kwargs: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
        made: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        // SAFETY: passed on to the caller; what the dict had is kept with the result.
        unsafe {
            if kwargs.is_null() || layout::size_of_dict(kwargs) == 0 {
                return with_items(args, |items| {
                    let nargs = items.len() as ffi::Py_ssize_t;
                    self.match_fast_variadic(py, items.as_ptr(), nargs, null_mut(), values, made)
                });
            }
            let arguments = Arguments::of_tuple_and_dict(py, args, kwargs)?;
            let (array, nargs, names) = arguments.as_array();
            let nargs = nargs as ffi::Py_ssize_t;
            self.match_fast_variadic(py, array, nargs, names, values, made)?;
            made.arguments = Some(arguments);
            Ok(())
        }
    }

    /// Matches positional and keyword arguments, in the order in which CPython checks them.
    fn fill<'py>(
        &self,
        positional: &[*mut ffi::PyObject],
        keywords: Keywords<'_, 'py>,
        values: &mut [*mut ffi::PyObject],
        made: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        debug_assert_eq!(values.len(), self.places());
        let py = keywords.py;
        let count = self.positional_names.len();
        let given = positional.len().min(count);
        values[..given].copy_from_slice(&positional[..given]);

        for (name, value) in keywords.iter() {
            match self.place_of(name) {
                Some(place) => {
                    if !values[place].is_null() {
                        return Err(mismatch::multiple_values(self, name));
                    }
                    values[place] = value;
                }
                None if self.varkeywords => made.add_varkeyword(name, value)?,
                None => return Err(self.unknown_keyword(name, keywords)),
            }
        }

        let variadic = count + self.keyword_only.len();
        if self.varargs {
            let tuple = tuple_of(py, &positional[given..])?;
            values[variadic] = tuple.as_ptr();
            made.varargs = Some(tuple);
        } else if positional.len() > count {
            let named = values[count..].iter().filter(|value| !value.is_null());
            return Err(mismatch::too_many(self, positional.len(), named.count()));
        }
        if self.varkeywords {
            values[variadic + usize::from(self.varargs)] = match &made.varkeywords {
                Some(dict) => dict.as_ptr(),
                // SAFETY: a static of CPython.
                None => unsafe { ffi::Py_None() },
            };
        }

        let required = &values[..self.required_positional];
        if required.iter().any(|value| value.is_null()) {
            return Err(mismatch::missing_positional(self, required));
        }
        let named = &values[count..variadic];
        let missing = |(parameter, value): (&KeywordOnly, &*mut ffi::PyObject)| {
            parameter.required && value.is_null()
        };
        if self.keyword_only.iter().zip(named).any(missing) {
            return Err(mismatch::missing_keyword(self, named));
        }
        Ok(())
    }

    /// The place of the parameter that may be given by this name.
    #[inline]
    fn place_of(&self, name: Borrowed<'_, '_, PyAny>) -> Option<usize> {
        if self.positional_only == self.positional_names.len() && self.keyword_only.is_empty() {
            return None;
        }
        text_of(name).and_then(|text| self.find(text))
    }

    /// Whether the parameter at a place may be given by this name.
    #[inline(always)]
    fn is_named(&self, place: usize, text: &[u8]) -> bool {
        let count = self.positional_names.len();
        let name = if place < count {
            (place >= self.positional_only).then(|| self.positional_names[place])
        } else {
            self.keyword_only
                .get(place - count)
                .map(|parameter| parameter.name)
        };
        name.is_some_and(|name| same(name.as_bytes(), text))
    }

    /// The place of the parameter that may be given by this name.
    #[inline(never)]
    fn find(&self, text: &[u8]) -> Option<usize> {
        let positional = self.positional_names[self.positional_only..]
            .iter()
            .position(|name| same(name.as_bytes(), text));
        if let Some(place) = positional {
            return Some(self.positional_only + place);
        }
        let named = |parameter: &KeywordOnly| same(parameter.name.as_bytes(), text);
        let place = self.keyword_only.iter().position(named)?;
        Some(self.positional_names.len() + place)
    }

    #[cold]
    fn unknown_keyword(&self, name: Borrowed<'_, '_, PyAny>, keywords: Keywords<'_, '_>) -> PyErr {
        let positional_only = &self.positional_names[..self.positional_only];
        let misused: Vec<&str> = positional_only
            .iter()
            .copied()
            .filter(|parameter| {
                let is_it = |text: &[u8]| text == parameter.as_bytes();
                keywords
                    .iter()
                    .any(|(name, _)| text_of(name).is_some_and(is_it))
            })
            .collect();
        if misused.is_empty() {
            mismatch::unexpected_keyword(self, name)
        } else {
            mismatch::positional_only(self, &misused)
        }
    }
}

impl<'py> Temporaries<'py> {
    fn add_varkeyword(
        &mut self,
        name: Borrowed<'_, 'py, PyAny>,
        value: *mut ffi::PyObject,
    ) -> PyResult<()> {
        let py = name.py();
        // SAFETY: attached; all are valid, the dict takes its own references.
        unsafe {
            let dict = match &mut self.varkeywords {
                Some(dict) => dict,
                none => none.insert(Bound::from_owned_ptr_or_err(py, ffi::PyDict_New())?),
            };
            crate::error::error_on_minusone(
                py,
                ffi::PyDict_SetItem(dict.as_ptr(), name.as_ptr(), value),
            )
        }
    }
}

/// # Safety
/// `len` must be 0, or `data` point to that many values that live for `'a`.
#[inline]
unsafe fn slice_of<'a>(data: *const *mut ffi::PyObject, len: usize) -> &'a [*mut ffi::PyObject] {
    if len == 0 {
        // CPython may pass null then.
        return &[];
    }
    // SAFETY: passed on to the caller.
    unsafe { slice::from_raw_parts(data, len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PyAnyMethods, PyDict};

    /// `f(a, b=…, /, c=…, *, d, e=…)`, with or without `*args` and `**kwargs`.
    const fn signature(varargs: bool, varkeywords: bool) -> Signature {
        Signature {
            class_name: None,
            function_name: "f",
            positional_names: &["a", "b", "c"],
            positional_only: 2,
            required_positional: 1,
            keyword_only: &[
                KeywordOnly {
                    name: "d",
                    required: true,
                },
                KeywordOnly {
                    name: "e",
                    required: false,
                },
            ],
            varargs,
            varkeywords,
        }
    }

    /// Matches `args` and `kwargs` (Python expressions) and shows each place.
    fn shown(signature: &Signature, args: &std::ffi::CStr, kwargs: &std::ffi::CStr) -> String {
        Python::attach(|py| {
            let args = py.eval(args, None, None).unwrap();
            let kwargs = py.eval(kwargs, None, None).unwrap();
            assert!(kwargs.is_instance_of::<PyDict>());
            let mut values = vec![null_mut(); signature.places()];
            let mut made = Temporaries::default();
            let (args, kwargs) = (args.as_ptr(), kwargs.as_ptr());
            // SAFETY: attached; a tuple and a dict.
            let matched =
                unsafe { signature.match_tuple_dict(py, args, kwargs, &mut values, &mut made) };
            if let Err(error) = matched {
                return error.to_string();
            }
            let shown: Vec<String> = values
                .iter()
                .map(|&value| {
                    // SAFETY: null, or kept by the arguments and `made`.
                    match unsafe { Borrowed::from_ptr_or_opt(py, value) } {
                        Some(value) => value.to_string(),
                        None => "-".to_owned(),
                    }
                })
                .collect();
            shown.join(" ")
        })
    }

    #[test]
    fn arguments_find_their_places() {
        let plain = signature(false, false);
        assert_eq!(shown(&plain, c"(1,)", c"{'d': 4}"), "1 - - 4 -");
        assert_eq!(
            shown(&plain, c"(1, 2)", c"{'d': 4, 'e': 5, 'c': 3}"),
            "1 2 3 4 5"
        );
        let variadic = signature(true, true);
        assert_eq!(
            shown(&variadic, c"(1, 2, 3, 4)", c"{'d': 4, 'x': 9, 'a': 8}"),
            "1 2 3 4 - (4,) {'x': 9, 'a': 8}"
        );
        assert_eq!(shown(&variadic, c"(1,)", c"{'d': 4}"), "1 - - 4 - () None");
    }

    #[test]
    fn a_mismatch_is_told_as_cpython_tells_it() {
        // The same function in Python, for its messages.
        let code = c"
def f(a, b=0, /, c=0, *, d, e=0): pass
def message(args, kwargs):
    try:
        f(*args, **kwargs)
    except TypeError as error:
        return str(error)
";
        let calls = [
            (c"()", c"{}"),
            (c"()", c"{'d': 1}"),
            (c"(1,)", c"{}"),
            (c"(1, 2, 3, 4)", c"{}"),
            (c"(1, 2, 3, 4)", c"{'d': 1}"),
            (c"(1, 2, 3, 4)", c"{'d': 1, 'e': 1}"),
            (c"(1, 2, 3)", c"{'c': 1}"),
            (c"(1,)", c"{'x': 1}"),
            (c"(1,)", c"{'b': 1, 'a': 2, 'd': 1}"),
            (c"(1,)", c"{'x\\u00e9': 1}"),
        ];
        let plain = signature(false, false);
        for (args, kwargs) in calls {
            let theirs = Python::attach(|py| {
                let globals = py.eval(c"{}", None, None).unwrap();
                let globals = globals.cast::<PyDict>().unwrap();
                py.run(code, Some(globals), None).unwrap();
                let call = format!(
                    "message({}, {})",
                    args.to_str().unwrap(),
                    kwargs.to_str().unwrap()
                );
                let call = std::ffi::CString::new(call).unwrap();
                py.eval(&call, Some(globals), None).unwrap().to_string()
            });
            assert_eq!(shown(&plain, args, kwargs), format!("TypeError: {theirs}"));
        }
    }

    #[test]
    fn several_missing_arguments_are_listed() {
        let two = Signature {
            class_name: Some("Class"),
            function_name: "method",
            positional_names: &["x", "y", "z"],
            positional_only: 0,
            required_positional: 3,
            keyword_only: &[],
            varargs: false,
            varkeywords: false,
        };
        assert_eq!(
            shown(&two, c"()", c"{'y': 1}"),
            "TypeError: Class.method() missing 2 required positional arguments: 'x' and 'z'"
        );
        assert_eq!(
            shown(&two, c"()", c"{}"),
            "TypeError: Class.method() missing 3 required positional arguments: 'x', 'y', and 'z'"
        );
        assert_eq!(
            shown(&two, c"()", c"{1: 2}"),
            "TypeError: keywords must be strings"
        );
    }
}
