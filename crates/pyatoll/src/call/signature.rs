//! [`Signature`]: the parameters of a function, as plain data.
//!
//! There is one for each function of a binary, so it has no pointers in it: each would need a
//! relocation, which is larger than most names. Texts follow the counts in the same constant.

use std::mem::offset_of;
use std::ops::Deref;
use std::ptr::NonNull;

/// A handle to the parameters of a function: to a `'static` [`SignatureData`].
#[derive(Clone, Copy)]
pub struct Signature(NonNull<Counts>);

/// The numbers of a function's parameters, and the lengths of their texts.
pub struct Counts {
    /// The number of parameters that may be given by position.
    pub positional: u16,
    /// The number of leading positional parameters that are positional-only.
    pub positional_only: u16,
    /// The number of leading positional parameters without a default.
    pub required_positional: u16,
    /// The number of keyword-only parameters.
    pub keyword_only: u16,
    /// The length of all names of parameters in the text.
    pub names: u32,
    /// The length of the text.
    pub text: u32,
    /// Whether the function takes `*args`.
    pub varargs: bool,
    /// Whether the function takes `**kwargs`.
    pub varkeywords: bool,
}

/// The parameters of a function.
#[repr(C)]
pub struct SignatureData<const LEN: usize> {
    /// The numbers and lengths.
    pub counts: Counts,
    /// The names of the parameters that may be given by position, then of the keyword-only ones;
    /// for each keyword-only parameter a byte, 1 if it has no default; the function's Python name
    /// and that of the class it is a method of, if any, for messages. Each name follows its length
    /// in two bytes, little-endian.
    pub text: [u8; LEN],
}

const _: () = assert!(offset_of!(SignatureData<1>, text) == size_of::<Counts>());

impl<const LEN: usize> SignatureData<LEN> {
    /// Appends the Python name of the class, which the macro of a method does not know.
    ///
    /// # Panics
    /// If `TOTAL` is not the length of both texts.
    #[track_caller]
    pub const fn of_class<const TOTAL: usize>(self, class: &str) -> SignatureData<TOTAL> {
        assert!(TOTAL == LEN + 2 + class.len() && class.len() <= u16::MAX as usize);
        let mut counts = self.counts;
        counts.text = TOTAL as u32;
        let mut text = [0; TOTAL];
        let (own, name) = text.split_at_mut(LEN);
        own.copy_from_slice(&self.text);
        let (len, name) = name.split_at_mut(2);
        len.copy_from_slice(&(class.len() as u16).to_le_bytes());
        name.copy_from_slice(class.as_bytes());
        SignatureData { counts, text }
    }
}

impl Signature {
    /// Creates a handle to `data`.
    ///
    /// # Panics
    /// If the lengths are not those of the text.
    #[track_caller]
    pub const fn new<const LEN: usize>(data: &'static SignatureData<LEN>) -> Self {
        let Counts {
            names,
            text,
            keyword_only,
            ..
        } = data.counts;
        assert!(text as usize == LEN && names as usize + keyword_only as usize <= LEN);
        // Of the whole constant: a reference to the counts could not be used to read the text.
        Self(NonNull::from_ref(data).cast())
    }

    /// Returns a part of the text.
    ///
    /// # Safety
    /// `start + len` must not exceed the length of the text.
    #[inline(always)]
    unsafe fn text(self, start: usize, len: usize) -> &'static [u8] {
        // SAFETY: `new` was given a `'static` `SignatureData`, in which the text follows the
        // counts, and the pointer is one to all of it; the text is long enough (upheld by the
        // caller).
        unsafe {
            let text = self.0.as_ptr().add(1).cast::<u8>();
            std::slice::from_raw_parts(text.add(start), len)
        }
    }

    /// Returns the number of parameters, with `*args` and `**kwargs` as one each: the length of the
    /// array that [`matching`](super::matching) fills.
    pub fn parameter_count(self) -> usize {
        usize::from(self.positional)
            + usize::from(self.keyword_only)
            + usize::from(self.varargs)
            + usize::from(self.varkeywords)
    }

    /// Returns the names of the parameters that may be given by position, then of the keyword-only
    /// ones.
    #[inline(always)]
    pub(super) fn names(self) -> Names {
        // SAFETY: `new` has checked that the names are in the text.
        Names(unsafe { self.text(0, self.names as usize) })
    }

    /// Returns, for each keyword-only parameter, whether it is required.
    #[inline(always)]
    pub(super) fn required_keyword_only(self) -> impl Iterator<Item = bool> {
        // SAFETY: `new` has checked that these are in the text, after the names.
        let flags = unsafe { self.text(self.names as usize, self.keyword_only.into()) };
        flags.iter().map(|&flag| flag != 0)
    }

    /// Returns the function's Python name, after its class's, if any: `Class.method()`.
    pub(super) fn full_name(self) -> String {
        let before = self.names as usize + usize::from(self.keyword_only);
        // SAFETY: `new` has checked that what comes before is in the text.
        let mut names = Names(unsafe { self.text(before, self.text as usize - before) });
        let function = names.next().unwrap_or_default();
        match names.next() {
            Some(class) => format!("{class}.{function}()"),
            None => format!("{function}()"),
        }
    }
}

impl Deref for Signature {
    type Target = Counts;

    #[inline(always)]
    fn deref(&self) -> &Counts {
        // SAFETY: `new` was given a `'static` constant that begins with the counts.
        unsafe { self.0.as_ref() }
    }
}

/// The names of parameters.
#[derive(Clone, Copy)]
pub(super) struct Names(&'static [u8]);

impl Names {
    /// Returns the next name in UTF-8.
    #[inline(always)]
    pub(super) fn next_bytes(&mut self) -> Option<&'static [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        self.0 = rest;
        Some(name)
    }
}

impl Iterator for Names {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        self.next_bytes()
            .and_then(|name| std::str::from_utf8(name).ok())
    }
}
