//! Sequences and mappings.

use pyatoll::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyatoll::ffi;
use pyatoll::prelude::*;

use crate::{everywhere, run};

/// A list of numbers, with a length for negative indices.
#[pyclass(sequence)]
pub(crate) struct Sequence(Vec<i64>);

#[pymethods]
impl Sequence {
    #[new]
    fn new(items: Vec<i64>) -> Self {
        Self(items)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<i64> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index).copied())
            .ok_or_else(|| PyIndexError::new_err(format!("no {index}")))
    }

    fn __setitem__(&mut self, index: usize, value: i64) {
        self.0[index] = value;
    }

    fn __delitem__(&mut self, index: usize) -> PyResult<()> {
        if index >= self.0.len() {
            return Err(PyIndexError::new_err("no such index"));
        }
        self.0.remove(index);
        Ok(())
    }

    fn __contains__(&self, item: i64) -> bool {
        self.0.contains(&item)
    }

    fn __concat__(&self, other: &Self) -> Self {
        Self([&self.0[..], &other.0[..]].concat())
    }

    fn __repeat__(&self, count: usize) -> Self {
        Self(self.0.repeat(count))
    }

    fn __inplace_concat__(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    fn __inplace_repeat__(&mut self, count: isize) -> PyResult<()> {
        if count < 0 {
            return Err(PyValueError::new_err("negative"));
        }
        self.0 = self.0.repeat(count as usize);
        Ok(())
    }

    fn __reversed__(&self) -> Vec<i64> {
        self.0.iter().rev().copied().collect()
    }
}

#[pyclass(mapping)]
struct Mapping {
    values: std::collections::BTreeMap<String, i64>,
}

#[pymethods]
impl Mapping {
    #[new]
    fn new() -> Self {
        Self {
            values: Default::default(),
        }
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.values.len())
    }

    fn __getitem__(&self, key: &str) -> PyResult<i64> {
        let value = self.values.get(key).copied();
        value.ok_or_else(|| PyKeyError::new_err(key.to_owned()))
    }

    fn __setitem__(&mut self, key: String, value: i64) {
        self.values.insert(key, value);
    }
}

#[test]
fn sequences_and_mappings_have_items() {
    everywhere(|py| {
        run::<Sequence>(
            py,
            "
            s = cls([1, 2, 3])
            assert len(s) == 3 and s[0] == 1 and list(s) == [1, 2, 3] and list(reversed(s)) == [3, 2, 1]
            assert raises(lambda: s[3]) == 'IndexError: no 3' and raises(lambda: s['x']).startswith('TypeError')
            s[1] = 7
            del s[0]
            assert list(s) == [7, 3] and raises(s.__delitem__, 5) == 'IndexError: no such index'
            assert 7 in s and 8 not in s and raises(lambda: 'x' in s).startswith('TypeError')
            assert list(s + cls([1])) == [7, 3, 1] and list(s * 2) == [7, 3, 7, 3] == list(2 * s)
            assert raises(lambda: s * -1).startswith('ValueError')
            assert raises(lambda: s + [1]).startswith('TypeError')
            t = s
            t += cls([5])
            t *= 2
            assert t is s and list(s) == [7, 3, 5] * 2
            assert raises(s.__imul__, -1) == 'ValueError: negative'
            ",
        );
        run::<Mapping>(
            py,
            "
            m = cls()
            m['a'] = 1
            assert m['a'] == 1 and len(m) == 1
            assert raises(lambda: m['b']) == \"KeyError: 'b'\"
            assert raises(m.__delitem__, 'a') == \"NotImplementedError: can't delete item\"
            assert raises(m.__setitem__, 'a', 'x').startswith('TypeError')
            ",
        );
    });
}

#[test]
fn a_mapping_is_not_a_sequence_for_the_c_api() {
    everywhere(|py| {
        let mapping = Bound::new(py, Mapping::new()).unwrap();
        let sequence = Bound::new(py, Sequence::new(vec![4, 5])).unwrap();
        // SAFETY: attached; the objects are alive.
        unsafe {
            assert_eq!(ffi::PySequence_Check(mapping.as_ptr()), 0);
            assert_eq!(ffi::PySequence_Check(sequence.as_ptr()), 1);
            let item = ffi::PySequence_GetItem(sequence.as_ptr(), -1);
            let item = Bound::from_owned_ptr(py, item);
            assert_eq!(item.extract::<i64>().unwrap(), 5);
        }
    });
}
