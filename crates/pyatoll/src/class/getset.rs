//! Properties: the getter, setter and deleter of each name, merged into entries of `tp_getset`.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{null, null_mut};

use pyo3_ffi as ffi;

use super::items::Deleter;

/// The properties of a class, in order of first appearance.
#[derive(Default)]
pub(super) struct Properties(Vec<(&'static CStr, Property)>);

/// The functions of one property.
#[derive(Default)]
pub(super) struct Property {
    doc: Option<&'static CStr>,
    pub(super) getter: Option<ffi::getter>,
    pub(super) setter: Option<ffi::setter>,
    pub(super) deleter: Option<Deleter>,
}

/// The closure of a property with a deleter, for which CPython has no slot of its own.
pub(super) struct Accessor {
    getter: Option<ffi::getter>,
    setter: Option<ffi::setter>,
    deleter: Deleter,
}

impl Properties {
    /// Returns the property `name`, adding it if necessary. The first `doc` is kept.
    pub(super) fn entry(
        &mut self,
        name: &'static CStr,
        doc: Option<&'static CStr>,
    ) -> &mut Property {
        let index = match self.0.iter().position(|(known, _)| *known == name) {
            Some(index) => index,
            None => {
                self.0.push((name, Property::default()));
                self.0.len() - 1
            }
        };
        let property = &mut self.0[index].1;
        property.doc = property.doc.or(doc);
        property
    }

    /// Returns whether the property `name` exists and can be read.
    pub(super) fn has_getter(&self, name: &CStr) -> bool {
        self.0
            .iter()
            .any(|(known, property)| *known == name && property.getter.is_some())
    }

    /// Returns the entries of `tp_getset`, and the accessors that their closures point to.
    #[expect(clippy::vec_box, reason = "entries point to the accessors")]
    pub(super) fn into_entries(self) -> (Vec<ffi::PyGetSetDef>, Vec<Box<Accessor>>) {
        let mut accessors = Vec::new();
        let entries = self
            .0
            .into_iter()
            .map(|(name, property)| property.into_entry(name, &mut accessors))
            .collect();
        (entries, accessors)
    }
}

impl Property {
    #[expect(clippy::vec_box, reason = "entries point to the accessors")]
    fn into_entry(
        self,
        name: &'static CStr,
        accessors: &mut Vec<Box<Accessor>>,
    ) -> ffi::PyGetSetDef {
        let (get, set, closure) = match self.deleter {
            None => (self.getter, self.setter, null_mut()),
            Some(deleter) => {
                let accessor = Box::new(Accessor {
                    getter: self.getter,
                    setter: self.setter,
                    deleter,
                });
                let closure = (&raw const *accessor).cast_mut().cast();
                accessors.push(accessor);
                // Getters expect a null closure.
                let get = self.getter.map(|_| get_of_accessor as ffi::getter);
                (get, Some(set_or_delete as ffi::setter), closure)
            }
        };
        ffi::PyGetSetDef {
            name: name.as_ptr(),
            get,
            set,
            doc: self.doc.map_or(null(), CStr::as_ptr),
            closure,
        }
    }
}

unsafe extern "C" fn get_of_accessor(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, for an entry of `into_entry`: `closure` is its
    // `Accessor`, which has a getter.
    unsafe {
        match (*closure.cast::<Accessor>()).getter {
            Some(getter) => getter(object, null_mut()),
            None => null_mut(),
        }
    }
}

unsafe extern "C" fn set_or_delete(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    closure: *mut c_void,
) -> c_int {
    // SAFETY: called by CPython, attached, for an entry of `into_entry`: `closure` is its
    // `Accessor`.
    unsafe {
        let accessor = &*closure.cast::<Accessor>();
        if value.is_null() {
            return (accessor.deleter)(object, null_mut());
        }
        if let Some(setter) = accessor.setter {
            return setter(object, value, null_mut());
        }
        ffi::PyErr_SetString(
            ffi::PyExc_AttributeError,
            c"property has no setter".as_ptr(),
        );
        -1
    }
}
