//! Misuse that must not compile, with the compiler's messages: `TRYBUILD=overwrite` updates them.
//!
//! `ui/` has code that would be unsound, and code that the macros refuse. Its folders have common
//! mistakes of users, by topic: there, the words of the messages are what is tested. A new message
//! starts with a file there. Rules about traits alone are asserted in this file.

use pyatoll::prelude::*;
use pyatoll::types::PyList;

/// Fails to compile if a type implements the trait: there are two candidates then.
macro_rules! assert_not_implemented {
    ($trait:ident: $($type:ty),* $(,)?) => {
        const _: () = {
            trait AmbiguousIf<Case> {
                const OK: () = ();
            }
            struct Implemented;
            impl<T: ?Sized> AmbiguousIf<()> for T {}
            impl<T: ?Sized + $trait> AmbiguousIf<Implemented> for T {}
            $(let () = <$type as AmbiguousIf<_>>::OK;)*
        };
    };
}

assert_not_implemented!(Send: Python<'static>, Bound<'static, PyAny>, Borrowed<'static, 'static, PyAny>);
assert_not_implemented!(Sync: Python<'static>, Bound<'static, PyList>, Borrowed<'static, 'static, PyList>);

/// Asserts that these types may be sent to and shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Py<PyAny>>();
    shared::<Py<PyList>>();
    shared::<PyErr>();
    shared::<pyatoll::interpreter::Interpreter>();
    shared::<pyatoll::interpreter::SubInterpreter>();
    shared::<pyatoll::sync::InterpreterLocal<String>>();
    shared::<pyatoll::sync::PyOnceLock<Py<PyAny>>>();
};

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.compile_fail("tests/ui/*/*.rs");
}
