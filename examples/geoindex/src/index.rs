//! The class `GeoIndex`, and the classes of its results.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use pyo3::{PyTraverseError, PyVisit, create_exception};

use crate::position::{Place, Position};
use crate::tree::Tree;

create_exception!(
    geoindex,
    GeoError,
    PyValueError,
    "A question that has no answer."
);

/// A place of an index, and its distance.
#[pyclass(frozen, get_all, module = "geoindex")]
pub struct Match {
    item: Py<PyAny>,
    position: Position,
    distance: f64,
}

#[pymethods]
impl Match {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let item = self.item.bind(py).repr()?;
        Ok(format!("<Match {item}, {:.0} m>", self.distance))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.item)
    }
}

/// An iterator of matches, nearest first.
#[pyclass(module = "geoindex")]
pub struct Matches {
    index: Py<GeoIndex>,
    found: std::vec::IntoIter<(usize, f64)>,
}

#[pymethods]
impl Matches {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> Option<Match> {
        let found = self.found.next()?;
        Some(self.index.bind(py).borrow().matched(py, found))
    }

    fn __length_hint__(&self) -> usize {
        self.found.len()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.index)
    }
}

/// An immutable index of places, each with an item, which may be any object.
#[pyclass(subclass, module = "geoindex")]
pub struct GeoIndex {
    items: Vec<Py<PyAny>>,
    positions: Vec<Position>,
    tree: Tree,
}

type Entry = (Py<PyAny>, Position);

impl GeoIndex {
    fn build(entries: Vec<Entry>) -> Self {
        let (items, positions): (Vec<_>, Vec<Position>) = entries.into_iter().unzip();
        let tree = Tree::new(positions.iter().map(Position::point));
        Self {
            items,
            positions,
            tree,
        }
    }

    /// Returns the match for an entry that the tree found.
    fn matched(&self, py: Python<'_>, (index, distance): (usize, f64)) -> Match {
        Match {
            item: self.items[index].clone_ref(py),
            position: self.positions[index],
            distance,
        }
    }

    /// Checks a distance that is queried for.
    fn check_radius(meters: f64) -> PyResult<f64> {
        if meters >= 0.0 {
            return Ok(meters);
        }
        Err(GeoError::new_err(format!("{meters} is no distance")))
    }
}

#[pymethods]
impl GeoIndex {
    /// Creates an index of `(item, place)` pairs.
    #[new]
    fn new(entries: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut all = Vec::with_capacity(entries.len().unwrap_or(0));
        for entry in entries.try_iter()? {
            let (item, place): (Bound<'_, PyAny>, Place) = entry?.extract()?;
            all.push((item.unbind(), place.position()?));
        }
        Ok(Self::build(all))
    }

    /// Creates an index of the objects in `items`, located by the attributes with the names
    /// `latitude` and `longitude`.
    #[classmethod]
    #[pyo3(signature = (items, *, latitude = "latitude", longitude = "longitude"))]
    fn of_objects<'py>(
        cls: &Bound<'py, PyType>,
        items: Vec<Bound<'py, PyAny>>,
        latitude: &str,
        longitude: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entries = PyList::empty(cls.py());
        for item in items {
            let place = (item.getattr(latitude)?, item.getattr(longitude)?);
            entries.append((item, place))?;
        }
        cls.call1((entries,))
    }

    /// Returns the `count` entries nearest to a place, nearest first.
    #[pyo3(signature = (place, count = 1, *, max_distance = None))]
    fn nearest(
        &self,
        py: Python<'_>,
        place: Place,
        count: usize,
        max_distance: Option<f64>,
    ) -> PyResult<Vec<Match>> {
        let radius = Self::check_radius(max_distance.unwrap_or(f64::INFINITY))?;
        let point = place.point()?;
        let found = py.detach(|| self.tree.nearest(point, count, radius));
        Ok(found.into_iter().map(|one| self.matched(py, one)).collect())
    }

    /// Returns the nearest item for each place. Detaches, so that other Python threads can run.
    fn nearest_to_each(&self, py: Python<'_>, places: Vec<Place>) -> PyResult<Vec<Py<PyAny>>> {
        if self.items.is_empty() && !places.is_empty() {
            return Err(GeoError::new_err("nothing is nearest in an empty index"));
        }
        let points = places.into_iter().map(Place::point);
        let points = points.collect::<PyResult<Vec<_>>>()?;
        let found: Vec<usize> = py.detach(|| {
            points
                .into_iter()
                .flat_map(|point| self.tree.nearest(point, 1, f64::INFINITY))
                .map(|(index, _)| index)
                .collect()
        });
        Ok(found
            .into_iter()
            .map(|index| self.items[index].clone_ref(py))
            .collect())
    }

    /// Returns the entries no farther than `radius` meters from a place, nearest first.
    fn within(slf: &Bound<'_, Self>, place: Place, radius: f64) -> PyResult<Matches> {
        let this = slf.borrow();
        let radius = Self::check_radius(radius)?;
        let found = this.tree.nearest(place.point()?, this.items.len(), radius);
        Ok(Matches {
            index: slf.clone().unbind(),
            found: found.into_iter(),
        })
    }

    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __getitem__(&self, py: Python<'_>, number: isize) -> PyResult<(Py<PyAny>, Position)> {
        let index = match number {
            0.. => number.try_into().ok(),
            _ => self.items.len().checked_add_signed(number),
        };
        match index.and_then(|index| Some((self.items.get(index)?, self.positions[index]))) {
            Some((item, position)) => Ok((item.clone_ref(py), position)),
            None => Err(PyIndexError::new_err(format!(
                "there is no entry {number} of {}",
                self.items.len()
            ))),
        }
    }

    fn __contains__(&self, item: &Bound<'_, PyAny>) -> PyResult<bool> {
        for one in &self.items {
            if item.eq(one)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn __repr__(&self) -> String {
        format!("<GeoIndex of {} places>", self.items.len())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, (Vec<Entry>,))> {
        let (py, this) = (slf.py(), slf.borrow());
        let items = this.items.iter().map(|item| item.clone_ref(py));
        let entries = items.zip(this.positions.iter().copied()).collect();
        Ok((slf.get_type(), (entries,)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.items.iter().try_for_each(|item| visit.call(item))
    }

    fn __clear__(&mut self) {
        *self = Self::build(Vec::new());
    }
}
