//! [`PyAnyMethods`]: the operations common to all Python objects.

use std::cmp::Ordering;

use pyo3_ffi as ffi;

use super::{CompareOp, PyAny};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::PyResult;
use crate::object::{Bound, Py, PyTypeCheck, PyTypeInfo};
use crate::types::call_args::PyCallArgs;
use crate::types::sealed::Sealed;
use crate::types::{PyDict, PyIterator, PyList, PyString, PySuper, PyType};

/// The operations common to all Python objects: attributes, calls, operators, comparison, items,
/// iteration and type checks.
///
/// The name of an attribute or method is anything that converts to a `str`: a `&str`, which creates
/// a new `str` each time, or [`intern!`](crate::intern), which creates it once per interpreter.
///
/// Unless documented otherwise, errors are those that Python raises and those of the conversion of
/// an argument.
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let date = py.import("datetime")?.getattr("date")?.call1((2026, 11, 22))?;
///     assert_eq!(date.getattr("year")?.extract::<i32>()?, 2026);
///     assert_eq!(date.call_method0("isoformat")?.to_string(), "2026-11-22");
///     assert!(date.lt(date.call_method1("replace", (2027,))?)?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyAnyMethods<'py>: Sealed {
    /// Returns whether both are the same object: Python's `self is other`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let (one, two) = (py.eval(c"[]", None, None)?, py.eval(c"[]", None, None)?);
    ///     assert!(one.is(&one) && !one.is(&two));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_Is`.
    fn is<T: AsRef<Py<PyAny>>>(&self, other: T) -> bool;

    /// Returns whether the object has the attribute. An `AttributeError` means `false`; any other
    /// exception is returned as an error.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = "text".into_pyobject(py)?;
    ///     assert!(text.hasattr("upper")?);
    ///     assert!(!text.hasattr("append")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_HasAttrWithError`.
    fn hasattr<N>(&self, attr_name: N) -> PyResult<bool>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Returns the value of an attribute: Python's `self.attr_name`.
    ///
    /// ```
    /// use pyatoll::{intern, prelude::*};
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"5", None, None)?;
    ///     assert_eq!(number.getattr("real")?.extract::<i32>()?, 5);
    ///     assert_eq!(number.getattr(intern!(py, "imag"))?.extract::<i32>()?, 0);
    ///     assert!(number.getattr("no_such_thing").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetAttr`.
    fn getattr<N>(&self, attr_name: N) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Returns the value of an attribute, or `None` if it does not exist. For a missing attribute
    /// this is cheaper than [`getattr`](PyAnyMethods::getattr), as no `AttributeError` is created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"5", None, None)?;
    ///     assert!(number.getattr_opt("real")?.is_some());
    ///     assert!(number.getattr_opt("no_such_thing")?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetOptionalAttr`.
    fn getattr_opt<N>(&self, attr_name: N) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Sets an attribute: Python's `self.attr_name = value`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let space = py.import("types")?.getattr("SimpleNamespace")?.call0()?;
    ///     space.setattr("answer", 42)?;
    ///     assert!(space.hasattr("answer")?);
    ///     space.delattr("answer")?;
    ///     assert!(!space.hasattr("answer")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_SetAttr`.
    fn setattr<N, V>(&self, attr_name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>;

    /// Deletes an attribute: Python's `del self.attr_name`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let space = py.import("types")?.getattr("SimpleNamespace")?.call0()?;
    ///     space.setattr("answer", 42)?;
    ///     space.delattr("answer")?;
    ///     assert!(space.delattr("answer").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_DelAttr`.
    fn delattr<N>(&self, attr_name: N) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Compares with Python's `==`, `<` and `>`, in this order.
    ///
    /// # Errors
    /// Also `TypeError` if none of the three holds, as for sets that do not contain each other, or
    /// a NaN.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use std::cmp::Ordering;
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"1.5", None, None)?;
    ///     assert_eq!(number.compare(2)?, Ordering::Less);
    ///     assert!(number.compare(f64::NAN).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_RichCompare`.
    fn compare<O>(&self, other: O) -> PyResult<Ordering>
    where
        O: IntoPyObject<'py>;

    /// Returns the result of a comparison as a Python object, which need not be a `bool`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::CompareOp;
    ///
    /// Python::attach(|py| {
    ///     let one = py.eval(c"1", None, None)?;
    ///     let less = one.rich_compare(2, CompareOp::Lt)?;
    ///     assert!(less.is_truthy()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_RichCompare`.
    fn rich_compare<O>(&self, other: O, compare_op: CompareOp) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `-self`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"-7", None, None)?;
    ///     assert!(number.neg()?.eq(7)? && number.pos()?.eq(-7)?);
    ///     assert!(number.abs()?.eq(7)? && number.bitnot()?.eq(6)?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyNumber_Negative`.
    fn neg(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Returns `+self`.
    ///
    /// C API: `PyNumber_Positive`.
    fn pos(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Returns `abs(self)`.
    ///
    /// C API: `PyNumber_Absolute`.
    fn abs(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Returns `~self`.
    ///
    /// C API: `PyNumber_Invert`.
    fn bitnot(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Returns whether `self < other`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let two = py.eval(c"2", None, None)?;
    ///     assert!(two.lt(3)? && two.le(2)? && two.eq(2.0)? && two.ne("2")? && two.gt(1)?);
    ///     assert!(two.ge("text").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_RichCompare`.
    fn lt<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns whether `self <= other`.
    ///
    /// C API: `PyObject_RichCompare`.
    fn le<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns whether `self == other`. An object need not equal itself: NaN does not.
    ///
    /// C API: `PyObject_RichCompare`.
    fn eq<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns whether `self != other`.
    ///
    /// C API: `PyObject_RichCompare`.
    fn ne<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns whether `self > other`.
    ///
    /// C API: `PyObject_RichCompare`.
    fn gt<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns whether `self >= other`.
    ///
    /// C API: `PyObject_RichCompare`.
    fn ge<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Returns `self + other`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let seven = py.eval(c"7", None, None)?;
    ///     assert!(seven.add(2)?.eq(9)? && seven.sub(2)?.eq(5)? && seven.mul(2)?.eq(14)?);
    ///     assert!(seven.div(2)?.eq(3.5)? && seven.floor_div(2)?.eq(3)? && seven.rem(2)?.eq(1)?);
    ///     assert!(seven.pow(2, py.None())?.eq(49)? && seven.pow(2, 5)?.eq(4)?);
    ///     assert!(seven.bitand(2)?.eq(2)? && seven.lshift(1)?.eq(14)? && seven.neg()?.eq(-7)?);
    ///     assert_eq!(seven.divmod(2)?.to_string(), "(3, 1)");
    ///     assert!(seven.add("2").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyNumber_Add`.
    fn add<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self - other`.
    ///
    /// C API: `PyNumber_Subtract`.
    fn sub<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self * other`.
    ///
    /// C API: `PyNumber_Multiply`.
    fn mul<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self @ other`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let class = c"type('M', (), {'__matmul__': lambda self, other: ('product', other)})()";
    ///     let matrix = py.eval(class, None, None)?;
    ///     assert_eq!(matrix.matmul(2)?.to_string(), "('product', 2)");
    ///     assert!(py.eval(c"2", None, None)?.matmul(2).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyNumber_MatrixMultiply`.
    fn matmul<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self / other`.
    ///
    /// C API: `PyNumber_TrueDivide`.
    fn div<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self // other`.
    ///
    /// C API: `PyNumber_FloorDivide`.
    fn floor_div<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self % other`.
    ///
    /// C API: `PyNumber_Remainder`.
    fn rem<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `divmod(self, other)`.
    ///
    /// C API: `PyNumber_Divmod`.
    fn divmod<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self << other`.
    ///
    /// C API: `PyNumber_Lshift`.
    fn lshift<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self >> other`.
    ///
    /// C API: `PyNumber_Rshift`.
    fn rshift<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `pow(self, other, modulus)`. Pass `py.None()` for no modulus.
    ///
    /// C API: `PyNumber_Power`.
    fn pow<O1, O2>(&self, other: O1, modulus: O2) -> PyResult<Bound<'py, PyAny>>
    where
        O1: IntoPyObject<'py>,
        O2: IntoPyObject<'py>;

    /// Returns `self & other`.
    ///
    /// C API: `PyNumber_And`.
    fn bitand<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self | other`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let six = py.eval(c"6", None, None)?;
    ///     assert!(six.bitor(3)?.eq(7)? && six.bitxor(3)?.eq(5)? && six.rshift(1)?.eq(3)?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyNumber_Or`.
    fn bitor<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns `self ^ other`.
    ///
    /// C API: `PyNumber_Xor`.
    fn bitxor<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Returns whether the object can be called.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.eval(c"len", None, None)?.is_callable());
    ///     assert!(!py.eval(c"5", None, None)?.is_callable());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCallable_Check`.
    fn is_callable(&self) -> bool;

    /// Calls the object: Python's `self(*args, **kwargs)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let int = py.eval(c"int", None, None)?;
    ///     let kwargs = PyDict::new(py);
    ///     kwargs.set_item("base", 16)?;
    ///     assert_eq!(int.call(("ff",), Some(&kwargs))?.extract::<i32>()?, 255);
    ///     assert_eq!(int.call1(("12",))?.extract::<i32>()?, 12);
    ///     assert_eq!(int.call0()?.extract::<i32>()?, 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_VectorcallDict`; `PyObject_Call` if the arguments are a Python tuple.
    fn call<A>(&self, args: A, kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>>
    where
        A: PyCallArgs<'py>;

    /// Calls the object without arguments: Python's `self()`.
    ///
    /// C API: `PyObject_CallNoArgs`.
    fn call0(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Calls the object with positional arguments: Python's `self(*args)`.
    ///
    /// C API: `PyObject_Vectorcall`; `PyObject_Call` if the arguments are a Python tuple.
    fn call1<A>(&self, args: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: PyCallArgs<'py>;

    /// Calls a method: Python's `self.name(*args, **kwargs)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"[2, 3, 1]", None, None)?;
    ///     let kwargs = PyDict::new(py);
    ///     kwargs.set_item("reverse", true)?;
    ///     list.call_method("sort", (), Some(&kwargs))?;
    ///     list.call_method1("append", (0,))?;
    ///     assert_eq!(list.call_method0("__repr__")?.to_string(), "[3, 2, 1, 0]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetAttr`, `PyObject_VectorcallDict`.
    fn call_method<N, A>(
        &self,
        name: N,
        args: A,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>;

    /// Calls a method without arguments: Python's `self.name()`. Where possible, CPython skips the
    /// bound method object.
    ///
    /// C API: `PyObject_VectorcallMethod`.
    fn call_method0<N>(&self, name: N) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Calls a method with positional arguments: Python's `self.name(*args)`. Where possible,
    /// CPython skips the bound method object.
    ///
    /// C API: `PyObject_VectorcallMethod`.
    fn call_method1<N, A>(&self, name: N, args: A) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>;

    /// Returns `bool(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.eval(c"'text'", None, None)?.is_truthy()?);
    ///     assert!(!py.eval(c"''", None, None)?.is_truthy()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_IsTrue`.
    fn is_truthy(&self) -> PyResult<bool>;

    /// Returns whether the object is `None`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.eval(c"None", None, None)?.is_none());
    ///     assert!(!py.eval(c"0", None, None)?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_IsNone`.
    fn is_none(&self) -> bool;

    /// Returns whether the length is 0.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.eval(c"()", None, None)?.is_empty()?);
    ///     assert!(py.eval(c"5", None, None)?.is_empty().is_err(), "it has no length");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Size`.
    fn is_empty(&self) -> PyResult<bool>;

    /// Returns `self[key]`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let ages = py.eval(c"{'Ada': 36}", None, None)?;
    ///     assert_eq!(ages.get_item("Ada")?.extract::<i32>()?, 36);
    ///     ages.set_item("Alan", 41)?;
    ///     ages.del_item("Ada")?;
    ///     assert!(ages.contains("Alan")? && !ages.contains("Ada")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetItem`.
    fn get_item<K>(&self, key: K) -> PyResult<Bound<'py, PyAny>>
    where
        K: IntoPyObject<'py>;

    /// Sets `self[key] = value`.
    ///
    /// C API: `PyObject_SetItem`.
    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;

    /// Deletes `self[key]`.
    ///
    /// C API: `PyObject_DelItem`.
    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>;

    /// Returns an iterator over the object: Python's `iter(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let mut sum = 0;
    ///     for number in py.eval(c"range(4)", None, None)?.try_iter()? {
    ///         sum += number?.extract::<i32>()?;
    ///     }
    ///     assert_eq!(sum, 6);
    ///     assert!(py.eval(c"4", None, None)?.try_iter().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetIter`.
    fn try_iter(&self) -> PyResult<Bound<'py, PyIterator>>;

    /// Returns the class of the object: Python's `type(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'text'", None, None)?;
    ///     assert_eq!(text.get_type().name()?, "str");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_TYPE`.
    fn get_type(&self) -> Bound<'py, PyType>;

    /// Returns the address of the object's class, borrowed from the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'text'", None, None)?;
    ///     assert_eq!(text.get_type_ptr(), text.get_type().as_type_ptr());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_TYPE`.
    fn get_type_ptr(&self) -> *mut ffi::PyTypeObject;

    /// Converts the object to a Rust type, which may borrow from it.
    ///
    /// # Errors
    /// The error type of the conversion, if the object has no value of that type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'text'", None, None)?;
    ///     assert_eq!(text.extract::<String>()?, "text");
    ///     assert!(text.extract::<i32>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn extract<'a, T>(&'a self) -> Result<T, T::Error>
    where
        T: FromPyObject<'a, 'py>;

    /// Returns the number of references to the object. For an immortal object it is large and
    /// fixed.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"[]", None, None)?;
    ///     let before = list.get_refcnt();
    ///     let _same = list.clone();
    ///     assert_eq!(list.get_refcnt(), before + 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_REFCNT`.
    fn get_refcnt(&self) -> isize;

    /// Returns `repr(self)`.
    ///
    /// C API: `PyObject_Repr`.
    fn repr(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns `str(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = "it's".into_pyobject(py)?.into_any();
    ///     assert_eq!(text.str()?.to_str()?, "it's");
    ///     assert_eq!(text.repr()?.to_str()?, "\"it's\"");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Str`.
    fn str(&self) -> PyResult<Bound<'py, PyString>>;

    /// Returns `hash(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let (int, float) = (py.eval(c"2", None, None)?, py.eval(c"2.0", None, None)?);
    ///     assert_eq!(int.hash()?, float.hash()?);
    ///     assert!(py.eval(c"[]", None, None)?.hash().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Hash`.
    fn hash(&self) -> PyResult<isize>;

    /// Returns `len(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(py.eval(c"{'a': 1}", None, None)?.len()?, 1);
    ///     assert!(py.eval(c"5", None, None)?.len().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Size`.
    fn len(&self) -> PyResult<usize>;

    /// Returns the names of the object's attributes: Python's `dir(self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.eval(c"'text'", None, None)?.dir()?.contains("upper")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Dir`.
    fn dir(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns `isinstance(self, ty)`, where `ty` is a class, a union, or a tuple of these.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyBool, PyInt};
    ///
    /// Python::attach(|py| {
    ///     let flag = py.eval(c"True", None, None)?;
    ///     assert!(flag.is_instance(&py.eval(c"(str, int)", None, None)?)?);
    ///     assert!(flag.is_instance_of::<PyInt>() && !flag.is_exact_instance_of::<PyInt>());
    ///     assert!(flag.is_exact_instance(&py.get_type::<PyBool>()));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_IsInstance`.
    fn is_instance(&self, ty: &Bound<'py, PyAny>) -> PyResult<bool>;

    /// Returns whether the class of the object is exactly `ty`: Python's `type(self) is ty`.
    ///
    /// C API: `Py_IS_TYPE`.
    fn is_exact_instance(&self, ty: &Bound<'py, PyAny>) -> bool;

    /// Returns whether the object can be [cast](Bound::cast) to `T`: is an instance of `T` or of a
    /// subtype.
    ///
    /// C API: `PyObject_TypeCheck`, or the check function of the type.
    #[track_caller]
    fn is_instance_of<T: PyTypeCheck>(&self) -> bool;

    /// Returns whether the class of the object is exactly that of `T`.
    ///
    /// C API: `Py_IS_TYPE`.
    #[track_caller]
    fn is_exact_instance_of<T: PyTypeInfo>(&self) -> bool;

    /// Returns `value in self`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'Pyatoll'", None, None)?;
    ///     assert!(text.contains("atoll")?);
    ///     assert!(text.contains(5).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Contains`.
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// Returns a view of the object through the bases of its class: Python's
    /// `super(type(self), self)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let flag = py.eval(c"True", None, None)?;
    ///     assert_eq!(flag.call_method0("__repr__")?.to_string(), "True");
    ///     assert_eq!(flag.py_super()?.call_method0("__repr__")?.to_string(), "1");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySuper_Type`.
    fn py_super(&self) -> PyResult<Bound<'py, PySuper>>;
}
