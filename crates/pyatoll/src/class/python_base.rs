//! Python classes with a Rust type as bases: exceptions defined or imported by a macro, and classes
//! of which each interpreter has its own.

/// Implements `ClassBase` for a type that represents a Python class: `Type: Root as Layout, with
/// Arguments`, where `Root` is the built-in type that determines the layout of the instances. If
/// they have another layout, creating a class that extends it is a `TypeError`. `Layout` has space
/// for an instance of `Root`; it is given explicitly because `Root` may be a private type, whose
/// own layout could not be named.
///
/// Nothing is implemented if `Root` cannot be extended.
#[doc(hidden)]
#[macro_export]
macro_rules! python_base {
    ($($name:ty: $root:ty as $layout:ty, with $arguments:ty;)*) => {$(
        // SAFETY: a class that extends this one has the root as base, which determines the layout,
        // and the functions are those of the root.
        #[allow(private_bounds)]
        unsafe impl $crate::impl_::class::NativeBase for $name
        where
            for<'a> $root: $crate::impl_::class::NativeBase<Arguments = $arguments>,
        {
        }

        // SAFETY: a class that extends this one has the root as base, which determines the layout,
        // and the functions are those of the root. The lifetime `'a` only makes the compiler accept
        // a bound that does not hold.
        #[allow(private_bounds)]
        unsafe impl $crate::impl_::class::ClassBase for $name
        where
            for<'a> $root: $crate::impl_::class::NativeBase<Arguments = $arguments>,
        {
            type Layout = $layout;
            type OwnHeader = $crate::impl_::class::Header;
            type Initializer = $crate::impl_::class::NativeInitializer<Self>;
            type Arguments = $arguments;
            const SIZE: usize = ::core::mem::size_of::<$layout>();
            const HEADER: usize = ::core::mem::size_of::<$layout>();
            const FIXED: bool = <$root as $crate::impl_::class::ClassBase>::FIXED;
            const VARIES: bool = <$root as $crate::impl_::class::ClassBase>::VARIES;
            const IS_PYTHON_CLASS: bool = true;
            const NEEDS_DROP: bool = false;
            const HAS_DICT_OR_WEAKREFS: bool = false;

            #[inline]
            fn base_type<'py>(
                py: $crate::Python<'py>,
                module: ::core::option::Option<&$crate::Bound<'py, $crate::PyAny>>,
            ) -> $crate::PyResult<*mut $crate::ffi::PyTypeObject> {
                <$root as $crate::impl_::class::ClassBase>::base_type(py, module)
            }

            #[inline]
            fn python_class(
                py: $crate::Python<'_>,
            ) -> $crate::PyResult<*mut $crate::ffi::PyTypeObject> {
                ::core::result::Result::Ok(<Self as $crate::PyTypeInfo>::type_object_raw(py))
            }

            #[inline]
            fn size_before() -> usize {
                <$root as $crate::impl_::class::ClassBase>::size_before()
            }

            #[inline(always)]
            unsafe fn start(object: *mut $crate::ffi::PyObject) -> *mut u8 {
                // SAFETY: upheld by the caller: an instance of this class, and so of the root.
                unsafe { <$root as $crate::impl_::class::ClassBase>::start(object) }
            }

            #[inline]
            fn has_dict_and_weak_list() -> (bool, bool) {
                <$root as $crate::impl_::class::ClassBase>::has_dict_and_weak_list()
            }

            #[inline]
            fn is_collected() -> bool {
                <$root as $crate::impl_::class::ClassBase>::is_collected()
            }

            #[inline]
            unsafe fn borrow_flag<'a>(
                _object: *mut $crate::ffi::PyObject,
            ) -> ::core::option::Option<&'a $crate::impl_::class::BorrowFlag> {
                ::core::option::Option::None
            }

            #[inline]
            unsafe fn check_thread(_object: *mut $crate::ffi::PyObject) {}

            #[inline]
            unsafe fn allocate(
                py: $crate::Python<'_>,
                subtype: *mut $crate::ffi::PyTypeObject,
                size: usize,
                arguments: &Self::Arguments,
            ) -> $crate::PyResult<*mut $crate::ffi::PyObject> {
                // SAFETY: upheld by the caller: `subtype` derives from this class, and so from the
                // root.
                unsafe {
                    <$root as $crate::impl_::class::ClassBase>::allocate(
                        py, subtype, size, arguments,
                    )
                }
            }

            #[inline]
            unsafe extern "C" fn traverse(
                object: *mut $crate::ffi::PyObject,
                visit: $crate::ffi::visitproc,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int {
                // SAFETY: upheld by the caller: an instance of this class, and so of the root.
                unsafe { <$root as $crate::impl_::class::ClassBase>::traverse(object, visit, arg) }
            }

            #[inline]
            unsafe extern "C" fn clear(
                object: *mut $crate::ffi::PyObject,
            ) -> ::core::ffi::c_int {
                // SAFETY: upheld by the caller: an instance of this class, and so of the root.
                unsafe { <$root as $crate::impl_::class::ClassBase>::clear(object) }
            }

            #[inline]
            unsafe fn drop_value(_object: *mut $crate::ffi::PyObject) {}

            #[inline]
            unsafe fn clear_dict_and_weakrefs(_object: *mut $crate::ffi::PyObject) {}

            #[inline]
            unsafe fn free(object: *mut $crate::ffi::PyObject) {
                // SAFETY: upheld by the caller: an instance of this class, and so of the root.
                unsafe { <$root as $crate::impl_::class::ClassBase>::free(object) }
            }
        }
    )*};
}
