//! [`Tracked`]: a handle to a counted object that is recorded in the model; for every second object,
//! also a buffer of it.

use std::sync::Arc;

use pyatoll::buffer::PyBuffer;
use pyatoll::prelude::*;

use crate::failure;
use crate::model::ObjectModel;
use crate::module::Counted;

/// A `Py<Counted>` with the model of its object. It may be dropped anywhere.
pub struct Tracked {
    /// `None` while it is being dropped.
    object: Option<Py<Counted>>,
    /// The object's value. A second reference.
    buffer: Option<PyBuffer<u8>>,
    pub model: Arc<ObjectModel>,
}

impl Tracked {
    /// Creates a handle to an object.
    pub fn of(object: &Bound<'_, Counted>) -> Self {
        let model = object.get().model.clone();
        let _change = model.interpreter.urgent_change();
        let mut buffer = None;
        if model.value.is_multiple_of(2) {
            match PyBuffer::get(object) {
                Ok(acquired) => buffer = Some(acquired),
                Err(error) => failure::record(format!("no buffer of {model}: {error}")),
            }
        }
        model.add_handle();
        if buffer.is_some() {
            model.add_handle();
        }
        Self {
            object: Some(object.clone().unbind()),
            buffer,
            model,
        }
    }

    pub fn object(&self) -> &Py<Counted> {
        self.object.as_ref().expect("set until dropped")
    }

    /// Returns a copy of the buffer, if there is one.
    pub fn bytes(&self, py: Python<'_>) -> PyResult<Option<Vec<u8>>> {
        self.buffer
            .as_ref()
            .map(|buffer| buffer.to_vec(py))
            .transpose()
    }

    /// Creates another handle. The thread must be attached to the object's interpreter.
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        Self::of(self.object().bind(py))
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let _change = self.model.interpreter.urgent_change();
        if !self.model.is_alive() {
            failure::record(format!("{} died before its handle", self.model));
        }
        self.model.remove_handle();
        if let Some(buffer) = self.buffer.take() {
            let bytes = buffer.as_slice_ptr();
            // SAFETY: the bytes of a value that does not change, in an object that stays.
            let bytes = bytes.map(|bytes| unsafe { bytes.as_ref() });
            if bytes != Some(&self.model.value.to_ne_bytes()) {
                failure::record(format!("{} has a buffer of {bytes:?}", self.model));
            }
            self.model.remove_handle();
        }
        self.object = None;
    }
}
