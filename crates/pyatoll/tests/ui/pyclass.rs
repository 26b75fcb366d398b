use pyatoll::prelude::*;

#[pyclass]
struct Generic<T>(T);

#[pyclass]
struct Lifetime<'a>(&'a str);

#[pyclass(weird)]
struct UnknownOption;

#[pyclass(dict, dict)]
struct Twice;

#[pyclass(mapping, sequence)]
struct MappingAndSequence;

#[pyclass(ord)]
struct OrdWithoutEq;

#[pyclass(eq, hash)]
struct HashWithoutFrozen;

#[pyclass(eq, eq_int)]
struct EqIntOnStruct;

#[pyclass(get_all)]
struct GetAllOnUnit;

#[pyclass(get_all)]
struct UselessGet {
    #[pyo3(get)]
    field: u8,
}

#[pyclass(frozen)]
struct FrozenSet {
    #[pyo3(set)]
    field: u8,
}

#[pyclass]
struct NamelessTupleField(#[pyo3(get)] u8);

#[pyclass]
struct UselessName {
    #[pyo3(name = "other")]
    field: u8,
}

#[pyclass(str = "{missing}")]
struct MissingField {
    field: u8,
}

#[pyclass(new = "from_fields", extends = pyatoll::types::PyDict)]
struct FromFieldsExtends {
    field: u8,
}

#[pyclass]
enum Empty {}

#[pyclass(extends = pyatoll::types::PyDict)]
enum ExtendingEnum {
    One,
}

#[pyclass]
enum ConstructorOfUnit {
    #[pyo3(constructor = ())]
    One,
}

#[pyclass]
enum UnitInComplex {
    One,
    Two(u8),
}

#[pyclass(enum = "Enumeration")]
enum UnknownBase {
    One,
}

#[pyclass(enum = "Enum")]
enum FieldsInNativeEnum {
    One,
    Two(u8),
}

#[pyclass(enum = "Enum", eq, frozen)]
enum OptionOfNativeEnum {
    One,
}

#[pyclass(enum = "Enum")]
struct NotAnEnum;

#[pyclass(pickle)]
struct GenericPickled<T>(T);

#[pyclass]
fn function() {}

fn main() {}
