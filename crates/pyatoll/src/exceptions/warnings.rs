//! The warning categories, for [`PyErr::warn`](crate::PyErr::warn).

native_exceptions! {
    PyBytesWarning = "BytesWarning", PyExc_BytesWarning;
    PyDeprecationWarning = "DeprecationWarning", PyExc_DeprecationWarning;
    PyEncodingWarning = "EncodingWarning", PyExc_EncodingWarning;
    PyFutureWarning = "FutureWarning", PyExc_FutureWarning;
    PyImportWarning = "ImportWarning", PyExc_ImportWarning;
    PyPendingDeprecationWarning = "PendingDeprecationWarning", PyExc_PendingDeprecationWarning;
    PyResourceWarning = "ResourceWarning", PyExc_ResourceWarning;
    PyRuntimeWarning = "RuntimeWarning", PyExc_RuntimeWarning;
    PySyntaxWarning = "SyntaxWarning", PyExc_SyntaxWarning;
    PyUnicodeWarning = "UnicodeWarning", PyExc_UnicodeWarning;
    PyUserWarning = "UserWarning", PyExc_UserWarning;
    PyWarning = "Warning", PyExc_Warning;
}
