/* Controls callgrind from the process that runs under it. Without callgrind, it does nothing. */
#include <Python.h>
#include <valgrind/callgrind.h>

static PyObject *
start(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    CALLGRIND_START_INSTRUMENTATION;
    Py_RETURN_NONE;
}

static PyObject *
stop(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    CALLGRIND_STOP_INSTRUMENTATION;
    Py_RETURN_NONE;
}

static PyObject *
zero(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    CALLGRIND_ZERO_STATS;
    Py_RETURN_NONE;
}

/* Writes the counts since `zero` to a file that contains this text. */
static PyObject *
dump(PyObject *Py_UNUSED(module), PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (text == NULL) {
        return NULL;
    }
    CALLGRIND_DUMP_STATS_AT(text);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"start", start, METH_NOARGS, NULL},
    {"stop", stop, METH_NOARGS, NULL},
    {"zero", zero, METH_NOARGS, NULL},
    {"dump", dump, METH_O, NULL},
    {NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bench_probe",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit_bench_probe(void)
{
    return PyModuleDef_Init(&module_def);
}
