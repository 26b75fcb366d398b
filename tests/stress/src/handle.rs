//! [`Tracked`]: a handle to a counted object, which the model knows of.

use std::sync::Arc;

use pyatoll::prelude::*;

use crate::failure;
use crate::life::Model;
use crate::module::Counted;

/// A `Py<Counted>`, and what must be true of it. It may be dropped anywhere.
pub struct Tracked {
    /// `None` while it is being dropped.
    object: Option<Py<Counted>>,
    pub model: Arc<Model>,
}

impl Tracked {
    /// A handle to an object at hand.
    pub fn of(object: &Bound<'_, Counted>) -> Self {
        Self::new(object.clone().unbind(), object.get().model.clone())
    }

    fn new(object: Py<Counted>, model: Arc<Model>) -> Self {
        let _change = model.life.urgent_change();
        model.add_handle();
        Self {
            object: Some(object),
            model,
        }
    }

    pub fn object(&self) -> &Py<Counted> {
        self.object.as_ref().expect("there until it is dropped")
    }

    /// Another one. The thread must be in the object's interpreter.
    pub fn again(&self, py: Python<'_>) -> Self {
        Self::new(self.object().clone_ref(py), self.model.clone())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let _change = self.model.life.urgent_change();
        if !self.model.is_alive() {
            failure::note(format!("{} died before its handle", self.model));
        }
        self.model.remove_handle();
        self.object = None;
    }
}
