//! The exception classes of Python's `socket`, imported at first use.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::exceptions::{PyOSError, socket::gaierror};
//!
//! let error = gaierror::new_err("no such host");
//! Python::attach(|py| assert!(error.is_instance_of::<PyOSError>(py)));
//! ```

import_exception!(socket, gaierror);
import_exception!(socket, herror);
import_exception!(socket, timeout);
