//! The exception classes of Python's `asyncio`, imported on first use.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::exceptions::{PyEOFError, PyException, asyncio};
//!
//! Python::attach(|py| {
//!     let error = asyncio::CancelledError::new_err(());
//!     assert!(error.is_instance_of::<asyncio::CancelledError>(py));
//!     assert!(!error.is_instance_of::<PyException>(py), "`except Exception` lets it pass");
//!     let error = asyncio::IncompleteReadError::new_err((b"start", 9));
//!     assert!(error.is_instance_of::<PyEOFError>(py));
//!     let error = asyncio::LimitOverrunError::new_err(("no line end", 9));
//!     assert_eq!(error.to_string(), "LimitOverrunError: no line end");
//!     let error = asyncio::InvalidStateError::new_err("not done");
//!     assert_eq!(error.to_string(), "InvalidStateError: not done");
//!     let queue = py.import("asyncio")?.call_method1("Queue", (1,))?;
//!     let error = queue.call_method0("get_nowait").unwrap_err();
//!     assert!(error.is_instance_of::<asyncio::QueueEmpty>(py));
//!     queue.call_method1("put_nowait", ("item",))?;
//!     let error = queue.call_method1("put_nowait", ("item",)).unwrap_err();
//!     assert!(error.is_instance_of::<asyncio::QueueFull>(py));
//!     let error = asyncio::TimeoutError::new_err("too late");
//!     assert_eq!(error.to_string(), "TimeoutError: too late");
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

import_exception!(asyncio, CancelledError);
import_exception!(asyncio, IncompleteReadError);
import_exception!(asyncio, InvalidStateError);
import_exception!(asyncio, LimitOverrunError);
import_exception!(asyncio, QueueEmpty);
import_exception!(asyncio, QueueFull);
import_exception!(asyncio, TimeoutError);
