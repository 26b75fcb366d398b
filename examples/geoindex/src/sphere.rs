//! Positions as points of the unit sphere: there, what is near is near in space, also at the poles
//! and across the date line.

/// Earth's mean radius, in metres.
pub const EARTH_RADIUS: f64 = 6_371_008.8;

/// A point of the unit sphere.
pub type Point = [f64; 3];

/// The point at this latitude and longitude, in degrees.
pub fn point(latitude: f64, longitude: f64) -> Point {
    let (sin_latitude, cos_latitude) = latitude.to_radians().sin_cos();
    let (sin_longitude, cos_longitude) = longitude.to_radians().sin_cos();
    [
        cos_latitude * cos_longitude,
        cos_latitude * sin_longitude,
        sin_latitude,
    ]
}

/// The square of the straight line between two points, through the sphere.
pub fn chord2(a: Point, b: Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The distance along the surface, in metres, that belongs to the square of a straight line.
pub fn arc(chord2: f64) -> f64 {
    2.0 * EARTH_RADIUS * (chord2.sqrt() / 2.0).min(1.0).asin()
}

/// The square of the straight line that belongs to a distance along the surface.
pub fn chord2_of(arc: f64) -> f64 {
    let angle = (arc / EARTH_RADIUS).min(std::f64::consts::PI);
    let chord = 2.0 * (angle / 2.0).sin();
    chord * chord
}

/// The distance between two points along the surface, in metres.
pub fn distance(a: Point, b: Point) -> f64 {
    arc(chord2(a, b))
}
