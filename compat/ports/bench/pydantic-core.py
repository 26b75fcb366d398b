import json

from pydantic_core import SchemaSerializer, SchemaValidator, core_schema, to_json


class Address:
    __slots__ = "__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"


class User(Address):
    pass


def model(cls, **fields):
    fields = {name: core_schema.model_field(schema) for name, schema in fields.items()}
    return core_schema.model_schema(cls, core_schema.model_fields_schema(fields))


ADDRESS = model(Address, street=core_schema.str_schema(), number=core_schema.int_schema(ge=1))
USER = model(
    User,
    name=core_schema.str_schema(min_length=1),
    age=core_schema.int_schema(),
    score=core_schema.float_schema(),
    tags=core_schema.list_schema(core_schema.str_schema()),
    address=ADDRESS,
    email=core_schema.nullable_schema(core_schema.str_schema()),
)
VALIDATOR, MANY = SchemaValidator(USER), SchemaValidator(core_schema.list_schema(USER))
INTEGERS = SchemaValidator(core_schema.list_schema(core_schema.int_schema()))
SERIALIZER = SchemaSerializer(USER)
DATA = {
    "name": "Ada Lovelace",
    "age": 36,
    "score": 9.75,
    "tags": ["a", "b", "c"],
    "address": {"street": "St James's Square", "number": 12},
    "email": None,
}
WRONG = {**DATA, "age": "young", "address": {"street": 1, "number": 0}}
JSON, JSON_OF_MANY = json.dumps(DATA), json.dumps([DATA] * 100)
NUMBERS = list(range(1000))
INSTANCE = VALIDATOR.validate_python(DATA)


def refused():
    try:
        VALIDATOR.validate_python(WRONG)
    except ValueError as error:
        return error.errors()


BENCHMARKS = {
    "a model from a dict": "VALIDATOR.validate_python(DATA)",
    "a model from JSON": "VALIDATOR.validate_json(JSON)",
    "100 models from JSON": "MANY.validate_json(JSON_OF_MANY)",
    "1,000 integers": "INTEGERS.validate_python(NUMBERS)",
    "a model that is wrong": "refused()",
    "a model to a dict": "SERIALIZER.to_python(INSTANCE)",
    "a model to JSON": "SERIALIZER.to_json(INSTANCE)",
    "a dict to JSON": "to_json(DATA)",
}
