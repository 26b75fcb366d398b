//! Compile-time checks of a class with `shareable`.
//!
//! The macro reads the constants of [`Sharing`], with the traits below in scope: an inherent
//! constant takes precedence if its `impl` applies.

use std::marker::PhantomData;

use crate::error::PyErr;
use crate::object::Py;
use crate::sync::PyArc;

/// The properties of a class, or of a type in one of its fields.
pub struct Sharing<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + Send> Sharing<T> {
    /// Whether the type is `Send`.
    pub const IS_SEND: bool = true;
}

impl<T: ?Sized + Sync> Sharing<T> {
    /// Whether the type is `Sync`.
    pub const IS_SYNC: bool = true;
}

impl<T> Sharing<Py<T>> {
    /// Whether the type is a handle to an object, which belongs to one interpreter.
    pub const IS_OF_ONE_INTERPRETER: bool = true;
}

impl<T> Sharing<PyArc<T>> {
    /// Whether the type is a handle to an object, which belongs to one interpreter.
    pub const IS_OF_ONE_INTERPRETER: bool = true;
}

impl Sharing<PyErr> {
    /// Whether the type is a handle to an object, which belongs to one interpreter.
    pub const IS_OF_ONE_INTERPRETER: bool = true;
}

/// Any other type is not `Send`.
pub trait NotSend {
    /// Whether the type is `Send`.
    const IS_SEND: bool = false;
}

/// Any other type is not `Sync`.
pub trait NotSync {
    /// Whether the type is `Sync`.
    const IS_SYNC: bool = false;
}

/// Any other type is not a handle.
pub trait NotOfOneInterpreter {
    /// Whether the type is a handle to an object, which belongs to one interpreter.
    const IS_OF_ONE_INTERPRETER: bool = false;
}

impl<T: ?Sized> NotSend for Sharing<T> {}
impl<T: ?Sized> NotSync for Sharing<T> {}
impl<T: ?Sized> NotOfOneInterpreter for Sharing<T> {}

/// Checks that the value may be dropped by any thread.
///
/// # Panics
/// If it is not `Send`.
#[track_caller]
pub const fn require_send(is_send: bool) {
    assert!(
        is_send,
        "the value of a `shareable` class must be `Send`, since any thread may drop it: use `Arc` \
         instead of `Rc`, and no raw pointers"
    );
}

/// Checks that the value may be used by several threads at once.
///
/// # Panics
/// If it is not `Sync`.
#[track_caller]
pub const fn require_sync(is_sync: bool) {
    assert!(
        is_sync,
        "the value of a `shareable` class must be `Sync`, since several interpreters use it at the \
         same time: use a `Mutex`, an `RwLock` or an atomic instead of a `Cell` or a `RefCell`"
    );
}

/// Checks that a field holds no Python object.
///
/// # Panics
/// If it does.
#[track_caller]
pub const fn require_no_object(is_of_one_interpreter: bool) {
    assert!(
        !is_of_one_interpreter,
        "the value of a `shareable` class may not hold a Python object, which belongs to one \
         interpreter: hold the Rust value instead, a `Shared<T>` of another shareable class, or an \
         `InterpreterLocal` with an object for each interpreter"
    );
}
