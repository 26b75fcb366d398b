//! What makes a submodule importable: its name, and its entry in `sys.modules`.
//!
//! `import outer.inner` imports `outer` and then looks for `outer.inner` in `sys.modules`. So a
//! submodule is entered there as soon as it belongs to a module that is itself there, under the
//! name that its functions and classes have as their `__module__`: `pickle` finds them by it.
//!
//! A submodule that already has a place of its own keeps it: one that can be imported by its name,
//! and one whose name does not follow from its parent's.

use pyo3_ffi as ffi;

use super::pymodule::{PyModule, PyModuleMethods};
use crate::call::token::is_module_of_this_binary;
use crate::class::type_object::rename_module;
use crate::error::PyResult;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::panic;
use crate::types::{
    PyAny, PyAnyMethods, PyCFunction, PyDict, PyDictMethods, PyStringMethods, PyType,
};

/// Returns the name to create a submodule of `parent` with: `declared`, below the name by which
/// `parent` was imported.
pub(super) fn name_in(parent: &Bound<'_, PyModule>, declared: &str) -> String {
    let Some(outer) = name_of(parent) else {
        return declared.to_owned();
    };
    let full = full_name(parent.py(), &outer, last_component(declared));
    if follows_from(declared, &full) {
        full
    } else {
        declared.to_owned()
    }
}

/// Gives a submodule that was added to `parent` the name that it can be imported by, and enters it
/// into `sys.modules` if `parent` is there.
pub(super) fn adopt(parent: &Bound<'_, PyModule>, module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let (Some(outer), Some(name)) = (name_of(parent), name_of(module)) else {
        return Ok(());
    };
    let last = last_component(&name);
    let full = full_name(py, &outer, last);
    if name != full {
        // SAFETY: attached (`py`); the module is alive.
        let is_ours = unsafe { is_module_of_this_binary(module.as_ptr()) };
        if !is_ours || !follows_from(&name, &full) || is_entered(module, &name) {
            return Ok(());
        }
        rename(module, &name, &full)?;
    }
    if is_entered(parent, &outer) {
        enter(module, &outer, &full)?;
    }
    Ok(())
}

/// Removes the submodules of a module whose initialization failed from `sys.modules`.
pub(super) fn withdraw(module: &Bound<'_, PyModule>) {
    let Some(outer) = name_of(module) else {
        return;
    };
    let modules = modules(module.py());
    for (name, submodule) in submodules(module, &outer) {
        withdraw(&submodule);
        for name in [&name, &entry_name(&outer, &name)] {
            if is_entered(&submodule, name) && modules.del_item(name).is_err() {
                // Another thread removed it first.
                continue;
            }
        }
    }
}

/// Makes the class of panics importable from a module that is being imported.
pub(super) fn enter_runtime(module: &Bound<'_, PyModule>) -> PyResult<()> {
    match name_of(module) {
        Some(name) if is_entered(module, &name) => panic::runtime::enter(module.py(), &name),
        _ => Ok(()),
    }
}

/// Enters a submodule of `outer` into `sys.modules`, and those that were added to it before.
fn enter(module: &Bound<'_, PyModule>, outer: &str, full: &str) -> PyResult<()> {
    let modules = modules(module.py());
    modules.set_item(full, module)?;
    modules.set_item(entry_name(outer, full), module)?;
    for (name, submodule) in submodules(module, full) {
        enter(&submodule, full, &name)?;
    }
    Ok(())
}

/// Renames a module and its submodules, and changes the `__module__` of its functions and classes.
fn rename(module: &Bound<'_, PyModule>, old: &str, new: &str) -> PyResult<()> {
    let py = module.py();
    for (name, submodule) in submodules(module, old) {
        rename(
            &submodule,
            &name,
            &format!("{new}.{}", last_component(&name)),
        )?;
    }
    module.setattr(intern!(py, "__name__"), new)?;
    for value in module.dict().values() {
        if let Ok(class) = value.cast::<PyType>() {
            rename_module(class, old, new)?;
        } else if value.is_instance_of::<PyCFunction>() {
            let attribute = intern!(py, "__module__");
            if value.getattr(attribute)?.eq(old)? {
                value.setattr(attribute, new)?;
            }
        }
    }
    Ok(())
}

/// Returns the submodules of a module with the name `outer`, and their names.
fn submodules<'py>(
    module: &Bound<'py, PyModule>,
    outer: &str,
) -> Vec<(String, Bound<'py, PyModule>)> {
    let belongs = |name: &str, key: &Bound<'py, PyAny>| {
        let Some((package, last)) = name.rsplit_once('.') else {
            return false;
        };
        (package == outer || Some(package) == wrapper(outer)) && key.eq(last).unwrap_or(false)
    };
    let items = module.dict().items().into_iter();
    items
        .filter_map(|item| {
            let (key, value) = item
                .extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()
                .ok()?;
            let submodule = value.cast_into::<PyModule>().ok()?;
            let name = name_of(&submodule)?;
            // A package and the module that it wraps may refer to each other.
            let is_other = !submodule.is(module);
            (is_other && belongs(&name, &key)).then_some((name, submodule))
        })
        .collect()
}

/// Returns the name of a submodule of `outer`.
///
/// A package often consists of nothing but a module of the same name: `name/__init__.py` has
/// `from .name import *`. What is in it is then known, and importable, as `name.item`; so is a
/// submodule, unless the package has another one of that name.
fn full_name(py: Python<'_>, outer: &str, last: &str) -> String {
    if let Some(package) = wrapper(outer) {
        let name = format!("{package}.{last}");
        if is_free(py, package, &name) {
            return name;
        }
    }
    format!("{outer}.{last}")
}

/// Returns the name of the entry that `import outer.name` looks for.
fn entry_name(outer: &str, name: &str) -> String {
    format!("{outer}.{}", last_component(name))
}

/// Returns the package of a module that has the name of its package.
fn wrapper(name: &str) -> Option<&str> {
    let (package, last) = name.rsplit_once('.')?;
    (last_component(package) == last).then_some(package)
}

/// Returns whether nothing else is imported as `name`, or would be.
fn is_free(py: Python<'_>, package: &str, name: &str) -> bool {
    let modules = modules(py);
    match modules.get_item(name) {
        // Of an earlier import.
        // SAFETY: attached (`py`); the module is alive.
        Ok(Some(known)) => unsafe { is_module_of_this_binary(known.as_ptr()) },
        Ok(None) if modules.contains(package).unwrap_or(false) => {
            let found = py
                .import("importlib.util")
                .and_then(|util| util.call_method1("find_spec", (name,)));
            found.is_ok_and(|found| found.is_none())
        }
        _ => false,
    }
}

/// Returns whether a module is in `sys.modules` under `name`.
fn is_entered(module: &Bound<'_, PyModule>, name: &str) -> bool {
    let known = modules(module.py()).get_item(name);
    known.is_ok_and(|known| known.is_some_and(|known| known.is(module)))
}

/// Returns whether `full` is `name` with packages in front.
fn follows_from(name: &str, full: &str) -> bool {
    let packages = full.strip_suffix(name);
    packages.is_some_and(|packages| packages.is_empty() || packages.ends_with('.'))
}

fn last_component(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Returns the `__name__` of a module; `None` if it has none.
fn name_of(module: &Bound<'_, PyModule>) -> Option<String> {
    Some(module.name().ok()?.to_string_lossy().into_owned())
}

/// Returns `sys.modules`.
fn modules(py: Python<'_>) -> Bound<'_, PyDict> {
    // SAFETY: attached (`py`); the interpreter keeps the dict alive.
    unsafe { Bound::from_borrowed_ptr(py, ffi::PyImport_GetModuleDict()).cast_into_unchecked() }
}

#[cfg(test)]
mod tests {
    use super::{follows_from, wrapper};

    #[test]
    fn a_package_around_a_module_of_its_name_is_a_wrapper() {
        assert_eq!(wrapper("name.name"), Some("name"));
        assert_eq!(wrapper("outer.name.name"), Some("outer.name"));
        assert_eq!(wrapper("name"), None);
        assert_eq!(wrapper("name._name"), None);
        assert_eq!(wrapper("another_name.name"), None);
    }

    #[test]
    fn a_name_follows_from_whole_components() {
        assert!(follows_from("inner", "outer.inner"));
        assert!(follows_from("outer.inner", "outer.inner"));
        assert!(follows_from("outer.inner", "package.outer.inner"));
        assert!(!follows_from("ner", "outer.inner"));
        assert!(!follows_from("package.inner", "package.outer.inner"));
    }
}
