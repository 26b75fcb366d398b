//! The exception classes of Python's `socket`, imported on first use.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::exceptions::{PyOSError, PyTimeoutError, socket};
//!
//! Python::attach(|py| {
//!     let errors = [
//!         socket::gaierror::new_err("no such host"),
//!         socket::herror::new_err("no such host"),
//!         socket::timeout::new_err("too late"),
//!     ];
//!     assert!(errors.iter().all(|error| error.is_instance_of::<PyOSError>(py)));
//!     assert!(errors[2].is_instance_of::<PyTimeoutError>(py));
//! });
//! ```

import_exception!(socket, gaierror);
import_exception!(socket, herror);
import_exception!(socket, timeout);
