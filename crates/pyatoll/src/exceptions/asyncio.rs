//! The exception classes of Python's `asyncio`, imported at first use.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::exceptions::asyncio::CancelledError;
//!
//! let error = CancelledError::new_err(());
//! Python::attach(|py| assert!(error.is_instance_of::<CancelledError>(py)));
//! ```

import_exception!(asyncio, CancelledError);
import_exception!(asyncio, IncompleteReadError);
import_exception!(asyncio, InvalidStateError);
import_exception!(asyncio, LimitOverrunError);
import_exception!(asyncio, QueueEmpty);
import_exception!(asyncio, QueueFull);
import_exception!(asyncio, TimeoutError);
