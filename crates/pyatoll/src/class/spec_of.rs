//! Creates the [`ClassSpec`] of a class, with pointers to its generic functions.

use super::base::RecordOf;
use super::layout::Instance;
use super::parts::InlineSlot;
use super::pyclass::PyClass;
use super::spec::{ClassSpec, CollectorFunctions, FreelistFunctions};
use super::statics::ClassStatics;
use super::{alloc, lifecycle, python_class};

impl ClassStatics {
    /// Creates the initial statics of `T`.
    pub const fn of<T: PyClass>() -> Self {
        Self::new(ClassSpec::of::<T>())
    }
}

impl ClassSpec {
    const fn of<T: PyClass>() -> Self {
        Self {
            name: T::NAME,
            module_name: T::MODULE,
            doc: T::DOC,
            options: &T::OPTIONS,
            base: RecordOf::<T::BaseType>::RECORD,
            methods: T::methods,
            items: T::ITEMS,
            deallocate: lifecycle::deallocate::<T>,
            collector: if T::Dict::PRESENT {
                Some(&CollectorFunctions {
                    traverse: lifecycle::traverse::<T>,
                    clear: lifecycle::clear::<T>,
                })
            } else {
                None
            },
            freelist: if T::OPTIONS.freelist > 0 {
                Some(&FreelistFunctions {
                    allocate: alloc::allocate::<T>,
                    free: alloc::free::<T>,
                })
            } else {
                None
            },
            python_class: if python_class::is_python_class::<T>() {
                Some(python_class::create)
            } else {
                None
            },
            share: T::SHARE,
            // `Instance::SIZE` is checked to fit, and so do the offsets.
            basicsize: Instance::<T>::SIZE as u32,
            dict: if T::Dict::PRESENT {
                std::mem::offset_of!(Instance<T>, dict) as u32
            } else {
                0
            },
            weak_list: if T::WeakList::PRESENT {
                std::mem::offset_of!(Instance<T>, weak_list) as u32
            } else {
                0
            },
        }
    }
}
