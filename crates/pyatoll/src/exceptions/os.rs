//! `OSError` and its subclasses.

native_exceptions! {
    PyOSError = "OSError", PyExc_OSError;
    PyBlockingIOError = "BlockingIOError", PyExc_BlockingIOError;
    PyBrokenPipeError = "BrokenPipeError", PyExc_BrokenPipeError;
    PyChildProcessError = "ChildProcessError", PyExc_ChildProcessError;
    PyConnectionAbortedError = "ConnectionAbortedError", PyExc_ConnectionAbortedError;
    PyConnectionError = "ConnectionError", PyExc_ConnectionError;
    PyConnectionRefusedError = "ConnectionRefusedError", PyExc_ConnectionRefusedError;
    PyConnectionResetError = "ConnectionResetError", PyExc_ConnectionResetError;
    PyFileExistsError = "FileExistsError", PyExc_FileExistsError;
    PyFileNotFoundError = "FileNotFoundError", PyExc_FileNotFoundError;
    PyInterruptedError = "InterruptedError", PyExc_InterruptedError;
    PyIsADirectoryError = "IsADirectoryError", PyExc_IsADirectoryError;
    PyNotADirectoryError = "NotADirectoryError", PyExc_NotADirectoryError;
    PyPermissionError = "PermissionError", PyExc_PermissionError;
    PyProcessLookupError = "ProcessLookupError", PyExc_ProcessLookupError;
    PyTimeoutError = "TimeoutError", PyExc_TimeoutError;
}

/// Python's `EnvironmentError`: an alias of `OSError`.
pub type PyEnvironmentError = PyOSError;

/// Python's `IOError`: an alias of `OSError`.
pub type PyIOError = PyOSError;

/// Python's `WindowsError`: an alias of `OSError`.
#[cfg(windows)]
pub type PyWindowsError = PyOSError;
