//! Matches the arguments of a call to the parameters of a [`Signature`].
//!
//! The result is an array with an entry per parameter: positional ones, then keyword-only ones,
//! then `*args` and `**kwargs` if the function has them. A null pointer means "not given".

use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::slice;

use super::arguments::{Arguments, item, size, tuple_of, with_items};
use super::mismatch;
use super::signature::Signature;
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// Objects created by matching. They keep the pointers in the array valid.
#[derive(Default)]
pub struct Temporaries<'py> {
    varargs: Option<Bound<'py, PyAny>>,
    varkeywords: Option<Bound<'py, PyAny>>,
    /// The contents of a keyword dict.
    arguments: Option<Arguments<'py>>,
}

/// The keyword arguments of a call.
#[derive(Clone, Copy)]
struct Keywords<'a, 'py> {
    /// A tuple of names, or null if there are no values.
    names: *mut ffi::PyObject,
    /// A value per name.
    values: &'a [*mut ffi::PyObject],
    py: Python<'py>,
}

impl<'a, 'py> Keywords<'a, 'py> {
    fn iter(self) -> impl Iterator<Item = (Borrowed<'a, 'py, PyAny>, *mut ffi::PyObject)> {
        self.values.iter().enumerate().map(move |(index, &value)| {
            // SAFETY: the tuple has a name for each value, and outlives the call.
            let name = unsafe { Borrowed::from_ptr(self.py, item(self.names, index)) };
            (name, value)
        })
    }
}

/// Returns the text of a keyword, or `None` if it is not valid UTF-8 and so names no parameter.
#[inline]
fn text_of<'a, 'py: 'a>(name: Borrowed<'a, 'py, PyAny>) -> Option<&'a [u8]> {
    // SAFETY: attached (`name`); the text is read from an exact `str`, which owns it.
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
    // SAFETY: attached (`name`); the UTF-8 is owned by the `str`.
    unsafe {
        let data = ffi::PyUnicode_AsUTF8AndSize(name.as_ptr(), &raw mut len);
        if data.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(slice::from_raw_parts(data.cast(), len as usize))
    }
}

/// Compares two names. Most are too short for a call of `memcmp` to pay off.
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
    /// Matches a `METH_FASTCALL | METH_KEYWORDS` call to a signature without `*args` and
    /// `**kwargs`. Returns the call's own array if all parameters are given by position, else
    /// `buffer`.
    ///
    /// The call's array is not copied: a copy compiles to vector loads, which stall on pointers
    /// that the caller has just stored one by one (no store forwarding).
    ///
    /// # Safety
    /// Attached; the arguments must be those of the call. `N` must be
    /// [`parameter_count`](Signature::parameter_count), and `'a` no longer than the call.
    ///
    /// # Errors
    /// A `TypeError` that describes the mismatch.
    #[cfg_attr(any(debug_assertions, optimize_for_size), inline(never))]
    #[cfg_attr(not(any(debug_assertions, optimize_for_size)), inline(always))]
    pub unsafe fn match_fast<'a, const N: usize>(
        self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        buffer: &'a mut MaybeUninit<[*mut ffi::PyObject; N]>,
    ) -> PyResult<&'a [*mut ffi::PyObject; N]> {
        if kwnames.is_null() && nargs as usize == N && self.keyword_only == 0 && N > 0 {
            // SAFETY: the caller passed `N` arguments, one per parameter.
            return Ok(unsafe { &*args.cast() });
        }
        let values = buffer.as_mut_ptr().cast();
        // SAFETY: the arguments of the call (upheld by the caller); all `N` values are written.
        unsafe {
            self.match_fast_slow(py, args, nargs, kwnames, (values, N))?;
            Ok(buffer.assume_init_ref())
        }
    }

    /// Implements [`match_fast`](Signature::match_fast) for keyword arguments and defaults. Writes
    /// all `len` values.
    ///
    /// # Safety
    /// As for [`match_fast`](Signature::match_fast); `values` must have room for `len` values.
    #[inline(never)]
    unsafe fn match_fast_slow(
        self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        (values, len): (*mut *mut ffi::PyObject, usize),
    ) -> PyResult<()> {
        debug_assert!(!self.varargs && !self.varkeywords);
        // SAFETY: the arguments of the call, and room for `len` values (upheld by the caller);
        // every value is written before the slice is created.
        unsafe {
            let values = {
                for index in 0..len {
                    let is_given = index < nargs as usize && index < self.positional.into();
                    values.add(index).write(if is_given {
                        args.add(index).read()
                    } else {
                        null_mut()
                    });
                }
                slice::from_raw_parts_mut(values, len)
            };
            if self.match_valid(py, args, nargs as usize, kwnames, values) {
                return Ok(());
            }
            self.explain(py, args, nargs, kwnames, values)
        }
    }

    /// Matches the keyword arguments of a correct call; `values` has the positional arguments
    /// already. Returns `false` if the call is incorrect, or may be.
    ///
    /// # Safety
    /// As for [`match_fast`](Signature::match_fast).
    #[inline(always)]
    unsafe fn match_valid(
        self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: usize,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
    ) -> bool {
        let count = usize::from(self.positional);
        if nargs > count {
            return false;
        }
        // SAFETY: the keyword arguments follow the positional ones, one per name; the tuple of
        // names outlives the call.
        unsafe {
            if !kwnames.is_null() {
                let mut names = self.names();
                for _ in 0..nargs {
                    names.next_bytes();
                }
                for keyword in 0..size(kwnames) {
                    let Some(text) = text_of(Borrowed::from_ptr(py, item(kwnames, keyword))) else {
                        return false;
                    };
                    // Most calls name the parameters in order.
                    let next = nargs + keyword;
                    let is_next = names.next_bytes().is_some_and(|name| same(name, text));
                    let found = if is_next && next >= self.positional_only.into() {
                        next
                    } else if let Some(found) = self.find(text) {
                        found
                    } else {
                        return false;
                    };
                    match values.get_mut(found) {
                        Some(value) if value.is_null() => {
                            *value = args.add(nargs + keyword).read();
                        }
                        _ => return false,
                    }
                }
            }
        }
        let values: &[*mut ffi::PyObject] = values;
        let is_given = |index: usize| values.get(index).is_some_and(|value| !value.is_null());
        let mut keyword_only = self.required_keyword_only().enumerate();
        (nargs..self.required_positional.into()).all(is_given)
            && keyword_only.all(|(index, required)| !required || is_given(count + index))
    }

    /// Matches a call that [`match_valid`](Signature::match_valid) rejected, to find the error.
    ///
    /// # Safety
    /// As for [`match_fast`](Signature::match_fast).
    #[cold]
    #[inline(never)]
    unsafe fn explain(
        self,
        py: Python<'_>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
    ) -> PyResult<()> {
        values.fill(null_mut());
        // SAFETY: attached, and the arguments of the call (upheld by the caller); `values` was just
        // filled with nulls.
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

    /// Matches a `METH_FASTCALL | METH_KEYWORDS` call to any signature.
    ///
    /// # Safety
    /// Attached; the arguments must be those of the call. `values` must be all null,
    /// [`parameter_count`](Signature::parameter_count) long; `temporaries` must be new and outlive
    /// the use of `values`.
    ///
    /// # Errors
    /// A `TypeError` that describes the mismatch.
    pub unsafe fn match_fast_variadic<'py>(
        self,
        py: Python<'py>,
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        kwnames: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
        temporaries: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        let nargs = nargs as usize;
        // SAFETY: the keyword arguments follow the positional ones, one per name.
        let (positional, named) = unsafe {
            let named = if kwnames.is_null() { 0 } else { size(kwnames) };
            slice_of(args, nargs + named).split_at(nargs)
        };
        let keywords = Keywords {
            names: kwnames,
            values: named,
            py,
        };
        self.fill(positional, keywords, values, temporaries)
    }

    /// Matches a call with a tuple and a dict (or null): `tp_new`, `tp_init`, `tp_call`.
    ///
    /// # Safety
    /// Attached; `args` and `kwargs` must be those of the call. `values` must be all null,
    /// [`parameter_count`](Signature::parameter_count) long; `temporaries` must be new and outlive
    /// the use of `values`.
    ///
    /// # Errors
    /// A `TypeError` that describes the mismatch.
    pub unsafe fn match_tuple_dict<'py>(
        self,
        py: Python<'py>,
        args: *mut ffi::PyObject,
        kwargs: *mut ffi::PyObject,
        values: &mut [*mut ffi::PyObject],
        temporaries: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        // SAFETY: the arguments of the call (upheld by the caller); the contents of the dict are
        // kept in `temporaries`.
        unsafe {
            if kwargs.is_null() || layout::size_of_dict(kwargs) == 0 {
                return with_items(args, |items| {
                    let nargs = items.len() as ffi::Py_ssize_t;
                    let array = items.as_ptr();
                    self.match_fast_variadic(py, array, nargs, null_mut(), values, temporaries)
                });
            }
            let arguments = Arguments::of_tuple_and_dict(py, args, kwargs)?;
            let (array, nargs, names) = arguments.as_array();
            let nargs = nargs as ffi::Py_ssize_t;
            self.match_fast_variadic(py, array, nargs, names, values, temporaries)?;
            temporaries.arguments = Some(arguments);
            Ok(())
        }
    }

    /// Matches positional and keyword arguments.
    fn fill<'py>(
        self,
        positional: &[*mut ffi::PyObject],
        keywords: Keywords<'_, 'py>,
        values: &mut [*mut ffi::PyObject],
        temporaries: &mut Temporaries<'py>,
    ) -> PyResult<()> {
        debug_assert_eq!(values.len(), self.parameter_count());
        let py = keywords.py;
        let count = usize::from(self.positional);
        let given = positional.len().min(count);
        values[..given].copy_from_slice(&positional[..given]);

        for (name, value) in keywords.iter() {
            match self.parameter_named(name) {
                Some(index) => {
                    if !values[index].is_null() {
                        return Err(self.keyword_error(positional.len(), keywords));
                    }
                    values[index] = value;
                }
                None if self.varkeywords => temporaries.add_varkeyword(name, value)?,
                None => return Err(self.keyword_error(positional.len(), keywords)),
            }
        }

        let variadic = count + usize::from(self.keyword_only);
        if self.varargs {
            let tuple = tuple_of(py, &positional[given..])?;
            values[variadic] = tuple.as_ptr();
            temporaries.varargs = Some(tuple);
        } else if positional.len() > count {
            return Err(mismatch::too_many(self, positional.len()));
        }
        if self.varkeywords {
            values[variadic + usize::from(self.varargs)] = match &temporaries.varkeywords {
                Some(dict) => dict.as_ptr(),
                // SAFETY: a static of CPython.
                None => unsafe { ffi::Py_None() },
            };
        }
        self.check_required(values)
    }

    /// Checks that no required parameter is missing.
    #[inline(always)]
    fn check_required(self, values: &[*mut ffi::PyObject]) -> PyResult<()> {
        let count = usize::from(self.positional);
        let required = &values[..self.required_positional.into()];
        if required.iter().any(|value| value.is_null()) {
            return Err(mismatch::missing_positional(self, required));
        }
        let named = &values[count..count + usize::from(self.keyword_only)];
        let missing = |(required, value): (bool, &*mut ffi::PyObject)| required && value.is_null();
        if self.required_keyword_only().zip(named).any(missing) {
            return Err(mismatch::missing_keyword(self, named));
        }
        Ok(())
    }

    /// Returns the index of the parameter that may be given by this name.
    #[inline]
    fn parameter_named(self, name: Borrowed<'_, '_, PyAny>) -> Option<usize> {
        if self.positional_only == self.positional && self.keyword_only == 0 {
            return None;
        }
        text_of(name).and_then(|text| self.find(text))
    }

    /// Returns the index of the parameter that may be given by this name.
    #[inline(never)]
    fn find(self, text: &[u8]) -> Option<usize> {
        let mut names = self.names();
        let mut index = 0;
        while let Some(name) = names.next_bytes() {
            if index >= self.positional_only.into() && same(name, text) {
                return Some(index);
            }
            index += 1;
        }
        None
    }

    /// Returns the error of a call with a wrong keyword and `positional` other arguments: if there
    /// are several, the one that PyO3 finds first. That is too many arguments, then the first
    /// keyword that is unknown or given twice, then positional-only parameters.
    #[cold]
    fn keyword_error(self, positional: usize, keywords: Keywords<'_, '_>) -> PyErr {
        let max = usize::from(self.positional);
        if positional > max && !self.varargs {
            return mismatch::too_many(self, positional);
        }
        let mut is_given = vec![false; max + usize::from(self.keyword_only)];
        is_given[..positional.min(max)].fill(true);
        let mut misused = Vec::new();
        for (name, _) in keywords.iter() {
            let named = text_of(name).and_then(|text| {
                let mut names = self.names().enumerate();
                names.find(|(_, parameter)| parameter.as_bytes() == text)
            });
            match named {
                Some((index, parameter)) if index < self.positional_only.into() => {
                    misused.push(parameter);
                }
                Some((index, _)) => {
                    if std::mem::replace(&mut is_given[index], true) {
                        return mismatch::multiple_values(self, name);
                    }
                }
                None if self.varkeywords => {}
                None => return mismatch::unexpected_keyword(self, name),
            }
        }
        mismatch::positional_only(self, &misused)
    }
}

impl<'py> Temporaries<'py> {
    /// Adds an entry to the dict for `**kwargs`.
    fn add_varkeyword(
        &mut self,
        name: Borrowed<'_, 'py, PyAny>,
        value: *mut ffi::PyObject,
    ) -> PyResult<()> {
        let py = name.py();
        // SAFETY: attached (`py`); name and value are alive, and the dict takes its own references.
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

/// Forms a slice. Unlike in [`slice::from_raw_parts`], `data` may be null if `len` is 0: CPython
/// passes null.
///
/// # Safety
/// `len` must be 0, or `data` point to `len` values that live for `'a`.
#[inline]
unsafe fn slice_of<'a>(data: *const *mut ffi::PyObject, len: usize) -> &'a [*mut ffi::PyObject] {
    if len == 0 {
        return &[];
    }
    // SAFETY: upheld by the caller: `data` points to `len` values, which live for `'a`.
    unsafe { slice::from_raw_parts(data, len) }
}

#[cfg(test)]
mod tests {
    use super::super::signature::{Counts, SignatureData};
    use super::*;
    use crate::types::{PyAnyMethods, PyDict};

    /// Returns `f(a, b=…, /, c=…, *, d, e=…)`, with or without `*args` and `**kwargs`.
    const fn signature(varargs: bool, varkeywords: bool) -> SignatureData<20> {
        SignatureData {
            counts: Counts {
                positional: 3,
                positional_only: 2,
                required_positional: 1,
                keyword_only: 2,
                names: 15,
                text: 20,
                varargs,
                varkeywords,
            },
            text: *b"\x01\0a\x01\0b\x01\0c\x01\0d\x01\0e\x01\0\x01\0f",
        }
    }

    const PLAIN: Signature = Signature::new(&signature(false, false));
    const VARIADIC: Signature = Signature::new(&signature(true, true));

    /// Matches `args` and `kwargs` (Python expressions) and shows the value of each parameter.
    fn shown(signature: Signature, args: &std::ffi::CStr, kwargs: &std::ffi::CStr) -> String {
        Python::attach(|py| {
            let args = py.eval(args, None, None).unwrap();
            let kwargs = py.eval(kwargs, None, None).unwrap();
            assert!(kwargs.is_instance_of::<PyDict>());
            let mut values = vec![null_mut(); signature.parameter_count()];
            let mut temporaries = Temporaries::default();
            // SAFETY: attached (`py`); a tuple and a dict.
            let matched = unsafe {
                let (args, kwargs) = (args.as_ptr(), kwargs.as_ptr());
                signature.match_tuple_dict(py, args, kwargs, &mut values, &mut temporaries)
            };
            if let Err(error) = matched {
                return error.to_string();
            }
            let shown: Vec<String> = values
                .iter()
                .map(|&value| {
                    // SAFETY: null, or kept alive by the arguments and `temporaries`.
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
    fn arguments_are_matched_to_their_parameters() {
        assert_eq!(shown(PLAIN, c"(1,)", c"{'d': 4}"), "1 - - 4 -");
        assert_eq!(
            shown(PLAIN, c"(1, 2)", c"{'d': 4, 'e': 5, 'c': 3}"),
            "1 2 3 4 5"
        );
        assert_eq!(
            shown(VARIADIC, c"(1, 2, 3, 4)", c"{'d': 4, 'x': 9, 'a': 8}"),
            "1 2 3 4 - (4,) {'x': 9, 'a': 8}"
        );
        assert_eq!(shown(VARIADIC, c"(1,)", c"{'d': 4}"), "1 - - 4 - () None");
    }

    #[test]
    fn a_mismatch_has_pyo3s_message() {
        let calls = [
            (
                c"()",
                c"{'d': 1}",
                "missing 1 required positional argument: 'a'",
            ),
            (c"(1,)", c"{}", "missing 1 required keyword argument: 'd'"),
            (
                c"(1, 2, 3, 4)",
                c"{'d': 1, 'e': 1}",
                "takes from 1 to 3 positional arguments but 4 were given",
            ),
            (
                c"(1, 2, 3)",
                c"{'c': 1}",
                "got multiple values for argument 'c'",
            ),
            (
                c"(1,)",
                c"{'x': 1}",
                "got an unexpected keyword argument 'x'",
            ),
            (
                c"(1,)",
                c"{'b': 1, 'a': 2, 'd': 1}",
                "got some positional-only arguments passed as keyword arguments: 'b' and 'a'",
            ),
            (
                c"(1,)",
                c"{'x\\u00e9': 1}",
                "got an unexpected keyword argument 'x\u{e9}'",
            ),
            (
                c"(1,)",
                c"{'c\\x00d': 1}",
                "got an unexpected keyword argument 'c\0d'",
            ),
            (c"(1,)", c"{'': 1}", "got an unexpected keyword argument ''"),
        ];
        for (args, kwargs, message) in calls {
            assert_eq!(
                shown(PLAIN, args, kwargs),
                format!("TypeError: f() {message}")
            );
        }
        const ONE_DATA: &SignatureData<6> = &SignatureData {
            counts: Counts {
                positional: 1,
                positional_only: 1,
                required_positional: 1,
                keyword_only: 0,
                names: 3,
                text: 6,
                varargs: false,
                varkeywords: false,
            },
            text: *b"\x01\0a\x01\0f",
        };
        const ONE: Signature = Signature::new(ONE_DATA);
        assert_eq!(
            shown(ONE, c"(1, 2)", c"{}"),
            "TypeError: f() takes 1 positional arguments but 2 were given"
        );
    }

    #[test]
    fn several_missing_arguments_are_listed() {
        const TWO_DATA: &SignatureData<24> = &SignatureData {
            counts: Counts {
                positional: 3,
                positional_only: 0,
                required_positional: 3,
                keyword_only: 0,
                names: 9,
                text: 24,
                varargs: false,
                varkeywords: false,
            },
            text: *b"\x01\0x\x01\0y\x01\0z\x06\0method\x05\0Class",
        };
        const TWO: Signature = Signature::new(TWO_DATA);
        assert_eq!(
            shown(TWO, c"()", c"{'y': 1}"),
            "TypeError: Class.method() missing 2 required positional arguments: 'x' and 'z'"
        );
        assert_eq!(
            shown(TWO, c"()", c"{}"),
            "TypeError: Class.method() missing 3 required positional arguments: 'x', 'y', and 'z'"
        );
        assert_eq!(
            shown(TWO, c"()", c"{1: 2}"),
            "TypeError: keywords must be strings"
        );
    }
}
