//! Positions as points on the unit sphere, where distances are continuous at the poles and across
//! the date line.

/// Earth's mean radius, in meters.
pub const EARTH_RADIUS: f64 = 6_371_008.8;

/// A point on the unit sphere.
pub type Point = [f64; 3];

/// Returns the point at this latitude and longitude, in degrees.
pub fn point(latitude: f64, longitude: f64) -> Point {
    let (sin_latitude, cos_latitude) = latitude.to_radians().sin_cos();
    let (sin_longitude, cos_longitude) = longitude.to_radians().sin_cos();
    [
        cos_latitude * cos_longitude,
        cos_latitude * sin_longitude,
        sin_latitude,
    ]
}

/// Returns the square of the chord between two points.
pub fn chord2(a: Point, b: Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Returns the distance along the surface, in meters, for the square of a chord.
pub fn arc(chord2: f64) -> f64 {
    2.0 * EARTH_RADIUS * (chord2.sqrt() / 2.0).min(1.0).asin()
}

/// Returns the square of the chord for a distance along the surface, in meters.
pub fn chord2_of(arc: f64) -> f64 {
    let angle = (arc / EARTH_RADIUS).min(std::f64::consts::PI);
    let chord = 2.0 * (angle / 2.0).sin();
    chord * chord
}

/// Returns the distance between two points along the surface, in meters.
pub fn distance(a: Point, b: Point) -> f64 {
    arc(chord2(a, b))
}
