/* The benchmark module, handwritten for speed against CPython's C API: METH_FASTCALL, METH_O and
 * METH_NOARGS, heap types, multi-phase initialization, module state, per-interpreter GIL. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    PyTypeObject *num_type;
    PyTypeObject *items_type;
    PyObject *name_a;
    PyObject *name_b;
} State;

typedef struct {
    PyObject_HEAD
    long long x;
} Num;

typedef struct {
    PyObject_HEAD
    long long next;
    long long end;
} Items;

static struct PyModuleDef module_def;

static int
to_long_long(PyObject *object, long long *value)
{
    *value = PyLong_AsLongLong(object);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

static int
to_double(PyObject *object, double *value)
{
    *value = PyFloat_AsDouble(object);
    return *value == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int
wrong_count(const char *name, Py_ssize_t expected, Py_ssize_t given)
{
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, expected, given);
    return -1;
}

/* ---- functions ---- */

static PyObject *
nothing(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    Py_RETURN_NONE;
}

static PyObject *
add(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    long long a, b;
    if (count != 2) {
        wrong_count("add", 2, count);
        return NULL;
    }
    if (to_long_long(args[0], &a) < 0 || to_long_long(args[1], &b) < 0) {
        return NULL;
    }
    return PyLong_FromLongLong((long long)((unsigned long long)a + (unsigned long long)b));
}

static int
is_name(PyObject *keyword, PyObject *name)
{
    return keyword == name ? 1 : PyUnicode_Compare(keyword, name) == 0 && !PyErr_Occurred();
}

static PyObject *
int_kw(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    State *state = PyModule_GetState(module);
    PyObject *found[2] = {NULL, NULL};
    long long a, b = 1;
    if (count > 2) {
        wrong_count("int_kw", 2, count);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        found[i] = args[i];
    }
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, i);
        int index = is_name(keyword, state->name_b) ? 1 : is_name(keyword, state->name_a) ? 0 : -1;
        if (index < 0 || found[index] != NULL) {
            PyErr_Format(PyExc_TypeError, "int_kw() got an unexpected keyword argument '%U'", keyword);
            return NULL;
        }
        found[index] = args[count + i];
    }
    if (found[0] == NULL) {
        wrong_count("int_kw", 1, 0);
        return NULL;
    }
    if (to_long_long(found[0], &a) < 0 || (found[1] != NULL && to_long_long(found[1], &b) < 0)) {
        return NULL;
    }
    return PyLong_FromLongLong((long long)((unsigned long long)a - (unsigned long long)b));
}

static PyObject *
eight(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    long long a, e, g = 0;
    double b, f;
    Py_ssize_t c, h;
    if (count != 8) {
        wrong_count("eight", 8, count);
        return NULL;
    }
    if (to_long_long(args[0], &a) < 0 || to_double(args[1], &b) < 0 ||
        PyUnicode_AsUTF8AndSize(args[2], &c) == NULL) {
        return NULL;
    }
    if (!PyBool_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "the fourth argument must be a bool");
        return NULL;
    }
    if (to_long_long(args[4], &e) < 0 || to_double(args[5], &f) < 0) {
        return NULL;
    }
    if (e < INT32_MIN || e > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the fifth argument does not fit in 32 bits");
        return NULL;
    }
    if ((args[6] != Py_None && to_long_long(args[6], &g) < 0) ||
        PyUnicode_AsUTF8AndSize(args[7], &h) == NULL) {
        return NULL;
    }
    return PyLong_FromLongLong(a + (long long)b + c + (args[3] == Py_True) + e + (long long)f + g + h);
}

static PyObject *
varargs(PyObject *Py_UNUSED(module), PyObject *args, PyObject *keywords)
{
    return PyLong_FromSsize_t(PyTuple_GET_SIZE(args) +
                              (keywords == NULL ? 0 : PyDict_GET_SIZE(keywords)));
}

static PyObject *
str_len(PyObject *Py_UNUSED(module), PyObject *text)
{
    Py_ssize_t size;
    if (PyUnicode_AsUTF8AndSize(text, &size) == NULL) {
        return NULL;
    }
    return PyLong_FromSsize_t(size);
}

static PyObject *
text(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    static const char value[] = "some text of ASCII letters";
    return PyUnicode_FromStringAndSize(value, sizeof(value) - 1);
}

static PyObject *
list_sum(PyObject *Py_UNUSED(module), PyObject *list)
{
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "list_sum() takes a list");
        return NULL;
    }
    Py_ssize_t size = PyList_GET_SIZE(list);
    long long *values = malloc(size == 0 ? 1 : (size_t)size * sizeof(long long));
    if (values == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t count = 0;
    /* Rereads the size each time: an item's __index__ may change the list. */
    for (; count < size && count < PyList_GET_SIZE(list); count++) {
        if (to_long_long(PyList_GET_ITEM(list, count), &values[count]) < 0) {
            free(values);
            return NULL;
        }
    }
    unsigned long long sum = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        sum += (unsigned long long)values[i];
    }
    free(values);
    return PyLong_FromLongLong((long long)sum);
}

static PyObject *
floats(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    double *values = malloc(100 * sizeof(double));
    if (values == NULL) {
        return PyErr_NoMemory();
    }
    for (int i = 0; i < 100; i++) {
        values[i] = i;
    }
    PyObject *list = PyList_New(100);
    for (int i = 0; list != NULL && i < 100; i++) {
        PyObject *item = PyFloat_FromDouble(values[i]);
        if (item == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, item);
        }
    }
    free(values);
    return list;
}

/* A map from strings to ints, with open addressing; it owns its keys. */
typedef struct {
    char *key;
    size_t size;
    uint64_t hash;
    long long value;
} Entry;

static uint64_t
hash_of(const char *key, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    }
    return hash;
}

static int
map_insert(Entry *map, size_t mask, const char *key, size_t size, long long value)
{
    uint64_t hash = hash_of(key, size);
    size_t at = hash & mask;
    for (; map[at].key != NULL; at = (at + 1) & mask) {
        if (map[at].hash == hash && map[at].size == size && memcmp(map[at].key, key, size) == 0) {
            map[at].value = value;
            return 0;
        }
    }
    map[at].key = malloc(size == 0 ? 1 : size);
    if (map[at].key == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(map[at].key, key, size);
    map[at].size = size;
    map[at].hash = hash;
    map[at].value = value;
    return 0;
}

static PyObject *
dict_sum(PyObject *Py_UNUSED(module), PyObject *dict)
{
    if (!PyDict_Check(dict)) {
        PyErr_SetString(PyExc_TypeError, "dict_sum() takes a dict");
        return NULL;
    }
    Py_ssize_t count = PyDict_GET_SIZE(dict);
    size_t capacity = 8;
    while (capacity < (size_t)count * 2) {
        capacity *= 2;
    }
    Entry *map = calloc(capacity, sizeof(Entry));
    if (map == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *key, *value, *result = NULL;
    Py_ssize_t position = 0, size, left = count;
    while (left-- > 0 && PyDict_Next(dict, &position, &key, &value)) {
        long long number;
        const char *utf8 = PyUnicode_AsUTF8AndSize(key, &size);
        if (utf8 == NULL || to_long_long(value, &number) < 0 ||
            map_insert(map, capacity - 1, utf8, (size_t)size, number) < 0) {
            goto done;
        }
    }
    unsigned long long sum = 0;
    for (size_t i = 0; i < capacity; i++) {
        if (map[i].key != NULL) {
            sum += (unsigned long long)map[i].value;
        }
    }
    result = PyLong_FromLongLong((long long)sum);
done:
    for (size_t i = 0; i < capacity; i++) {
        free(map[i].key);
    }
    free(map);
    return result;
}

static PyObject *
fail(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyErr_SetString(PyExc_ValueError, "no");
    return NULL;
}

static PyObject *
call(PyObject *Py_UNUSED(module), PyObject *function)
{
    PyObject *one = PyLong_FromLong(1);
    if (one == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallOneArg(function, one);
    Py_DECREF(one);
    if (result == NULL) {
        return NULL;
    }
    long long value;
    int status = to_long_long(result, &value);
    Py_DECREF(result);
    return status < 0 ? NULL : PyLong_FromLongLong(value);
}

/* ---- Num ---- */

static PyObject *
num_from(PyTypeObject *type, long long x)
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL) {
        ((Num *)self)->x = x;
    }
    return self;
}

static PyObject *
num_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    long long x;
    if (PyTuple_GET_SIZE(args) == 1 && (keywords == NULL || PyDict_GET_SIZE(keywords) == 0)) {
        if (to_long_long(PyTuple_GET_ITEM(args, 0), &x) < 0) {
            return NULL;
        }
    }
    else {
        static char *names[] = {"x", NULL};
        if (!PyArg_ParseTupleAndKeywords(args, keywords, "L:Num", names, &x)) {
            return NULL;
        }
    }
    return num_from(type, x);
}

static void
num_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
num_value(PyObject *self, PyObject *Py_UNUSED(none))
{
    return PyLong_FromLongLong(((Num *)self)->x);
}

static PyObject *
num_plus(PyObject *self, PyObject *other)
{
    long long value;
    if (to_long_long(other, &value) < 0) {
        return NULL;
    }
    unsigned long long x = (unsigned long long)((Num *)self)->x;
    return PyLong_FromLongLong((long long)(x + (unsigned long long)value));
}

static PyObject *
num_get_x(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(((Num *)self)->x);
}

static int
num_set_x(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete attribute");
        return -1;
    }
    return to_long_long(value, &((Num *)self)->x);
}

static PyObject *
num_add(PyObject *left, PyObject *right)
{
    /* The operand whose class is a Num or a subclass leads to the module state. */
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(left), &module_def);
    if (module == NULL) {
        PyErr_Clear();
        Py_RETURN_NOTIMPLEMENTED;
    }
    State *state = PyModule_GetState(module);
    if (!PyObject_TypeCheck(left, state->num_type) || !PyObject_TypeCheck(right, state->num_type)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    unsigned long long a = (unsigned long long)((Num *)left)->x;
    unsigned long long b = (unsigned long long)((Num *)right)->x;
    return num_from(state->num_type, (long long)(a + b));
}

static Py_ssize_t
num_length(PyObject *self)
{
    return (Py_ssize_t)((Num *)self)->x;
}

static PyObject *
num_subscript(PyObject *self, PyObject *index)
{
    Py_ssize_t value = PyNumber_AsSsize_t(index, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) {
        return NULL;
    }
    unsigned long long x = (unsigned long long)((Num *)self)->x;
    return PyLong_FromLongLong((long long)(x + (unsigned long long)value));
}

static PyObject *
num_compare(PyObject *left, PyObject *right, int op)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(left), &module_def);
    if (module == NULL) {
        return NULL;
    }
    State *state = PyModule_GetState(module);
    if (!PyObject_TypeCheck(right, state->num_type) || (op != Py_EQ && op != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return PyBool_FromLong((((Num *)left)->x == ((Num *)right)->x) == (op == Py_EQ));
}

static PyMethodDef num_methods[] = {
    {"value", num_value, METH_NOARGS, NULL},
    {"plus", num_plus, METH_O, NULL},
    {NULL},
};

static PyGetSetDef num_getset[] = {
    {"x", num_get_x, num_set_x, NULL, NULL},
    {NULL},
};

static PyType_Slot num_slots[] = {
    {Py_tp_doc, "An int."},
    {Py_tp_new, num_new},
    {Py_tp_dealloc, num_dealloc},
    {Py_tp_methods, num_methods},
    {Py_tp_getset, num_getset},
    {Py_tp_richcompare, num_compare},
    {Py_nb_add, num_add},
    {Py_mp_length, num_length},
    {Py_mp_subscript, num_subscript},
    {0, NULL},
};

static PyType_Spec num_spec = {
    .name = "bench_c.Num",
    .basicsize = sizeof(Num),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = num_slots,
};

static PyObject *
through(PyObject *module, PyObject *num)
{
    State *state = PyModule_GetState(module);
    if (!PyObject_TypeCheck(num, state->num_type)) {
        PyErr_SetString(PyExc_TypeError, "through() takes a Num");
        return NULL;
    }
    return num_from(state->num_type, ((Num *)num)->x);
}

/* ---- Items ---- */

static PyObject *
items_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"end", NULL};
    long long end;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "L:Items", names, &end)) {
        return NULL;
    }
    Items *self = (Items *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->next = 0;
        self->end = end;
    }
    return (PyObject *)self;
}

static PyObject *
items_next(PyObject *object)
{
    Items *self = (Items *)object;
    if (self->next == self->end) {
        return NULL;
    }
    return PyLong_FromLongLong(self->next++);
}

static PyType_Slot items_slots[] = {
    {Py_tp_doc, "The ints from 0 on, as an iterator."},
    {Py_tp_new, items_new},
    {Py_tp_dealloc, num_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, items_next},
    {0, NULL},
};

static PyType_Spec items_spec = {
    .name = "bench_c.Items",
    .basicsize = sizeof(Items),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = items_slots,
};

/* ---- the module ---- */

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->name_a = PyUnicode_InternFromString("a");
    state->name_b = PyUnicode_InternFromString("b");
    state->num_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &num_spec, NULL);
    state->items_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &items_spec, NULL);
    if (state->name_a == NULL || state->name_b == NULL || state->num_type == NULL ||
        state->items_type == NULL || PyModule_AddType(module, state->num_type) < 0 ||
        PyModule_AddType(module, state->items_type) < 0) {
        return -1;
    }
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->num_type);
    Py_VISIT(state->items_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->num_type);
    Py_CLEAR(state->items_type);
    Py_CLEAR(state->name_a);
    Py_CLEAR(state->name_b);
    return 0;
}

static void
module_free(void *module)
{
    module_clear((PyObject *)module);
}

static PyMethodDef module_methods[] = {
    {"nothing", nothing, METH_NOARGS, NULL},
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL},
    {"int_kw", (PyCFunction)(void (*)(void))int_kw, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"eight", (PyCFunction)(void (*)(void))eight, METH_FASTCALL, NULL},
    {"varargs", (PyCFunction)(void (*)(void))varargs, METH_VARARGS | METH_KEYWORDS, NULL},
    {"str_len", str_len, METH_O, NULL},
    {"text", text, METH_NOARGS, NULL},
    {"list_sum", list_sum, METH_O, NULL},
    {"floats", floats, METH_NOARGS, NULL},
    {"dict_sum", dict_sum, METH_O, NULL},
    {"fail", fail, METH_NOARGS, NULL},
    {"call", call, METH_O, NULL},
    {"through", through, METH_O, NULL},
    {NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bench_c",
    .m_doc = "The benchmark module.",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit_bench_c(void)
{
    return PyModuleDef_Init(&module_def);
}
