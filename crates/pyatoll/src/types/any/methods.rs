//! [`PyAnyMethods`]: what can be done with every Python object.

use std::cmp::Ordering;

use pyo3_ffi as ffi;

use super::{CompareOp, PyAny};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::PyResult;
use crate::object::{Bound, Py, PyTypeCheck, PyTypeInfo};
use crate::types::call_args::PyCallArgs;
use crate::types::sealed::Sealed;
use crate::types::{PyDict, PyIterator, PyList, PyString, PySuper, PyType};

/// What can be done with every Python object: attributes, calls, operators, comparison, items,
/// iteration, and questions about its type.
///
/// Names of attributes and methods are anything that converts to a `str`: a `&str`, which makes a
/// new `str` each time, or [`intern!`](crate::intern), which makes it once in each interpreter.
///
/// Unless said otherwise, errors are what Python raises, and what the conversion of an argument
/// returns.
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
    /// Whether both are the same object: Python's `self is other`.
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
    fn is<T: AsRef<Py<PyAny>>>(&self, other: T) -> bool;

    /// Whether the object has the attribute. An `AttributeError` is a no, every other exception
    /// an error.
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

    /// The attribute's value: Python's `self.attr_name`.
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

    /// The attribute's value, or `None` if there is no such attribute. Cheaper than
    /// [`getattr`](PyAnyMethods::getattr) then, as no `AttributeError` is made.
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

    /// Compares by Python's `==`, `<` and `>`, in this order.
    ///
    /// # Errors
    /// Also a `TypeError` if none of the three holds, as for sets that do not contain each other,
    /// or a NaN.
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
    fn compare<O>(&self, other: O) -> PyResult<Ordering>
    where
        O: IntoPyObject<'py>;

    /// The result of a comparison as Python gives it, which need not be a `bool`.
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

    /// Python's `-self`. Source: `PyNumber_Negative`.
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
    fn neg(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Python's `+self`. Source: `PyNumber_Positive`.
    fn pos(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Python's `abs(self)`. Source: `PyNumber_Absolute`.
    fn abs(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Python's `~self`. Source: `PyNumber_Invert`.
    fn bitnot(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Whether `self < other`. Source: `PyObject_RichCompare`, as for the next five.
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
    fn lt<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Whether `self <= other`.
    fn le<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Whether `self == other`. The same object need not be equal to itself: NaN is not.
    fn eq<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Whether `self != other`.
    fn ne<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Whether `self > other`.
    fn gt<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Whether `self >= other`.
    fn ge<O>(&self, other: O) -> PyResult<bool>
    where
        O: IntoPyObject<'py>;

    /// Python's `self + other`. Source: `PyNumber_Add`.
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
    fn add<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self - other`. Source: `PyNumber_Subtract`.
    fn sub<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self * other`. Source: `PyNumber_Multiply`.
    fn mul<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self @ other`. Source: `PyNumber_MatrixMultiply`.
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
    fn matmul<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self / other`. Source: `PyNumber_TrueDivide`.
    fn div<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self // other`. Source: `PyNumber_FloorDivide`.
    fn floor_div<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self % other`. Source: `PyNumber_Remainder`.
    fn rem<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `divmod(self, other)`. Source: `PyNumber_Divmod`.
    fn divmod<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self << other`. Source: `PyNumber_Lshift`.
    fn lshift<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self >> other`. Source: `PyNumber_Rshift`.
    fn rshift<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `pow(self, other, modulus)`; `py.None()` for no modulus. Source: `PyNumber_Power`.
    fn pow<O1, O2>(&self, other: O1, modulus: O2) -> PyResult<Bound<'py, PyAny>>
    where
        O1: IntoPyObject<'py>,
        O2: IntoPyObject<'py>;

    /// Python's `self & other`. Source: `PyNumber_And`.
    fn bitand<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self | other`. Source: `PyNumber_Or`.
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
    fn bitor<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Python's `self ^ other`. Source: `PyNumber_Xor`.
    fn bitxor<O>(&self, other: O) -> PyResult<Bound<'py, PyAny>>
    where
        O: IntoPyObject<'py>;

    /// Whether the object can be called. Source: `PyCallable_Check`.
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
    fn is_callable(&self) -> bool;

    /// Calls it: Python's `self(*args, **kwargs)`.
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

    /// Calls it without arguments: Python's `self()`. Source: `PyObject_CallNoArgs`.
    fn call0(&self) -> PyResult<Bound<'py, PyAny>>;

    /// Calls it with positional arguments: Python's `self(*args)`.
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
    fn call_method<N, A>(
        &self,
        name: N,
        args: A,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>;

    /// Calls a method without arguments: Python's `self.name()`. No method object is made where
    /// Python can do without. Source: `PyObject_VectorcallMethod`.
    fn call_method0<N>(&self, name: N) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>;

    /// Calls a method with positional arguments: Python's `self.name(*args)`. No method object is
    /// made where Python can do without. Source: `PyObject_VectorcallMethod`.
    fn call_method1<N, A>(&self, name: N, args: A) -> PyResult<Bound<'py, PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>;

    /// Python's `bool(self)`. Source: `PyObject_IsTrue`.
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
    fn is_truthy(&self) -> PyResult<bool>;

    /// Whether it is `None`.
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
    fn is_none(&self) -> bool;

    /// Whether its length is 0. Source: `PyObject_Size`.
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
    fn is_empty(&self) -> PyResult<bool>;

    /// Python's `self[key]`.
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

    /// Python's `self[key] = value`. Source: `PyObject_SetItem`.
    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;

    /// Python's `del self[key]`. Source: `PyObject_DelItem`.
    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>;

    /// An iterator over it: Python's `iter(self)`.
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

    /// Its class: Python's `type(self)`.
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
    fn get_type(&self) -> Bound<'py, PyType>;

    /// Its class's address, borrowed from the object.
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
    fn get_type_ptr(&self) -> *mut ffi::PyTypeObject;

    /// Converts to a Rust type, which may borrow from the object.
    ///
    /// # Errors
    /// The conversion's own, if the object has no such value.
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

    /// The number of references to the object. An immortal object has a large, fixed one.
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
    fn get_refcnt(&self) -> isize;

    /// Python's `repr(self)`. Source: `PyObject_Repr`.
    fn repr(&self) -> PyResult<Bound<'py, PyString>>;

    /// Python's `str(self)`. Source: `PyObject_Str`.
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
    fn str(&self) -> PyResult<Bound<'py, PyString>>;

    /// Python's `hash(self)`. Source: `PyObject_Hash`.
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
    fn hash(&self) -> PyResult<isize>;

    /// Python's `len(self)`. Source: `PyObject_Size`.
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
    fn len(&self) -> PyResult<usize>;

    /// The names of its attributes: Python's `dir(self)`. Source: `PyObject_Dir`.
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
    fn dir(&self) -> PyResult<Bound<'py, PyList>>;

    /// Python's `isinstance(self, ty)`, where `ty` may be a class, a union, or a tuple of them.
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

    /// Whether its class is `ty` itself: Python's `type(self) is ty`.
    fn is_exact_instance(&self, ty: &Bound<'py, PyAny>) -> bool;

    /// Whether it could be [cast](Bound::cast) to `T`: an instance of `T` or of a subtype.
    fn is_instance_of<T: PyTypeCheck>(&self) -> bool;

    /// Whether its class is `T`'s itself.
    fn is_exact_instance_of<T: PyTypeInfo>(&self) -> bool;

    /// Python's `value in self`. Source: `PySequence_Contains`.
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
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// The methods of its class's bases: Python's `super(type(self), self)`.
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
    fn py_super(&self) -> PyResult<Bound<'py, PySuper>>;
}
