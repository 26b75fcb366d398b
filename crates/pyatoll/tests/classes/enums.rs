//! Enums: simple ones, whose variants are class attributes, and complex ones, whose variants have
//! fields.

use pyatoll::prelude::*;

use crate::run;

/// A color.
#[pyclass(eq, eq_int)]
#[derive(PartialEq, Clone, Debug)]
enum Color {
    Red = 1,
    Green = 5,
    #[pyo3(name = "BLUE")]
    Blue,
}

#[test]
fn variants_are_class_attributes() {
    Python::attach(|py| {
        let red = Bound::new(py, Color::Red).unwrap();
        run(
            py,
            &[("Color", &py.get_type::<Color>()), ("red", &red)],
            c"
assert Color.__doc__ == 'A color.'
assert repr(Color.Red) == 'Color.Red' and repr(Color.BLUE) == 'Color.BLUE'
assert str(Color.Red) == 'Color.Red'
assert not hasattr(Color, 'Blue')
assert red == Color.Red != Color.Green
assert int(Color.Red) == 1 and int(Color.BLUE) == 6
assert Color.Red == 1 and 1 == Color.Red and Color.Red != 2
assert Color.Red != 'red' and Color.Red != 10 ** 30
assert type(Color.Red) is Color
try:
    Color()
except TypeError:
    pass
else:
    assert False
",
        );
        let object = Color::Green.into_pyobject(py).unwrap().into_any();
        assert!(object.is(py.get_type::<Color>().getattr("Green").unwrap()));
        let green: PyRef<'_, Color> = object.extract().unwrap();
        assert_eq!(*green, Color::Green);
    });
}

#[pyclass(
    frozen,
    eq,
    ord,
    hash,
    rename_all = "SCREAMING_SNAKE_CASE",
    name = "Level"
)]
#[derive(PartialEq, PartialOrd, Hash)]
#[repr(u8)]
enum LogLevel {
    VeryLow,
    High = 200,
}

#[test]
fn simple_enums_are_renamed_ordered_and_hashed() {
    Python::attach(|py| {
        run(
            py,
            &[("Level", &py.get_type::<LogLevel>())],
            c"
assert repr(Level.VERY_LOW) == 'Level.VERY_LOW'
assert Level.VERY_LOW < Level.HIGH and not Level.VERY_LOW > Level.HIGH
assert hash(Level.HIGH) == hash(Level.HIGH)
assert {Level.HIGH: 1}[Level.HIGH] == 1
assert int(Level.HIGH) == 200
assert Level.HIGH != 200
",
        );
    });
}

#[pyclass(eq, eq_int, ord)]
#[derive(PartialEq, PartialOrd)]
#[repr(u8)]
enum Level {
    Low = 1,
    High = 200,
}

#[test]
fn an_enum_with_eq_int_and_ord_is_ordered_with_its_numbers() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("Level", &py.get_type::<Level>()),
                ("Color", &py.get_type::<Color>()),
            ],
            c"
class Index:
    def __init__(self, value):
        self.value = value
    def __index__(self):
        if self.value is None:
            raise ValueError
        return self.value

assert Level.Low < 2 and Level.Low <= 1 and not Level.Low < 1
assert Level.High > 199 and Level.High >= 200 and not Level.High > 200
assert 2 > Level.Low and 0 < Level.Low <= True
assert Level.Low < Level.High and Level.High > Level.Low
assert Level.Low == Index(1) and Level.Low != Index(2) and Level.Low < Index(2)
assert Color.Green == Index(5) and Color.Green != Index(6)
# Not values of the enum's integer type.
for other in 256, -1, 10 ** 30, 1.0, '1', None, Index(-1), Index(None), Color.Red:
    assert Level.Low != other and not Level.Low == other
    assert Level.Low.__eq__(other) is Level.Low.__lt__(other) is NotImplemented
    try:
        Level.Low < other
    except TypeError as error:
        assert 'not supported between instances' in str(error), error
    else:
        assert False, other
assert Color.Red.__lt__(5) is NotImplemented
",
        );
    });
}

#[pyclass]
enum Custom {
    One,
    #[allow(dead_code)]
    Two,
}

#[pymethods]
impl Custom {
    #[classattr]
    #[pyo3(name = "Two")]
    fn two() -> u8 {
        2
    }

    fn __repr__(&self) -> &'static str {
        "mine"
    }

    #[staticmethod]
    fn make() -> Self {
        Custom::One
    }
}

#[test]
fn a_user_defined_repr_and_class_attribute_take_precedence() {
    Python::attach(|py| {
        run(
            py,
            &[("Custom", &py.get_type::<Custom>())],
            c"assert repr(Custom.One) == 'mine' == repr(Custom.make()) and Custom.Two == 2",
        );
    });
}

#[pyclass(eq)]
#[derive(PartialEq, Debug)]
enum Shape {
    /// Round.
    #[pyo3(constructor = (radius=1.0))]
    Circle {
        radius: f64,
    },
    Rectangle {
        width: f64,
        /// Up.
        height: f64,
    },
    Polygon(Vec<(i32, i32)>, bool),
    Nothing(),
}

#[pymethods]
impl Shape {
    fn area(&self) -> f64 {
        match self {
            Shape::Circle { radius } => std::f64::consts::PI * radius * radius,
            Shape::Rectangle { width, height } => width * height,
            Shape::Polygon(..) | Shape::Nothing() => 0.0,
        }
    }
}

#[test]
fn variants_with_fields_are_subclasses() {
    Python::attach(|py| {
        run(
            py,
            &[("Shape", &py.get_type::<Shape>())],
            c"
rectangle = Shape.Rectangle(2, height=3)
assert rectangle.area() == 6
assert isinstance(rectangle, Shape.Rectangle) and isinstance(rectangle, Shape)
assert issubclass(Shape.Rectangle, Shape) and not isinstance(rectangle, Shape.Circle)
assert (rectangle.width, rectangle.height) == (2, 3)
assert Shape.Circle().radius == 1 and Shape.Circle(4).radius == 4
assert Shape.Circle.__doc__ == 'Round.', Shape.Circle.__doc__
assert Shape.Rectangle.height.__doc__ == 'Up.'
assert Shape.Rectangle.__qualname__ == 'Shape.Rectangle'
assert Shape.Rectangle.__match_args__ == ('width', 'height')
polygon = Shape.Polygon([(1, 2)], True)
assert polygon._0 == [(1, 2)] and polygon._1 is True
assert len(polygon) == 2 and polygon[0] == [(1, 2)] and polygon[True] is True
assert list(polygon) == [[(1, 2)], True]
try:
    polygon[2]
except IndexError as error:
    assert str(error) == 'tuple index out of range'
else:
    assert False
try:
    polygon[-1]
except OverflowError as error:
    assert str(error) == \"can't convert negative int to unsigned\", error
else:
    assert False
try:
    polygon['0']
except TypeError as error:
    assert 'cannot be interpreted as an integer' in str(error), error
else:
    assert False
assert Shape.Nothing().area() == 0 and len(Shape.Nothing()) == 0
assert Shape.Nothing.__match_args__ == ()
match rectangle:
    case Shape.Circle(radius):
        assert False
    case Shape.Rectangle(width, height):
        assert (width, height) == (2, 3)
match polygon:
    case Shape.Polygon(points, closed):
        assert points == [(1, 2)] and closed
assert Shape.Circle(1) == Shape.Circle(1) != Shape.Circle(2)
try:
    Shape()
except TypeError:
    pass
else:
    assert False
",
        );
    });
}

#[test]
fn a_value_becomes_an_instance_of_its_variant() {
    Python::attach(|py| {
        let shape = Shape::Circle { radius: 2.0 }.into_pyobject(py).unwrap();
        let class = shape.get_type();
        assert_eq!(class.name().unwrap().to_string(), "Circle");
        assert_eq!(class.qualname().unwrap().to_string(), "Shape.Circle");
        assert_eq!(*shape.get(), Shape::Circle { radius: 2.0 });
    });
}

#[pyclass]
enum Tree {
    Leaf(i32),
    Node(Py<Tree>, Py<Tree>),
}

#[pymethods]
impl Tree {
    fn sum(&self) -> i32 {
        match self {
            Tree::Leaf(number) => *number,
            Tree::Node(left, right) => left.get().sum() + right.get().sum(),
        }
    }
}

#[test]
fn variants_may_hold_instances_of_their_enum() {
    Python::attach(|py| {
        run(
            py,
            &[("Tree", &py.get_type::<Tree>())],
            c"
tree = Tree.Node(Tree.Leaf(1), Tree.Node(Tree.Leaf(2), Tree.Leaf(3)))
assert tree.sum() == 6
assert tree._1._0._0 == 2
",
        );
    });
}
