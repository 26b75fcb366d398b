//! Functions that `pyo3-ffi` does not declare in this build, looked up by name on first use.
//!
//! Each entry has the minor versions that have the function. Callers ask for the version
//! ([`at_least`](super::at_least)), or whether an optional function is there ([`has`]): a call of a
//! function that the running Python lacks panics. `missing` verifies that all others are there,
//! when a module is initialized.
//!
//! A build for one version is linked with the functions of its version ([`linked`]), and has
//! entries for those of other versions only, which it never calls: the condition for the call is a
//! constant.

#[allow(unused_imports, reason = "some builds use none of them")]
use std::ffi::{c_char, c_int, c_ulong, c_void};

use pyo3_ffi::*;

use super::lookup::Symbol;
#[allow(unused_imports, reason = "some builds use none of them")]
use super::structs::{PyInterpreterConfig, PyLongLayout, PyLongWriter, PyStatus};
#[allow(
    unused_imports,
    reason = "private functions of the version of this build"
)]
pub(crate) use linked::*;
#[cfg(Py_LIMITED_API)]
pub(crate) use unstable::*;

/// Returns the name of a function that this build needs and the running Python lacks: none, since
/// it would not have been loaded.
#[cfg(not(Py_LIMITED_API))]
pub(crate) fn missing() -> Option<&'static std::ffi::CStr> {
    None
}

/// One function, for [`missing`].
pub(super) struct Entry {
    pub(super) symbol: &'static Symbol,
    pub(super) versions: std::ops::RangeInclusive<u8>,
}

/// Defines functions: `fn name(arguments) -> result, versions;`.
macro_rules! functions {
    (entries $entries:ident, symbols $symbols:ident: $(
        $(#[$attribute:meta])*
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?, $versions:expr;
    )*) => {
        $(
            $(#[$attribute])*
            #[inline]
            #[allow(dead_code, reason = "some builds do not call all of them")]
            pub(crate) unsafe fn $name($($argument: $type),*) $(-> $result)? {
                type Function = unsafe extern "C" fn($($type),*) $(-> $result)?;
                // SAFETY: CPython's function of this name has this signature. The rest is upheld
                // by the caller, as for CPython's function.
                unsafe {
                    let address = $symbols::$name.address();
                    std::mem::transmute::<*mut c_void, Function>(address)($($argument),*)
                }
            }
        )*

        #[allow(non_upper_case_globals, reason = "the functions' own names")]
        pub(crate) mod $symbols {
            #[allow(unused_imports, reason = "all functions may be declared")]
            use $crate::capi::lookup::Symbol;

            $(
                $(#[$attribute])*
                pub(crate) static $name: Symbol = Symbol::of(concat!(stringify!($name), "\0"));
            )*
        }

        #[allow(dead_code, reason = "of no use in a build for one version")]
        static $entries: &[Entry] = &[$(
            $(#[$attribute])*
            Entry { symbol: &$symbols::$name, versions: $versions },
        )*];
    };
}

#[allow(unused_imports, reason = "for a build for 3.9 or 3.10")]
pub(super) use functions;

/// The first supported version.
pub(super) const FIRST: u8 = 11;
/// No version has dropped the function.
pub(super) const LATEST: u8 = u8::MAX;

functions! {
    entries NEWER, symbols newer:

    // New in 3.10.
    #[cfg(all(Py_LIMITED_API, not(Py_3_10)))]
    fn PyGC_Disable() -> c_int, FIRST..=LATEST;
    #[cfg(all(Py_LIMITED_API, not(Py_3_10)))]
    fn PyGC_Enable() -> c_int, FIRST..=LATEST;

    // New in 3.12.
    #[cfg(not(Py_3_12))]
    fn PyErr_GetRaisedException() -> *mut PyObject, 12..=LATEST;
    #[cfg(not(Py_3_12))]
    fn PyErr_SetRaisedException(exception: *mut PyObject), 12..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_12)))]
    fn PyFrame_GetVarString(
        frame: *mut PyFrameObject, name: *mut c_char,
    ) -> *mut PyObject, 12..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_12)))]
    fn Py_NewInterpreterFromConfig(
        thread_state: *mut *mut PyThreadState, config: *const PyInterpreterConfig,
    ) -> PyStatus, 12..=LATEST;

    // New in 3.13.
    #[cfg(not(Py_3_13))]
    fn PyUnicode_EqualToUTF8AndSize(
        text: *mut PyObject, utf8: *const c_char, len: Py_ssize_t,
    ) -> c_int, 13..=LATEST;
    #[cfg(not(Py_3_13))]
    fn PyType_GetModuleName(class: *mut PyTypeObject) -> *mut PyObject, 13..=LATEST;
    #[cfg(not(Py_3_13))]
    fn PyType_GetFullyQualifiedName(class: *mut PyTypeObject) -> *mut PyObject, 13..=LATEST;
    #[cfg(not(any(all(Py_3_13, not(Py_LIMITED_API)), Py_3_15)))]
    fn PyDict_SetDefaultRef(
        dict: *mut PyObject, key: *mut PyObject, value: *mut PyObject, item: *mut *mut PyObject,
    ) -> c_int, 13..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_13)))]
    fn PyThreadState_GetUnchecked() -> *mut PyThreadState, 13..=LATEST;
    #[cfg(not(Py_3_13))]
    fn Py_IsFinalizing() -> c_int, 13..=LATEST;
    #[cfg(not(any(all(Py_3_13, not(Py_LIMITED_API)), Py_3_14)))]
    fn PyLong_AsNativeBytes(
        int: *mut PyObject, bytes: *mut c_void, len: Py_ssize_t, flags: c_int,
    ) -> Py_ssize_t, 13..=LATEST;
    #[cfg(not(any(all(Py_3_13, not(Py_LIMITED_API)), Py_3_14)))]
    fn PyLong_FromNativeBytes(
        bytes: *const c_void, len: usize, flags: c_int,
    ) -> *mut PyObject, 13..=LATEST;

    // New in 3.14.
    #[cfg(not(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15)))]
    fn PyLong_GetNativeLayout() -> *const PyLongLayout, 14..=LATEST;
    #[cfg(not(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15)))]
    fn PyLongWriter_Create(
        is_negative: c_int, len: Py_ssize_t, digits: *mut *mut c_void,
    ) -> *mut PyLongWriter, 14..=LATEST;
    #[cfg(not(any(all(Py_3_14, not(Py_LIMITED_API)), Py_3_15)))]
    fn PyLongWriter_Finish(writer: *mut PyLongWriter) -> *mut PyObject, 14..=LATEST;
}

functions! {
    entries OLDER, symbols older:

    #[cfg(any(Py_LIMITED_API, Py_3_13))]
    fn _PyThreadState_UncheckedGet() -> *mut PyThreadState, FIRST..=12;
    #[cfg(any(Py_LIMITED_API, Py_3_13))]
    fn _Py_IsFinalizing() -> c_int, FIRST..=12;
    #[cfg(any(Py_LIMITED_API, Py_3_13, not(Py_3_12)))]
    fn _PyInterpreterState_HasFeature(
        interpreter: *mut PyInterpreterState, feature: c_ulong,
    ) -> c_int, 12..=12;
    #[cfg(any(Py_LIMITED_API, Py_3_13))]
    fn _PyLong_AsByteArray(
        int: *mut PyLongObject, bytes: *mut u8, len: usize, is_little_endian: c_int,
        is_signed: c_int,
    ) -> c_int, FIRST..=12;
    #[cfg(any(Py_LIMITED_API, Py_3_13))]
    fn _PyLong_FromByteArray(
        bytes: *const u8, len: usize, is_little_endian: c_int, is_signed: c_int,
    ) -> *mut PyObject, FIRST..=12;
    #[cfg(any(Py_LIMITED_API, Py_3_13))]
    fn _PyLong_NumBits(int: *mut PyObject) -> usize, FIRST..=12;
}

functions! {
    entries _OPTIONAL, symbols optional:

    #[cfg(Py_LIMITED_API)]
    fn _PyInterpreterState_LookUpID(id: i64) -> *mut PyInterpreterState, FIRST..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_12)))]
    fn _PyEval_AddPendingCall(
        interpreter: *mut PyInterpreterState,
        function: unsafe extern "C" fn(*mut c_void) -> c_int,
        data: *mut c_void,
        flags: c_int,
    ) -> c_int, 12..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_13)))]
    fn PyUnstable_AtExit(
        interpreter: *mut PyInterpreterState,
        function: unsafe extern "C" fn(*mut c_void),
        data: *mut c_void,
    ) -> c_int, 13..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_14)))]
    fn _Py_ReachedRecursionLimitWithMargin(
        thread_state: *mut PyThreadState, margins: c_int,
    ) -> c_int, 14..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_14)))]
    fn _PyEval_StopTheWorld(interpreter: *mut PyInterpreterState), 14..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_14)))]
    fn _PyEval_StartTheWorld(interpreter: *mut PyInterpreterState), 14..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_15)))]
    fn PyInterpreterView_FromMain() -> *mut c_void, 15..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_15)))]
    fn PyInterpreterView_Close(view: *mut c_void), 15..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_15)))]
    fn PyThreadState_EnsureFromView(view: *mut c_void) -> *mut c_void, 15..=LATEST;
    #[cfg(any(Py_LIMITED_API, not(Py_3_15)))]
    fn PyThreadState_Release(token: *mut c_void), 15..=LATEST;
    #[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
    fn PyUnstable_Module_SetGIL(module: *mut PyObject, gil: *mut c_void) -> c_int, 13..=LATEST;
    #[cfg(Py_LIMITED_API)]
    fn PyType_GetDict(class: *mut PyTypeObject) -> *mut PyObject, 12..=LATEST;
}

/// Calls `Py_AddPendingCall`.
///
/// # Safety
/// As for CPython's function.
pub(crate) unsafe fn add_pending_call(
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the types of the functions differ in `unsafe` only: CPython calls it with `data`. The
    // rest is upheld by the caller.
    unsafe {
        let function = std::mem::transmute::<
            unsafe extern "C" fn(*mut c_void) -> c_int,
            extern "C" fn(*mut c_void) -> c_int,
        >(function);
        Py_AddPendingCall(Some(function), data)
    }
}

/// Calls `_PyEval_AddPendingCall` of 3.11, which has no flags.
///
/// # Safety
/// As for CPython's function; the running Python must be 3.11.
#[cfg(any(Py_LIMITED_API, Py_3_12))]
pub(crate) unsafe fn _PyEval_AddPendingCall_3_11(
    interpreter: *mut PyInterpreterState,
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    data: *mut c_void,
) -> c_int {
    type Function = unsafe extern "C" fn(
        *mut PyInterpreterState,
        unsafe extern "C" fn(*mut c_void) -> c_int,
        *mut c_void,
    ) -> c_int;
    static SYMBOL: Symbol = Symbol::of("_PyEval_AddPendingCall\0");
    // SAFETY: the function of 3.11 has this signature. The rest is upheld by the caller.
    unsafe {
        let function_of_python = std::mem::transmute::<*mut c_void, Function>(SYMBOL.address());
        function_of_python(interpreter, function, data)
    }
}

/// Whether the running Python has an optional function.
///
/// Most are private or unstable: a Python that did not exist when this library was written may have
/// a function of the same name with other parameters. So these are used in known versions only.
/// The others are public, or (`_PyInterpreterState_LookUpID`) have been the same since 3.7, while
/// what replaces them is not safe while other threads end interpreters.
pub(crate) mod has {
    #[cfg(Py_LIMITED_API)]
    macro_rules! ask {
        ($name:ident in $versions:expr, $function:ident) => {
            #[inline]
            pub(crate) fn $name() -> bool {
                use crate::capi;
                $versions.contains(&capi::running_minor())
                    && !capi::memory::is_stable_abi_only()
                    && super::optional::$function.is_found()
            }
        };
    }

    #[cfg(not(Py_LIMITED_API))]
    macro_rules! ask {
        ($name:ident in $versions:expr, $function:ident) => {
            #[inline(always)]
            pub(crate) const fn $name() -> bool {
                crate::capi::at_least(*$versions.start())
            }
        };
    }

    use super::LATEST;
    use crate::capi::version::LATEST_KNOWN;

    ask!(interpreter_lookup in 11..=LATEST, _PyInterpreterState_LookUpID);
    ask!(pending_calls in 12..=LATEST_KNOWN, _PyEval_AddPendingCall);
    ask!(at_exit in 13..=LATEST_KNOWN, PyUnstable_AtExit);
    ask!(stack_limit in 14..=LATEST_KNOWN, _Py_ReachedRecursionLimitWithMargin);
    ask!(stop_the_world in 14..=LATEST_KNOWN, _PyEval_StopTheWorld);
    ask!(interpreter_views in 15..=LATEST, PyThreadState_EnsureFromView);
    #[cfg(Py_GIL_DISABLED)]
    ask!(module_gil in 13..=LATEST_KNOWN, PyUnstable_Module_SetGIL);
    ask!(type_dict in 12..=LATEST, PyType_GetDict);
}

/// CPython's private functions, and those that `pyo3-ffi` does not know.
#[cfg(not(Py_LIMITED_API))]
mod linked {
    use super::*;

    extern_python! {
        #[cfg(not(Py_3_13))]
        pub(crate) fn _PyThreadState_UncheckedGet() -> *mut PyThreadState;
        #[cfg(not(Py_3_13))]
        pub(crate) fn _Py_IsFinalizing() -> c_int;
        #[cfg(all(Py_3_12, not(Py_3_13)))]
        pub(crate) fn _PyInterpreterState_HasFeature(
            interpreter: *mut PyInterpreterState,
            feature: c_ulong,
        ) -> c_int;
        #[cfg(not(Py_3_13))]
        pub(crate) fn _PyLong_NumBits(int: *mut PyObject) -> usize;

        // `_interpreters` itself is built on it. Takes CPython's lock on the list of interpreters.
        pub(crate) fn _PyInterpreterState_LookUpID(id: i64) -> *mut PyInterpreterState;
        // `Py_AddPendingCall` knows the main interpreter only, from 3.12 on.
        #[cfg(Py_3_12)]
        pub(crate) fn _PyEval_AddPendingCall(
            interpreter: *mut PyInterpreterState,
            function: unsafe extern "C" fn(*mut c_void) -> c_int,
            data: *mut c_void,
            flags: c_int,
        ) -> c_int;
        #[cfg(not(Py_3_12))]
        #[link_name = "_PyEval_AddPendingCall"]
        pub(crate) fn _PyEval_AddPendingCall_3_11(
            interpreter: *mut PyInterpreterState,
            function: unsafe extern "C" fn(*mut c_void) -> c_int,
            data: *mut c_void,
        ) -> c_int;
        #[cfg(Py_3_13)]
        pub(crate) fn PyUnstable_AtExit(
            interpreter: *mut PyInterpreterState,
            function: unsafe extern "C" fn(*mut c_void),
            data: *mut c_void,
        ) -> c_int;
        #[cfg(Py_3_14)]
        pub(crate) fn _Py_ReachedRecursionLimitWithMargin(
            thread_state: *mut PyThreadState,
            margins: c_int,
        ) -> c_int;
        #[cfg(Py_3_14)]
        pub(crate) fn _PyEval_StopTheWorld(interpreter: *mut PyInterpreterState);
        #[cfg(Py_3_14)]
        pub(crate) fn _PyEval_StartTheWorld(interpreter: *mut PyInterpreterState);
        // PEP 788.
        #[cfg(Py_3_15)]
        pub(crate) fn PyInterpreterView_FromMain() -> *mut c_void;
        #[cfg(Py_3_15)]
        pub(crate) fn PyInterpreterView_Close(view: *mut c_void);
        #[cfg(Py_3_15)]
        pub(crate) fn PyThreadState_EnsureFromView(view: *mut c_void) -> *mut c_void;
        #[cfg(Py_3_15)]
        pub(crate) fn PyThreadState_Release(token: *mut c_void);
    }
}

#[cfg(Py_LIMITED_API)]
mod linked {}

/// Public functions that the stable ABI leaves out.
#[cfg(Py_LIMITED_API)]
mod unstable {
    use super::*;

    functions! {
        entries UNSTABLE, symbols symbols:

        // Calls.
        #[cfg(not(Py_3_12))]
        fn PyObject_Vectorcall(
            function: *mut PyObject, arguments: *const *mut PyObject, count: usize,
            names: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;
        #[cfg(not(Py_3_12))]
        fn PyObject_VectorcallMethod(
            name: *mut PyObject, arguments: *const *mut PyObject, count: usize,
            names: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;
        fn PyObject_VectorcallDict(
            function: *mut PyObject, arguments: *const *mut PyObject, count: usize,
            keywords: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;
        fn PyObject_CallOneArg(
            function: *mut PyObject, argument: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;

        // Objects.
        fn PyObject_CallFinalizerFromDealloc(object: *mut PyObject) -> c_int, FIRST..=LATEST;
        fn PyObject_LengthHint(
            object: *mut PyObject, default: Py_ssize_t,
        ) -> Py_ssize_t, FIRST..=LATEST;
        fn PyComplex_AsCComplex(object: *mut PyObject) -> super::super::Py_complex, FIRST..=LATEST;
        fn PyDict_SetDefault(
            dict: *mut PyObject, key: *mut PyObject, value: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;
        #[cfg(Py_3_15)]
        fn PyFrozenDict_New(items: *mut PyObject) -> *mut PyObject, 15..=LATEST;
        fn PyMarshal_WriteObjectToString(
            object: *mut PyObject, version: c_int,
        ) -> *mut PyObject, FIRST..=LATEST;
        fn PyMarshal_ReadObjectFromString(
            data: *const c_char, len: Py_ssize_t,
        ) -> *mut PyObject, FIRST..=LATEST;

        // Mutexes.
        #[cfg(Py_3_13)]
        fn PyMutex_Lock(mutex: *mut crate::capi::PyMutex), 13..=LATEST;
        #[cfg(Py_3_13)]
        fn PyMutex_Unlock(mutex: *mut crate::capi::PyMutex), 13..=LATEST;
        #[cfg(Py_3_14)]
        fn PyMutex_IsLocked(mutex: *mut crate::capi::PyMutex) -> c_int, 14..=LATEST;

        // Critical sections.
        #[cfg(all(Py_3_14, Py_GIL_DISABLED))]
        fn PyCriticalSection_BeginMutex(
            section: *mut PyCriticalSection, mutex: *mut crate::capi::PyMutex,
        ), 14..=LATEST;
        #[cfg(all(Py_3_14, Py_GIL_DISABLED))]
        fn PyCriticalSection2_BeginMutex(
            section: *mut PyCriticalSection2, first: *mut crate::capi::PyMutex,
            second: *mut crate::capi::PyMutex,
        ), 14..=LATEST;

        // Code and frames.
        fn PyCode_NewEmpty(
            file: *const c_char, function: *const c_char, line: c_int,
        ) -> *mut PyCodeObject, FIRST..=LATEST;
        fn PyFrame_New(
            thread_state: *mut PyThreadState, code: *mut PyCodeObject, globals: *mut PyObject,
            locals: *mut PyObject,
        ) -> *mut PyFrameObject, FIRST..=LATEST;
        fn PyFrame_GetBack(frame: *mut PyFrameObject) -> *mut PyFrameObject, FIRST..=LATEST;
        fn PyFrame_GetBuiltins(frame: *mut PyFrameObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyFrame_GetGlobals(frame: *mut PyFrameObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyFrame_GetLocals(frame: *mut PyFrameObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyRun_String(
            code: *const c_char, start: c_int, globals: *mut PyObject, locals: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;

        // Interpreters and thread states.
        fn PyThreadState_Next(
            thread_state: *mut PyThreadState,
        ) -> *mut PyThreadState, FIRST..=LATEST;
        fn PyThreadState_DeleteCurrent(), FIRST..=LATEST;
        fn PyInterpreterState_Main() -> *mut PyInterpreterState, FIRST..=LATEST;
        fn PyInterpreterState_Head() -> *mut PyInterpreterState, FIRST..=LATEST;
        fn PyInterpreterState_Next(
            interpreter: *mut PyInterpreterState,
        ) -> *mut PyInterpreterState, FIRST..=LATEST;
        fn PyInterpreterState_ThreadHead(
            interpreter: *mut PyInterpreterState,
        ) -> *mut PyThreadState, FIRST..=LATEST;
        fn PyGILState_Check() -> c_int, FIRST..=LATEST;
    }

    /// Returns the name of a function that this build needs and the running Python lacks.
    pub(crate) fn missing() -> Option<&'static std::ffi::CStr> {
        let running = crate::capi::running_minor();
        [NEWER, OLDER, UNSTABLE]
            .into_iter()
            .flatten()
            .filter(|entry| entry.versions.contains(&running))
            .find(|entry| !entry.symbol.is_found())
            .map(|entry| entry.symbol.name())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(Py_LIMITED_API)]
    fn the_running_python_has_all_functions() {
        assert_eq!(super::missing(), None);
    }
}
