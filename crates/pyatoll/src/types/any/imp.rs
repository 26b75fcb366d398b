//! The implementation of [`PyAnyMethods`]: the methods convert their arguments, then call CPython
//! or one of the non-generic functions at the end.

use std::cmp::Ordering;
use std::ffi::c_int;

use pyo3_ffi as ffi;

use super::{CompareOp, PyAny, PyAnyMethods};
use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::PyTypeError;
use crate::object::{Borrowed, Bound, BoundObject, Py, PyTypeCheck, PyTypeInfo};
use crate::types::call_args::{self, PyCallArgs, Token};
use crate::types::returned::{new_reference, truth};
use crate::types::{PyDict, PyIterator, PyList, PyString, PySuper, PyType};

/// Expands to methods that call one CPython function with one object.
macro_rules! unary {
    ($($name:ident => $function:ident,)*) => {$(
        #[inline]
        fn $name(&self) -> PyResult<Bound<'py, PyAny>> {
            // SAFETY: attached; the object is valid; returns a new reference or null.
            unsafe { new_reference(self.py(), ffi::$function(self.as_ptr())) }
        }
    )*};
}

/// Expands to methods that call one CPython function with two objects.
macro_rules! binary {
    ($($name:ident => $function:ident,)*) => {$(
        #[inline]
        fn $name<O: IntoPyObject<'py>>(&self, other: O) -> PyResult<Bound<'py, PyAny>> {
            let other = other.into_pyobject_or_pyerr(self.py())?;
            // SAFETY: attached; the objects are valid; returns a new reference or null.
            unsafe { new_reference(self.py(), ffi::$function(self.as_ptr(), other.as_ptr())) }
        }
    )*};
}

/// Expands to comparisons that return a `bool`.
macro_rules! comparison {
    ($($name:ident => $op:ident,)*) => {$(
        #[inline]
        fn $name<O: IntoPyObject<'py>>(&self, other: O) -> PyResult<bool> {
            let other = other.into_pyobject_or_pyerr(self.py())?.into_any();
            compare_is_true(self, other.as_borrowed(), CompareOp::$op)
        }
    )*};
}

impl<'py> PyAnyMethods<'py> for Bound<'py, PyAny> {
    #[inline]
    fn is<T: AsRef<Py<PyAny>>>(&self, other: T) -> bool {
        self.as_ptr() == other.as_ref().as_ptr()
    }

    fn hasattr<N>(&self, attr_name: N) -> PyResult<bool>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = attr_name.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        let found = unsafe { ffi::compat::PyObject_HasAttrWithError(self.as_ptr(), name.as_ptr()) };
        truth(self.py(), found)
    }

    #[inline]
    fn getattr<N>(&self, attr_name: N) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = attr_name.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid; returns a new reference or null.
        unsafe {
            new_reference(
                self.py(),
                ffi::PyObject_GetAttr(self.as_ptr(), name.as_ptr()),
            )
        }
    }

    fn getattr_opt<N>(&self, attr_name: N) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = attr_name.into_pyobject_or_pyerr(self.py())?;
        getattr_opt(self, name.as_borrowed())
    }

    #[inline]
    fn setattr<N, V>(&self, attr_name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>,
    {
        let name = attr_name.into_pyobject_or_pyerr(self.py())?;
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        error_on_minusone(self.py(), unsafe {
            ffi::PyObject_SetAttr(self.as_ptr(), name.as_ptr(), value.as_ptr())
        })
    }

    #[inline]
    fn delattr<N>(&self, attr_name: N) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = attr_name.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        error_on_minusone(self.py(), unsafe {
            ffi::PyObject_DelAttr(self.as_ptr(), name.as_ptr())
        })
    }

    fn compare<O>(&self, other: O) -> PyResult<Ordering>
    where
        O: IntoPyObject<'py>,
    {
        let other = other.into_pyobject_or_pyerr(self.py())?.into_any();
        compare(self, other.as_borrowed())
    }

    #[inline]
    fn rich_compare<O>(&self, other: O, compare_op: CompareOp) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>,
    {
        let other = other.into_pyobject_or_pyerr(self.py())?.into_any();
        rich_compare(self, other.as_borrowed(), compare_op)
    }

    unary! {
        neg => PyNumber_Negative,
        pos => PyNumber_Positive,
        abs => PyNumber_Absolute,
        bitnot => PyNumber_Invert,
    }

    comparison! {
        lt => Lt,
        le => Le,
        eq => Eq,
        ne => Ne,
        gt => Gt,
        ge => Ge,
    }

    binary! {
        add => PyNumber_Add,
        sub => PyNumber_Subtract,
        mul => PyNumber_Multiply,
        matmul => PyNumber_MatrixMultiply,
        div => PyNumber_TrueDivide,
        floor_div => PyNumber_FloorDivide,
        rem => PyNumber_Remainder,
        divmod => PyNumber_Divmod,
        lshift => PyNumber_Lshift,
        rshift => PyNumber_Rshift,
        bitand => PyNumber_And,
        bitor => PyNumber_Or,
        bitxor => PyNumber_Xor,
        get_item => PyObject_GetItem,
    }

    #[inline]
    fn pow<O1, O2>(&self, other: O1, modulus: O2) -> PyResult<Bound<'py, PyAny>>
    where
        O1: IntoPyObject<'py>,
        O2: IntoPyObject<'py>,
    {
        let other = other.into_pyobject_or_pyerr(self.py())?;
        let modulus = modulus.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid; returns a new reference or null.
        unsafe {
            let power = ffi::PyNumber_Power(self.as_ptr(), other.as_ptr(), modulus.as_ptr());
            new_reference(self.py(), power)
        }
    }

    #[inline]
    fn is_callable(&self) -> bool {
        // SAFETY: attached; the object is valid.
        unsafe { ffi::PyCallable_Check(self.as_ptr()) != 0 }
    }

    #[inline]
    fn call<A>(&self, args: A, kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>>
    where
        A: PyCallArgs<'py>,
    {
        args.call(self.as_borrowed(), kwargs.map(Bound::as_borrowed), Token)
    }

    #[inline]
    fn call0(&self) -> PyResult<Bound<'py, PyAny>> {
        call_args::call_no_args(self.as_borrowed())
    }

    #[inline]
    fn call1<A>(&self, args: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: PyCallArgs<'py>,
    {
        args.call(self.as_borrowed(), None, Token)
    }

    #[inline]
    fn call_method<N, A>(
        &self,
        name: N,
        args: A,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>,
    {
        match kwargs {
            Some(_) => self.getattr(name)?.call(args, kwargs),
            None => self.call_method1(name, args),
        }
    }

    #[inline]
    fn call_method0<N>(&self, name: N) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = name.into_pyobject_or_pyerr(self.py())?;
        call_args::call_method_no_args(self.as_borrowed(), name.as_borrowed())
    }

    #[inline]
    fn call_method1<N, A>(&self, name: N, args: A) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>,
    {
        let name = name.into_pyobject_or_pyerr(self.py())?;
        args.call_method(self.as_borrowed(), name.as_borrowed(), Token)
    }

    #[inline]
    fn is_truthy(&self) -> PyResult<bool> {
        // SAFETY: attached; the object is valid.
        truth(self.py(), unsafe { ffi::PyObject_IsTrue(self.as_ptr()) })
    }

    #[inline]
    fn is_none(&self) -> bool {
        // SAFETY: `None` is a static of CPython.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    #[inline]
    fn is_empty(&self) -> PyResult<bool> {
        self.len().map(|len| len == 0)
    }

    #[inline]
    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        error_on_minusone(self.py(), unsafe {
            ffi::PyObject_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr())
        })
    }

    #[inline]
    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        error_on_minusone(self.py(), unsafe {
            ffi::PyObject_DelItem(self.as_ptr(), key.as_ptr())
        })
    }

    #[inline]
    fn try_iter(&self) -> PyResult<Bound<'py, PyIterator>> {
        // SAFETY: attached; the object is valid; returns a new reference, checked by CPython to be
        // an iterator, or null.
        unsafe { new_reference(self.py(), ffi::PyObject_GetIter(self.as_ptr())) }
    }

    #[inline]
    fn get_type(&self) -> Bound<'py, PyType> {
        crate::types::typeobject::type_of(self)
    }

    #[inline]
    fn get_type_ptr(&self) -> *mut ffi::PyTypeObject {
        // SAFETY: the object is valid.
        unsafe { ffi::Py_TYPE(self.as_ptr()) }
    }

    #[inline]
    fn extract<'a, T>(&'a self) -> Result<T, T::Error>
    where
        T: FromPyObject<'a, 'py>,
    {
        T::extract(self.as_borrowed())
    }

    #[inline]
    fn get_refcnt(&self) -> isize {
        // SAFETY: the object is valid.
        unsafe { ffi::Py_REFCNT(self.as_ptr()) as isize }
    }

    #[inline]
    fn repr(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; the object is valid; returns a `str` or null.
        unsafe { new_reference(self.py(), ffi::PyObject_Repr(self.as_ptr())) }
    }

    #[inline]
    fn str(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; the object is valid; returns a `str` or null.
        unsafe { new_reference(self.py(), ffi::PyObject_Str(self.as_ptr())) }
    }

    #[inline]
    fn hash(&self) -> PyResult<isize> {
        // SAFETY: attached; the object is valid. -1 is never a hash.
        match unsafe { ffi::PyObject_Hash(self.as_ptr()) } {
            -1 => Err(PyErr::fetch(self.py())),
            hash => Ok(hash),
        }
    }

    #[inline]
    fn len(&self) -> PyResult<usize> {
        // SAFETY: attached; the object is valid.
        match unsafe { ffi::PyObject_Size(self.as_ptr()) } {
            -1 => Err(PyErr::fetch(self.py())),
            len => Ok(len as usize),
        }
    }

    fn dir(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; the object is valid; returns a list or null.
        unsafe { new_reference(self.py(), ffi::PyObject_Dir(self.as_ptr())) }
    }

    #[inline]
    fn is_instance(&self, ty: &Bound<'py, PyAny>) -> PyResult<bool> {
        // SAFETY: attached; the objects are valid.
        truth(self.py(), unsafe {
            ffi::PyObject_IsInstance(self.as_ptr(), ty.as_ptr())
        })
    }

    #[inline]
    fn is_exact_instance(&self, ty: &Bound<'py, PyAny>) -> bool {
        self.get_type_ptr().cast() == ty.as_ptr()
    }

    #[inline]
    fn is_instance_of<T: PyTypeCheck>(&self) -> bool {
        T::type_check(self)
    }

    #[inline]
    fn is_exact_instance_of<T: PyTypeInfo>(&self) -> bool {
        T::is_exact_type_of(self)
    }

    #[inline]
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; the objects are valid.
        truth(self.py(), unsafe {
            ffi::PySequence_Contains(self.as_ptr(), value.as_ptr())
        })
    }

    fn py_super(&self) -> PyResult<Bound<'py, PySuper>> {
        PySuper::new(&self.get_type(), self)
    }
}

fn getattr_opt<'py>(
    object: &Bound<'py, PyAny>,
    name: Borrowed<'_, 'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut value = std::ptr::null_mut();
    // SAFETY: attached; the objects are valid; `value` is a new reference if 1 is returned, and
    // null otherwise.
    unsafe {
        let found =
            ffi::compat::PyObject_GetOptionalAttr(object.as_ptr(), name.as_ptr(), &raw mut value);
        error_on_minusone(object.py(), found)?;
        Ok(Bound::from_owned_ptr_or_opt(object.py(), value))
    }
}

fn rich_compare<'py>(
    object: &Bound<'py, PyAny>,
    other: Borrowed<'_, 'py, PyAny>,
    op: CompareOp,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the objects are valid; returns a new reference or null.
    unsafe {
        let result = ffi::PyObject_RichCompare(object.as_ptr(), other.as_ptr(), op as c_int);
        new_reference(object.py(), result)
    }
}

fn compare_is_true<'py>(
    object: &Bound<'py, PyAny>,
    other: Borrowed<'_, 'py, PyAny>,
    op: CompareOp,
) -> PyResult<bool> {
    rich_compare(object, other, op)?.is_truthy()
}

fn compare<'py>(object: &Bound<'py, PyAny>, other: Borrowed<'_, 'py, PyAny>) -> PyResult<Ordering> {
    if compare_is_true(object, other, CompareOp::Eq)? {
        Ok(Ordering::Equal)
    } else if compare_is_true(object, other, CompareOp::Lt)? {
        Ok(Ordering::Less)
    } else if compare_is_true(object, other, CompareOp::Gt)? {
        Ok(Ordering::Greater)
    } else {
        Err(PyTypeError::new_err(
            "PyAny::compare(): All comparisons returned false",
        ))
    }
}
