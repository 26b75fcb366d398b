//! `#[pyclass(enum = "…")]`: Python's own enums for Rust's, in every kind of interpreter.

mod everywhere;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

#[pymodule]
mod enums {
    use pyatoll::prelude::*;

    /// The colors of a light.
    #[pyclass(enum = "Enum")]
    #[derive(Clone, Copy, PartialEq, Debug)]
    pub(super) enum Color {
        Red,
        Yellow = 5,
        #[pyo3(name = "Vert")]
        Green,
        #[cfg(any())]
        Absent,
    }

    #[pyclass(enum = "IntEnum", name = "Grade", rename_all = "SCREAMING_SNAKE_CASE")]
    #[derive(PartialEq, Debug)]
    #[repr(i8)]
    pub(super) enum Level {
        VeryLow = -128,
        High = 127,
    }

    #[pyclass(enum = "IntEnum")]
    #[repr(u64)]
    enum Big {
        Biggest = u64::MAX,
    }

    #[pyclass(enum = "Flag")]
    enum Permission {
        Read = 1,
        Write = 2,
        All = 3,
    }

    #[pyclass(enum = "IntFlag")]
    enum Mode {
        A = 1,
        B = 2,
    }

    #[pyclass(enum = "StrEnum")]
    enum Word {
        Hello,
        World,
    }

    #[pyclass]
    struct Light {
        #[pyo3(get, set)]
        color: Color,
    }

    #[pymethods]
    impl Light {
        #[new]
        #[pyo3(signature = (color = Color::Red))]
        fn new(color: Color) -> Self {
            Self { color }
        }

        fn __richcmp__(&self, other: Color, operator: pyatoll::pyclass::CompareOp) -> bool {
            operator.matches((self.color as isize).cmp(&(other as isize)))
        }
    }

    #[pyfunction]
    fn next(color: Color) -> Color {
        match color {
            Color::Red => Color::Yellow,
            Color::Yellow => Color::Green,
            Color::Green => Color::Red,
        }
    }

    #[pyfunction]
    fn by_reference(level: &Level) -> i8 {
        match level {
            Level::VeryLow => -1,
            Level::High => 1,
        }
    }

    #[pyfunction]
    #[pyo3(signature = (color = None))]
    fn optional(color: Option<Color>) -> Vec<Color> {
        color.into_iter().collect()
    }

    #[pyfunction]
    fn may_write(permission: Permission) -> bool {
        matches!(permission, Permission::Write | Permission::All)
    }

    #[pyfunction]
    fn mode(mode: Mode) -> u8 {
        mode as u8
    }

    #[pyfunction]
    fn words() -> (Word, Word) {
        (Word::Hello, Word::World)
    }

    #[pyfunction]
    fn class_of(color: Bound<'_, Color>) -> bool {
        color.py().get_type::<Color>().is(color.get_type())
    }
}

fn start() {
    static START: Once = Once::new();
    START.call_once(|| pyatoll::append_to_inittab!(enums));
    Python::initialize();
}

/// Runs code in the main interpreter, and in a new sub-interpreter of each kind.
fn everywhere(code: &std::ffi::CStr) {
    start();
    let setup = c"
import copy, enum, pickle, sys, enums as m

def error(function, *args):
    try:
        function(*args)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'
";
    everywhere::everywhere(setup, code);
}

#[test]
fn a_python_enum_has_all_that_python_enums_have() {
    everywhere(
        c"
Color = m.Color
assert issubclass(Color, enum.Enum) and type(Color) is enum.EnumMeta
assert [(color.name, color.value) for color in Color] == [('Red', 0), ('Yellow', 5), ('Vert', 6)]
assert list(Color.__members__) == ['Red', 'Yellow', 'Vert']
assert Color(5) is Color['Yellow'] is Color.Yellow and Color.Red in Color and len(Color) == 3
assert repr(Color.Vert) == '<Color.Vert: 6>' and Color.Red != 0 and hash(Color.Red)
assert (Color.__name__, Color.__qualname__, Color.__module__) == ('Color', 'Color', 'enums')
assert Color.__doc__ == 'The colors of a light.'
assert 'Color' in m.__all__
match Color.Red:
    case Color.Yellow: raise AssertionError
    case Color.Red: pass
",
    );
}

#[test]
fn every_base_has_its_meaning() {
    everywhere(
        c"
assert m.Grade.__mro__[1] is enum.IntEnum and m.Grade.VERY_LOW + 1 == -127
assert sorted(m.Grade) == [-128, 127] and m.Big.Biggest == 2**64 - 1
assert issubclass(m.Permission, enum.Flag)
assert m.Permission.Read | m.Permission.Write is m.Permission.All
assert issubclass(m.Mode, enum.IntFlag) and (m.Mode.A | m.Mode.B) == 3
assert issubclass(m.Word, enum.StrEnum) and m.words() == ('hello', 'world')
assert m.words()[1] is m.Word.World
",
    );
}

#[test]
fn members_are_converted_both_ways_and_keep_their_identity() {
    everywhere(
        c"
Color = m.Color
assert m.next(Color.Red) is Color.Yellow and m.next(Color.Yellow) is Color.Vert
assert (m.by_reference(m.Grade.VERY_LOW), m.by_reference(level=m.Grade(127))) == (-1, 1)
assert m.optional() == [] and m.optional(Color.Red)[0] is Color.Red
light = m.Light()
assert light.color is Color.Red
light.color = Color.Vert
assert light.color is Color.Vert and light == Color.Vert and light > Color.Red
assert light != 6
assert m.class_of(Color.Red)
assert m.may_write(m.Permission.All) and m.may_write(m.Permission.Read | m.Permission.Write)
assert not m.may_write(m.Permission.Read) and m.mode(m.Mode.B) == 2
",
    );
}

#[test]
fn other_objects_are_refused() {
    everywhere(
        c"
class Color(enum.Enum):
    Red = 0
for other in 0, 'Red', None, Color.Red, m.Color, m.Grade.HIGH:
    text = error(m.next, other)
    assert text.startswith('TypeError: ') and text.endswith(\"not an instance of 'Color'\"), text
assert error(m.by_reference, 127) == \"TypeError: 'int' object is not an instance of 'Grade'\"
assert 'TypeError' in error(m.class_of, 1)
combined = m.Mode.A | m.Mode.B
text = error(m.mode, combined)
assert text == f\"ValueError: {combined!r} is not one of the enum's variants\", text
assert 'ValueError' in error(m.mode, m.Mode(0))
assert 'TypeError' in error(exec, 'class Sub(m.Color): pass', globals())
",
    );
}

#[test]
fn members_and_classes_are_pickled() {
    everywhere(
        c"
for enumeration in m.Color, m.Grade, m.Permission, m.Word:
    for item in enumeration, *enumeration:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(item, protocol)) is item
        assert copy.deepcopy(item) is item is copy.copy(item)
",
    );
}

/// An enum that is in no module, with a name that Python refuses.
#[pyclass(enum = "Enum")]
enum Refused {
    #[pyo3(name = "mro")]
    _Mro,
}

#[pyclass(enum = "IntEnum", module = "some.where")]
#[derive(PartialEq, Debug)]
enum Alone {
    One = 1,
}

#[pyclass(enum = "Enum")]
enum Late {
    First,
}

#[test]
fn an_enum_works_outside_of_a_module() {
    start();
    Python::attach(|py| {
        let one = Alone::One.into_pyobject(py).unwrap();
        assert_eq!(one.getattr("value").unwrap().extract::<i32>().unwrap(), 1);
        assert_eq!(one.extract::<Alone>().unwrap(), Alone::One);
        assert!((&Alone::One).into_pyobject(py).unwrap().is(&one));
        let class = py.get_type::<Alone>();
        let module = class.getattr("__module__").unwrap().to_string();
        assert_eq!(module, "some.where");
        let error = Refused::_Mro.into_pyobject(py).unwrap_err().to_string();
        assert!(error.contains("initializing class Refused"), "{error}");
    });
}

#[test]
fn a_class_that_is_older_than_its_module_belongs_to_it() {
    start();
    Python::attach(|py| {
        let first = Late::First.into_pyobject(py).unwrap();
        let module = PyModule::new(py, "late_module").unwrap();
        module.add_class::<Late>().unwrap();
        assert!(module.getattr("Late").unwrap().is(first.get_type()));
        let name = first.get_type().getattr("__module__").unwrap();
        assert_eq!(name.to_string(), "late_module");
        // Python's own types, which its attributes refer to, are left alone.
        let object = py.eval(c"object.__module__", None, None).unwrap();
        assert_eq!(object.to_string(), "builtins");
    });
}

#[test]
fn each_interpreter_has_its_own_class_and_gives_it_back() {
    static LEFT: AtomicUsize = AtomicUsize::new(0);
    #[pyclass]
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            LEFT.fetch_sub(1, Ordering::Relaxed);
        }
    }
    start();
    let main = Python::attach(|py| py.get_type::<Alone>().as_ptr() as usize);
    for _ in 0..20 {
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            let class = py.get_type::<Alone>();
            assert_ne!(class.as_ptr() as usize, main);
            // Dies with the class.
            LEFT.fetch_add(1, Ordering::Relaxed);
            class
                .setattr("extra", Py::new(py, Counted).unwrap())
                .unwrap();
        })
        .unwrap();
        sub.close().unwrap();
    }
    assert_eq!(LEFT.load(Ordering::Relaxed), 0);
}
