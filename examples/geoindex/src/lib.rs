//! A spatial index of places on Earth.
//!
//! | file | concern |
//! |---|---|
//! | `sphere` | positions and distances |
//! | `tree` | the k-d tree, in plain Rust |
//! | `position` | the class `Position` |
//! | `index` | the class `GeoIndex` and its results |

mod index;
mod position;
pub mod sphere;
pub mod tree;

use pyo3::prelude::*;

pub use index::{GeoError, GeoIndex};
pub use position::Position;

/// A spatial index of places on Earth: finds the nearest places and those within a distance.
///
/// Distances are in meters, along the surface of a sphere with Earth's mean radius.
#[pymodule(gil_used = false)]
pub mod geoindex {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::distance;
    #[pymodule_export]
    use crate::index::{GeoError, GeoIndex, Match, Matches};
    #[pymodule_export]
    use crate::position::Position;
    #[pymodule_export]
    const EARTH_RADIUS: f64 = crate::sphere::EARTH_RADIUS;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Returns the distance between two places, in meters.
#[pyfunction]
fn distance(a: position::Place, b: position::Place) -> PyResult<f64> {
    Ok(sphere::distance(a.point()?, b.point()?))
}
