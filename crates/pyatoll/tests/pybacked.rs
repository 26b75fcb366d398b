//! Text and bytes of Python objects in several interpreters, and after the end of theirs.

#[path = "everywhere/kinds.rs"]
mod kinds;

use pyatoll::prelude::*;
use pyatoll::pybacked::{PyBackedBytes, PyBackedStr};
use pyatoll::types::{PyBytes, PyDict, PyString};

use kinds::subs;

/// Objects that CPython treats specially, made in different ways.
const OBJECTS: &std::ffi::CStr = c"
import ast, sys
def new(text):
    return ''.join(list(text))
texts = [
    '', 'a', '\\xe9', '\\u20ac', 'a_constant_of_this_code', 'a constant that is no name',
    new('plain'), new('plain n\\xe9e \\U0001f408'), new('long' * 5000), new('long \\u20ac' * 5000),
    sys.intern(new('interned_' + 'x' * 9)),
    type('Text', (str,), {})('of a subclass'),
]
datas = [
    b'', b'a', b'\\xff', b'a constant', bytes(range(256)), bytes(70000),
    type('Bytes', (bytes,), {})(b'of a subclass'), bytearray(b'an array'),
]
";

/// Makes names and constants of objects that are in use already.
const USES: &std::ffi::CStr = c"
class Namespace: pass
for text in later:
    setattr(Namespace, text, 1)
    sys.intern(text) if type(text) is str else None
code = (lambda: 0).__code__
kept = code.replace(co_names=tuple(later), co_consts=tuple(later + late_datas))
";

/// What an interpreter left behind, with the expected contents.
#[derive(Default)]
struct Left {
    texts: Vec<(PyBackedStr, String)>,
    datas: Vec<(PyBackedBytes, Vec<u8>)>,
    of_crate: Vec<(bytes::Bytes, Vec<u8>)>,
}

impl Left {
    fn add(&mut self, names: &Bound<'_, PyDict>, texts: &str, datas: &str) -> PyResult<()> {
        let get = |name| Ok::<_, PyErr>(names.get_item(name)?.unwrap());
        for text in get(texts)?.try_iter()? {
            let text = text?;
            self.texts.push((text.extract()?, text.extract()?));
        }
        for data in get(datas)?.try_iter()? {
            let data = data?;
            self.datas.push((data.extract()?, data.extract()?));
            self.of_crate.push((data.extract()?, data.extract()?));
        }
        Ok(())
    }

    fn of(py: Python<'_>) -> PyResult<Self> {
        let names = PyDict::new(py);
        py.run(OBJECTS, Some(&names), None)?;
        let mut left = Self::default();
        left.add(&names, "texts", "datas")?;
        let later = c"
later = [new('later_' + text) for text in ('a', 'b' * 40, 'c' * 3000)]
late_datas = [bytes([n, 200, *range(n)]) for n in (1, 30, 250)]
";
        py.run(later, Some(&names), None)?;
        left.add(&names, "later", "late_datas")?;
        py.run(USES, Some(&names), None)?;
        Ok(left)
    }

    fn check(&self) {
        for (text, expected) in &self.texts {
            assert_eq!(text, expected.as_str());
        }
        for (data, expected) in &self.datas {
            assert_eq!(data, expected.as_slice());
        }
        for (data, expected) in &self.of_crate {
            assert_eq!(data, expected);
        }
    }
}

/// Allocates memory of all sizes, which takes the place of what has been freed.
fn overwrite(py: Python<'_>) {
    let code = c"
kept = [[bytes([0x58]) * size for size in range(1, 1000)] for _ in range(20)]
kept.append(['Y' * size for size in range(1, 1000)])
";
    py.run(code, Some(&PyDict::new(py)), None).unwrap();
}

#[test]
fn text_and_bytes_outlive_their_interpreters_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut subs: Vec<_> = subs().map(Some).collect();
        let left: Vec<_> = subs
            .iter()
            .map(|sub| sub.as_ref().unwrap().attach(Left::of).unwrap().unwrap())
            .collect();
        for index in order {
            subs[index].take().unwrap().close().unwrap();
            Python::attach(overwrite);
            for sub in subs.iter().flatten() {
                sub.attach(overwrite).unwrap();
            }
            left.iter().for_each(Left::check);
        }
        // Also in new interpreters, which may have the addresses of those that have ended.
        for sub in self::subs() {
            sub.attach(|py| {
                overwrite(py);
                left.iter().for_each(Left::check);
                for (text, expected) in &left[0].texts {
                    assert_eq!(text.into_pyobject(py).unwrap(), expected.as_str());
                }
                for (data, expected) in &left[0].datas {
                    assert_eq!(data.into_pyobject(py).unwrap(), expected.as_slice());
                }
            })
            .unwrap();
            sub.close().unwrap();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| left.iter().for_each(Left::check));
        });
        drop(left);
    }
}

#[test]
fn values_convert_and_clone_in_every_interpreter() {
    let subs: Vec<_> = subs().collect();
    let (text, data) = Python::attach(|py| {
        let text = PyBackedStr::try_from(PyString::new(py, "some text")).unwrap();
        (text, PyBackedBytes::from(PyBytes::new(py, b"some bytes")))
    });
    for sub in &subs {
        let (its_text, its_data) = sub
            .attach(|py| {
                let object = (&text).into_pyobject(py).unwrap();
                assert!(object == "some text" && !text.as_py_str().is(&object));
                assert!(text.as_py_str().try_bind(py).is_err());
                let bytes = (&data).into_pyobject(py).unwrap();
                assert_eq!(bytes, b"some bytes".as_slice());

                let clone = text.clone_ref(py);
                assert_eq!(clone.as_py_str().interpreter(), sub.interpreter());
                assert!((&clone).into_pyobject(py).unwrap().is(clone.as_py_str()));
                (clone, data.clone_ref(py))
            })
            .unwrap();
        assert_eq!((&its_text, &its_data), (&text, &data));
        // By value, on another thread, in the main interpreter.
        std::thread::spawn(move || {
            Python::attach(|py| {
                assert_eq!(its_text.into_pyobject(py).unwrap(), "some text");
                let bytes = its_data.into_pyobject(py).unwrap();
                assert_eq!(bytes, b"some bytes".as_slice());
            });
        })
        .join()
        .unwrap();
    }
    for sub in subs {
        sub.close().unwrap();
    }
}

#[test]
fn a_value_that_is_dropped_elsewhere_is_released_by_its_interpreter() {
    for sub in subs() {
        let (object, before) = sub
            .attach(|py| {
                let object = PyString::new(py, "a text of this test").unbind();
                let before = object.get_refcnt(py);
                (object, before)
            })
            .unwrap();
        let text: PyBackedStr = sub.attach(|py| object.bind(py).extract().unwrap()).unwrap();
        Python::attach(|_| drop(text));
        sub.attach(|py| assert_eq!(object.get_refcnt(py), before))
            .unwrap();
        drop(object);
        sub.close().unwrap();
    }
}
