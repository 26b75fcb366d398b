/* The module of src/lib.rs as a C programmer would write it: multi-phase initialization, one set of
* types per interpreter, only tables are static. `cargo xtask leaks` compares with it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>

typedef struct {
    PyObject *failure, *refusal, *once, *steps, *point;
    long long calls;
} State;

static struct PyModuleDef definition;

static State *state_of(PyObject *module) { return PyModule_GetState(module); }

static State *state_of_type(PyTypeObject *type) {
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    return module == NULL ? NULL : state_of(module);
}

/* Functions. */

static PyObject *nothing(PyObject *m, PyObject *unused) { Py_RETURN_NONE; }

static PyObject *one(PyObject *m, PyObject *argument) {
    long long number = PyLong_AsLongLong(argument);
    return number == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(number + 1);
}

static PyObject *two(PyObject *m, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"first", "second", NULL};
    long long first, second;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "LL", names, &first, &second)) return NULL;
    return PyLong_FromLongLong(first + second);
}

static PyObject *shapes(PyObject *m, PyObject *args, PyObject *kwargs) {
    long long first, second = 2, third = 3;
    Py_ssize_t given = PyTuple_Size(args), others = kwargs ? PyDict_Size(kwargs) : 0;
    PyObject *named = kwargs ? PyDict_GetItemString(kwargs, "third") : NULL;
    if (given < 1) {
        PyErr_SetString(PyExc_TypeError, "first is missing");
        return NULL;
    }
    first = PyLong_AsLongLong(PyTuple_GetItem(args, 0));
    if (given > 1) second = PyLong_AsLongLong(PyTuple_GetItem(args, 1));
    if (named != NULL) {
        third = PyLong_AsLongLong(named);
        others -= 1;
    }
    if (PyErr_Occurred()) return NULL;
    return PyLong_FromLongLong(first + second + third + (given > 2 ? given - 2 : 0) + others);
}

static PyObject *name(PyObject *m, PyObject *unused) {
    return PyObject_GetAttrString(m, "__name__");
}

static PyObject *fails(PyObject *m, PyObject *unused) {
    PyErr_SetString(state_of(m)->refusal, "refused");
    return NULL;
}

static PyObject *call_back(PyObject *m, PyObject *function) {
    return PyObject_CallFunction(function, "i", 1);
}

static PyObject *count(PyObject *m, PyObject *unused) {
    return PyLong_FromLongLong(++state_of(m)->calls);
}

static PyObject *once(PyObject *m, PyObject *unused) {
    State *state = state_of(m);
    if (state->once == NULL) state->once = Py_BuildValue("{ss}", "made", "once");
    return Py_XNewRef(state->once);
}

static PyMethodDef functions[] = {
    {"nothing", nothing, METH_NOARGS, NULL},
    {"one", one, METH_O, NULL},
    {"two", (PyCFunction)(void (*)(void))two, METH_VARARGS | METH_KEYWORDS, NULL},
    {"shapes", (PyCFunction)(void (*)(void))shapes, METH_VARARGS | METH_KEYWORDS, NULL},
    {"name", name, METH_NOARGS, NULL},
    {"fails", fails, METH_NOARGS, NULL},
    {"call_back", call_back, METH_O, NULL},
    {"count", count, METH_NOARGS, NULL},
    {"once", once, METH_NOARGS, NULL},
    {NULL},
};

/* Common to all classes. */

static void dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (PyType_IS_GC(type)) PyObject_GC_UnTrack(self);
    if (type->tp_clear != NULL) type->tp_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static int traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}

#define CLASS(NAME, SIZE, FLAGS, ...)                                                            \
    static PyType_Slot NAME##_slots[] = {                                                        \
        {Py_tp_dealloc, dealloc}, __VA_ARGS__, {0, NULL}};                                       \
    static PyType_Spec NAME##_spec = {                                                           \
        "leaks_c." #NAME, SIZE, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | FLAGS, NAME##_slots}

/* Point. */

typedef struct {
    PyObject_HEAD
    double x, y;
    PyObject *dict, *weakrefs;
} Point;

static PyObject *point_make(PyTypeObject *type, double x, double y) {
    Point *self = (Point *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->x = x;
        self->y = y;
    }
    return (PyObject *)self;
}

static PyObject *point_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"x", "y", NULL};
    double x = 0, y = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|dd", names, &x, &y)) return NULL;
    return point_make(type, x, y);
}

static int point_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Point *)self)->dict);
    return traverse(self, visit, arg);
}

static int point_clear(PyObject *self) {
    Py_CLEAR(((Point *)self)->dict);
    return 0;
}

static void point_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    if (((Point *)self)->weakrefs != NULL) PyObject_ClearWeakRefs(self);
    PyTypeObject *type = Py_TYPE(self);
    point_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

#define FIELD(NAME)                                                                              \
    static PyObject *point_get_##NAME(PyObject *self, void *unused) {                            \
        return PyFloat_FromDouble(((Point *)self)->NAME);                                        \
    }                                                                                            \
    static int point_set_##NAME(PyObject *self, PyObject *value, void *unused) {                 \
        ((Point *)self)->NAME = PyFloat_AsDouble(value);                                         \
        return PyErr_Occurred() ? -1 : 0;                                                        \
    }
FIELD(x)
FIELD(y)

static PyGetSetDef point_fields[] = {
    {"x", point_get_x, point_set_x, NULL, NULL},
    {"y", point_get_y, point_set_y, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL},
};

static PyObject *point_diagonal(PyObject *self, PyTypeObject *type, PyObject *const *args,
                                Py_ssize_t given, PyObject *names) {
    double x = given == 1 ? PyFloat_AsDouble(args[0]) : 0;
    return PyErr_Occurred() ? NULL : point_make(type, x, x);
}

static PyObject *point_class_name(PyObject *type, PyObject *unused) {
    return PyObject_GetAttrString(type, "__name__");
}

static PyObject *point_moved(PyObject *self, PyObject *by) {
    Point *a = (Point *)self, *b = (Point *)by;
    State *state = state_of_type(Py_TYPE(self));
    if (state == NULL) return NULL;
    PyTypeObject *type = (PyTypeObject *)state->point;
    if (!PyObject_TypeCheck(by, type)) return PyErr_Format(PyExc_TypeError, "not a Point");
    return point_make(type, a->x + b->x, a->y + b->y);
}

static PyMethodDef point_methods[] = {
    {"diagonal", (PyCFunction)(void (*)(void))point_diagonal,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS | METH_CLASS, NULL},
    {"class_name", point_class_name, METH_NOARGS | METH_CLASS, NULL},
    {"moved", point_moved, METH_O, NULL},
    {NULL},
};

static PyMemberDef point_members[] = {
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(Point, dict), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Point, weakrefs), Py_READONLY, NULL},
    {NULL},
};

static PyObject *point_repr(PyObject *self) {
    char text[80];
    PyOS_snprintf(text, sizeof text, "Point(%g, %g)", ((Point *)self)->x, ((Point *)self)->y);
    return PyUnicode_FromString(text);
}

static PyObject *point_compare(PyObject *self, PyObject *other, int op) {
    Point *a = (Point *)self, *b = (Point *)other;
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, Py_TYPE(self)))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((a->x == b->x && a->y == b->y) == (op == Py_EQ));
}

CLASS(Point, sizeof(Point), Py_TPFLAGS_BASETYPE, {Py_tp_new, point_new},
      {Py_tp_traverse, point_traverse}, {Py_tp_clear, point_clear}, {Py_tp_dealloc, point_dealloc},
      {Py_tp_getset, point_fields}, {Py_tp_methods, point_methods}, {Py_tp_members, point_members},
      {Py_tp_repr, point_repr}, {Py_tp_richcompare, point_compare});

/* Classes that wrap one number. */

typedef struct {
    PyObject_HEAD
    long long number;
} Holder;

#define NUMBER(SELF) (((Holder *)(SELF))->number)

static PyObject *holder_make(PyTypeObject *type, long long number) {
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL) NUMBER(self) = number;
    return self;
}

static PyObject *holder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    long long number;
    if (!PyArg_ParseTuple(args, "L", &number)) return NULL;
    return holder_make(type, number);
}

static Py_hash_t frozen_hash(PyObject *self) { return NUMBER(self) == -1 ? -2 : NUMBER(self); }

static PyObject *frozen_compare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, Py_TYPE(self)))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((NUMBER(self) == NUMBER(other)) == (op == Py_EQ));
}

CLASS(Frozen, sizeof(Holder), 0, {Py_tp_new, holder_new}, {Py_tp_traverse, traverse},
      {Py_tp_hash, frozen_hash}, {Py_tp_richcompare, frozen_compare});

static PyObject *with(PyObject *self, PyObject *other, int sign) {
    long long number;
    if (!PyLong_Check(other)) Py_RETURN_NOTIMPLEMENTED;
    number = PyLong_AsLongLong(other);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(NUMBER(self) + sign * number);
}
static PyObject *number_add(PyObject *self, PyObject *other) { return with(self, other, 1); }
static PyObject *number_sub(PyObject *self, PyObject *other) { return with(self, other, -1); }
static PyObject *number_neg(PyObject *self) { return PyLong_FromLongLong(-NUMBER(self)); }
static PyObject *number_int(PyObject *self) { return PyLong_FromLongLong(NUMBER(self)); }

CLASS(Number, sizeof(Holder), 0, {Py_tp_new, holder_new}, {Py_tp_traverse, traverse},
      {Py_nb_add, number_add}, {Py_nb_subtract, number_sub}, {Py_nb_negative, number_neg},
      {Py_nb_int, number_int});

static PyObject *adder_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    long long number;
    if (!PyArg_ParseTuple(args, "L", &number)) return NULL;
    return PyLong_FromLongLong(NUMBER(self) + number);
}

CLASS(Adder, sizeof(Holder), 0, {Py_tp_new, holder_new}, {Py_tp_traverse, traverse},
      {Py_tp_call, adder_call});

static Py_ssize_t series_len(PyObject *self) { return (Py_ssize_t)NUMBER(self); }
static PyObject *series_item(PyObject *self, Py_ssize_t index) {
    if (index < 0 || index >= NUMBER(self)) {
        PyErr_SetString(PyExc_IndexError, "out of range");
        return NULL;
    }
    return PyLong_FromSsize_t(index);
}
static int series_contains(PyObject *self, PyObject *value) {
    long long number = PyLong_AsLongLong(value);
    return PyErr_Occurred() ? -1 : number >= 0 && number < NUMBER(self);
}
static PyObject *series_iter(PyObject *self) {
    State *state = state_of_type(Py_TYPE(self));
    return state ? holder_make((PyTypeObject *)state->steps, NUMBER(self)) : NULL;
}

CLASS(Series, sizeof(Holder), 0, {Py_tp_new, holder_new}, {Py_tp_traverse, traverse},
      {Py_sq_length, series_len}, {Py_sq_item, series_item}, {Py_sq_contains, series_contains},
      {Py_tp_iter, series_iter});

static PyObject *steps_next(PyObject *self) {
    return NUMBER(self) == 0 ? NULL : PyLong_FromLongLong(--NUMBER(self));
}

CLASS(Steps, sizeof(Holder), Py_TPFLAGS_DISALLOW_INSTANTIATION, {Py_tp_traverse, traverse},
      {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, steps_next});

CLASS(Color, sizeof(Holder), Py_TPFLAGS_DISALLOW_INSTANTIATION, {Py_tp_traverse, traverse},
      {Py_nb_int, number_int}, {Py_tp_hash, frozen_hash}, {Py_tp_richcompare, frozen_compare});

/* Node. */

typedef struct {
    PyObject_HEAD
    PyObject *next;
} Node;

static PyObject *node_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    return type->tp_alloc(type, 0);
}
static int node_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Node *)self)->next);
    return traverse(self, visit, arg);
}
static int node_clear(PyObject *self) {
    Py_CLEAR(((Node *)self)->next);
    return 0;
}
static PyMemberDef node_members[] = {
    {"next", Py_T_OBJECT_EX, offsetof(Node, next), 0, NULL},
    {NULL},
};

CLASS(Node, sizeof(Node), 0, {Py_tp_new, node_new}, {Py_tp_traverse, node_traverse},
      {Py_tp_clear, node_clear}, {Py_tp_members, node_members});

/* Tagged extends dict: its size is that of dict plus a number. */

static PyObject *tagged_tag(PyObject *self, void *unused) { return PyLong_FromLong(5); }
static PyGetSetDef tagged_fields[] = {{"tag", tagged_tag, NULL, NULL, NULL}, {NULL}};
static PyType_Slot Tagged_slots[] = {{Py_tp_getset, tagged_fields}, {0, NULL}};
static PyType_Spec Tagged_spec = {"leaks_c.Tagged", 0, 0, Py_TPFLAGS_DEFAULT, Tagged_slots};

/* The module. */

static PyObject *add_class(PyObject *m, PyType_Spec *spec, PyObject *base) {
    PyObject *type = PyType_FromModuleAndSpec(m, spec, base);
    if (type != NULL && PyModule_AddType(m, (PyTypeObject *)type) < 0) Py_CLEAR(type);
    return type;
}

static int exec(PyObject *m) {
    State *state = state_of(m);
    PyType_Spec *plain[] = {&Frozen_spec, &Number_spec, &Adder_spec, &Series_spec, &Node_spec};
    PyObject *type;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if ((type = add_class(m, plain[i], NULL)) == NULL) return -1;
        Py_DECREF(type);
    }
    if ((type = add_class(m, &Tagged_spec, (PyObject *)&PyDict_Type)) == NULL) return -1;
    Py_DECREF(type);
    if ((state->steps = add_class(m, &Steps_spec, NULL)) == NULL) return -1;
    if ((state->point = add_class(m, &Point_spec, NULL)) == NULL) return -1;
    PyObject *two = PyLong_FromLong(2);
    if (PyObject_SetAttrString(state->point, "DIMENSIONS", two) < 0) return -1;
    Py_DECREF(two);
    if ((type = add_class(m, &Color_spec, NULL)) == NULL) return -1;
    static const char *const colors[] = {"Red", "Green", "Blue"};
    for (int i = 0; i < 3; i++) {
        PyObject *color = holder_make((PyTypeObject *)type, i + 1);
        if (color == NULL || PyObject_SetAttrString(type, colors[i], color) < 0) return -1;
        Py_DECREF(color);
    }
    Py_DECREF(type);
    state->failure = PyErr_NewException("leaks_c.Failure", NULL, NULL);
    if (state->failure == NULL) return -1;
    state->refusal = PyErr_NewException("leaks_c.Refusal", state->failure, NULL);
    if (state->refusal == NULL) return -1;
    if (PyModule_AddObjectRef(m, "Failure", state->failure) < 0) return -1;
    if (PyModule_AddObjectRef(m, "Refusal", state->refusal) < 0) return -1;
    return PyModule_AddIntConstant(m, "ANSWER", 42);
}

static int module_traverse(PyObject *m, visitproc visit, void *arg) {
    State *state = state_of(m);
    Py_VISIT(state->failure);
    Py_VISIT(state->refusal);
    Py_VISIT(state->once);
    Py_VISIT(state->steps);
    Py_VISIT(state->point);
    return 0;
}

static int module_clear(PyObject *m) {
    State *state = state_of(m);
    Py_CLEAR(state->failure);
    Py_CLEAR(state->refusal);
    Py_CLEAR(state->once);
    Py_CLEAR(state->steps);
    Py_CLEAR(state->point);
    return 0;
}

static void module_free(void *m) { module_clear(m); }

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "leaks_c",  NULL,         sizeof(State), functions, slots,
    module_traverse,       module_clear, module_free,
};

PyMODINIT_FUNC PyInit_leaks_c(void) { return PyModuleDef_Init(&definition); }
