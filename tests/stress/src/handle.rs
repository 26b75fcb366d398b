//! [`Tracked`]: a handle to a counted object that is recorded in the model.

use std::sync::Arc;

use pyatoll::prelude::*;

use crate::failure;
use crate::model::ObjectModel;
use crate::module::Counted;

/// A `Py<Counted>` with the model of its object. It may be dropped anywhere.
pub struct Tracked {
    /// `None` while it is being dropped.
    object: Option<Py<Counted>>,
    pub model: Arc<ObjectModel>,
}

impl Tracked {
    /// Creates a handle to an object.
    pub fn of(object: &Bound<'_, Counted>) -> Self {
        Self::new(object.clone().unbind(), object.get().model.clone())
    }

    fn new(object: Py<Counted>, model: Arc<ObjectModel>) -> Self {
        let _change = model.interpreter.urgent_change();
        model.add_handle();
        Self {
            object: Some(object),
            model,
        }
    }

    pub fn object(&self) -> &Py<Counted> {
        self.object.as_ref().expect("set until dropped")
    }

    /// Creates another handle. The thread must be attached to the object's interpreter.
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        Self::new(self.object().clone_ref(py), self.model.clone())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let _change = self.model.interpreter.urgent_change();
        if !self.model.is_alive() {
            failure::record(format!("{} died before its handle", self.model));
        }
        self.model.remove_handle();
        self.object = None;
    }
}
