//! `datetime`'s structs and its table of functions, which the stable ABI does not have: the same in
//! all versions.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use fixed::*;
#[cfg(Py_LIMITED_API)]
pub(crate) use running::*;

#[cfg(not(Py_LIMITED_API))]
mod fixed {
    use pyo3_ffi::*;

    /// Sets the process-wide [`PyDateTimeAPI`] to the running interpreter's table, unless it is
    /// already set. Returns whether this call set it to `table`.
    ///
    /// # Safety
    /// The thread must be attached; no exception may be set.
    pub(crate) unsafe fn publish_datetime_table(table: *const PyDateTime_CAPI) -> bool {
        // SAFETY: attached (upheld by the caller). A failure sets an exception.
        unsafe {
            if !PyDateTimeAPI().is_null() {
                return false;
            }
            PyDateTime_IMPORT();
            PyErr_Clear();
            std::ptr::eq(PyDateTimeAPI(), table)
        }
    }
}

#[cfg(Py_LIMITED_API)]
mod running {
    use std::ffi::{CStr, c_int};

    use pyo3_ffi::*;

    pub(crate) const PyDateTime_CAPSULE_NAME: &CStr = c"datetime.datetime_CAPI";

    /// Does nothing and returns `false`: in this build, `pyo3-ffi` has no pointer to the table.
    ///
    /// # Safety
    /// As in other builds.
    pub(crate) unsafe fn publish_datetime_table(_table: *const PyDateTime_CAPI) -> bool {
        false
    }

    #[repr(C)]
    pub(crate) struct PyDateTime_CAPI {
        pub(crate) DateType: *mut PyTypeObject,
        pub(crate) DateTimeType: *mut PyTypeObject,
        pub(crate) TimeType: *mut PyTypeObject,
        pub(crate) DeltaType: *mut PyTypeObject,
        pub(crate) TZInfoType: *mut PyTypeObject,
        pub(crate) TimeZone_UTC: *mut PyObject,
        pub(crate) Date_FromDate:
            unsafe extern "C" fn(c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject,
        pub(crate) DateTime_FromDateAndTime: unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            *mut PyTypeObject,
        ) -> *mut PyObject,
        pub(crate) Time_FromTime: unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            *mut PyTypeObject,
        ) -> *mut PyObject,
        pub(crate) Delta_FromDelta:
            unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject,
        pub(crate) TimeZone_FromTimeZone:
            unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
        pub(crate) DateTime_FromTimestamp:
            unsafe extern "C" fn(*mut PyTypeObject, *mut PyObject, *mut PyObject) -> *mut PyObject,
        pub(crate) Date_FromTimestamp:
            unsafe extern "C" fn(*mut PyTypeObject, *mut PyObject) -> *mut PyObject,
        pub(crate) DateTime_FromDateAndTimeAndFold: unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            c_int,
            *mut PyTypeObject,
        ) -> *mut PyObject,
        pub(crate) Time_FromTimeAndFold: unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            c_int,
            *mut PyTypeObject,
        ) -> *mut PyObject,
    }

    /// An object's head, and its hash.
    type Head = [usize; 3];

    #[repr(C)]
    pub(crate) struct PyDateTime_Delta {
        head: Head,
        days: c_int,
        seconds: c_int,
        microseconds: c_int,
    }

    #[repr(C)]
    pub(crate) struct PyDateTime_Date {
        head: Head,
        has_tzinfo: u8,
        date: [u8; 4],
    }

    #[repr(C)]
    pub(crate) struct PyDateTime_Time {
        head: Head,
        has_tzinfo: u8,
        time: [u8; 6],
        fold: u8,
        tzinfo: *mut PyObject,
    }

    #[repr(C)]
    pub(crate) struct PyDateTime_DateTime {
        head: Head,
        has_tzinfo: u8,
        date: [u8; 4],
        time: [u8; 6],
        fold: u8,
        tzinfo: *mut PyObject,
    }

    /// Defines a function that reads a field of an object. The fields are read through a pointer:
    /// an object without a time zone is smaller than its struct.
    macro_rules! read {
        ($($name:ident($type:ty) -> $result:ty: |$object:ident| $value:expr;)*) => {$(
            /// # Safety
            /// As for CPython's macro; the object must have the layout of the struct.
            #[inline(always)]
            pub(crate) unsafe fn $name(object: *mut PyObject) -> $result {
                let $object = object.cast::<$type>().cast_const();
                // SAFETY: an object with this layout, whose fields never change (upheld by the
                // caller), and which has the field that is read.
                unsafe { $value }
            }
        )*};
    }

    fn year(date: [u8; 4]) -> c_int {
        c_int::from(u16::from_be_bytes([date[0], date[1]]))
    }

    fn microsecond(time: [u8; 6]) -> c_int {
        c_int::from(time[3]) << 16 | c_int::from(time[4]) << 8 | c_int::from(time[5])
    }

    /// # Safety
    /// An object that has a time zone must have it at `tzinfo`.
    unsafe fn tzinfo(has_tzinfo: u8, tzinfo: *const *mut PyObject) -> *mut PyObject {
        // SAFETY: upheld by the caller; `None` is always alive.
        unsafe {
            if has_tzinfo != 0 {
                tzinfo.read()
            } else {
                Py_None()
            }
        }
    }

    read! {
        PyDateTime_GET_YEAR(PyDateTime_Date) -> c_int: |object| year((*object).date);
        PyDateTime_GET_MONTH(PyDateTime_Date) -> c_int: |object| (*object).date[2].into();
        PyDateTime_GET_DAY(PyDateTime_Date) -> c_int: |object| (*object).date[3].into();
        PyDateTime_DATE_GET_HOUR(PyDateTime_DateTime) -> c_int: |object| (*object).time[0].into();
        PyDateTime_DATE_GET_MINUTE(PyDateTime_DateTime) -> c_int: |object| (*object).time[1].into();
        PyDateTime_DATE_GET_SECOND(PyDateTime_DateTime) -> c_int: |object| (*object).time[2].into();
        PyDateTime_DATE_GET_MICROSECOND(PyDateTime_DateTime) -> c_int: |object| {
            microsecond((*object).time)
        };
        PyDateTime_DATE_GET_FOLD(PyDateTime_DateTime) -> c_int: |object| (*object).fold.into();
        PyDateTime_DATE_GET_TZINFO(PyDateTime_DateTime) -> *mut PyObject: |object| {
            tzinfo((*object).has_tzinfo, &raw const (*object).tzinfo)
        };
        PyDateTime_TIME_GET_HOUR(PyDateTime_Time) -> c_int: |object| (*object).time[0].into();
        PyDateTime_TIME_GET_MINUTE(PyDateTime_Time) -> c_int: |object| (*object).time[1].into();
        PyDateTime_TIME_GET_SECOND(PyDateTime_Time) -> c_int: |object| (*object).time[2].into();
        PyDateTime_TIME_GET_MICROSECOND(PyDateTime_Time) -> c_int: |object| {
            microsecond((*object).time)
        };
        PyDateTime_TIME_GET_FOLD(PyDateTime_Time) -> c_int: |object| (*object).fold.into();
        PyDateTime_TIME_GET_TZINFO(PyDateTime_Time) -> *mut PyObject: |object| {
            tzinfo((*object).has_tzinfo, &raw const (*object).tzinfo)
        };
        PyDateTime_DELTA_GET_DAYS(PyDateTime_Delta) -> c_int: |object| (*object).days;
        PyDateTime_DELTA_GET_SECONDS(PyDateTime_Delta) -> c_int: |object| (*object).seconds;
        PyDateTime_DELTA_GET_MICROSECONDS(PyDateTime_Delta) -> c_int: |object| {
            (*object).microseconds
        };
    }
}
