/* The module of src/lib.rs as a C programmer would write it, with the C API only: multi-phase
* initialization, classes and values in the module's state, threads with thread states of their own.
* `cargo xtask hosts` compares with it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

typedef struct Ticker {
    PyInterpreterState *interpreter;
    PyObject *function;
    long milliseconds;
    pthread_t thread;
    atomic_int stop;
    struct Ticker *next;
} Ticker;

typedef struct {
    PyObject *limit_exceeded, *memory;
    long long calls;
    Ticker *tickers;
} State;

static struct PyModuleDef definition;

/* One per process. */
static atomic_llong process_calls, ticks, tickers;

static State *state_of(PyObject *module) { return PyModule_GetState(module); }

/* Counter. */

typedef struct {
    PyObject_HEAD
    unsigned long long limit, value;
    PyObject *listener;
} Counter;

static PyObject *counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"limit", NULL};
    unsigned long long limit;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &limit)) return NULL;
    Counter *self = (Counter *)type->tp_alloc(type, 0);
    if (self != NULL) self->limit = limit;
    return (PyObject *)self;
}

static int counter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Counter *)self)->listener);
    return 0;
}

static int counter_clear(PyObject *self) {
    Py_CLEAR(((Counter *)self)->listener);
    return 0;
}

static void counter_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    counter_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *counter_add(PyObject *object, PyTypeObject *type, PyObject *const *args,
                             Py_ssize_t given, PyObject *names) {
    Counter *self = (Counter *)object;
    if (given != 1 || names != NULL) {
        PyErr_SetString(PyExc_TypeError, "add() takes one positional argument");
        return NULL;
    }
    unsigned long long sum = PyLong_AsUnsignedLongLong(args[0]);
    if (PyErr_Occurred()) return NULL;
    sum = sum > ULLONG_MAX - self->value ? ULLONG_MAX : sum + self->value;
    if (sum > self->limit) {
        State *state = PyType_GetModuleState(type);
        return PyErr_Format(state->limit_exceeded, "%llu is above %llu", sum, self->limit);
    }
    self->value = sum;
    if (self->listener != NULL && self->listener != Py_None) {
        PyObject *listener = Py_NewRef(self->listener);
        PyObject *result = PyObject_CallFunction(listener, "K", sum);
        Py_DECREF(listener);
        if (result == NULL) return NULL;
        Py_DECREF(result);
    }
    return PyLong_FromUnsignedLongLong(sum);
}

static PyObject *counter_value(PyObject *self, void *unused) {
    return PyLong_FromUnsignedLongLong(((Counter *)self)->value);
}

static PyObject *counter_listener(PyObject *self, void *unused) {
    PyObject *listener = ((Counter *)self)->listener;
    return Py_NewRef(listener == NULL ? Py_None : listener);
}

static int counter_set_listener(PyObject *self, PyObject *value, void *unused) {
    Py_XSETREF(((Counter *)self)->listener, Py_XNewRef(value));
    return 0;
}

static PyMethodDef counter_methods[] = {
    {"add", (PyCFunction)(void (*)(void))counter_add, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     NULL},
    {NULL},
};
static PyGetSetDef counter_fields[] = {
    {"value", counter_value, NULL, NULL, NULL},
    {"listener", counter_listener, counter_set_listener, NULL, NULL},
    {NULL},
};
static PyType_Slot counter_slots[] = {
    {Py_tp_new, counter_new},         {Py_tp_dealloc, counter_dealloc},
    {Py_tp_clear, counter_clear},     {Py_tp_traverse, counter_traverse},
    {Py_tp_methods, counter_methods}, {Py_tp_getset, counter_fields},
    {0, NULL},
};
static PyType_Spec counter_spec = {
    "probe.Counter", sizeof(Counter), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, counter_slots};

/* Block: its bytes are in a bytes object. */

typedef struct {
    PyObject_HEAD
    PyObject *bytes;
} Block;

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"bytes", NULL};
    PyObject *bytes;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S", names, &bytes)) return NULL;
    Block *self = (Block *)type->tp_alloc(type, 0);
    if (self != NULL) self->bytes = Py_NewRef(bytes);
    return (PyObject *)self;
}

static void block_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    Py_CLEAR(((Block *)self)->bytes);
    type->tp_free(self);
    Py_DECREF(type);
}

static int block_buffer(PyObject *self, Py_buffer *view, int flags) {
    PyObject *bytes = ((Block *)self)->bytes;
    return PyBuffer_FillInfo(view, self, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), 1,
                             flags);
}

static PyType_Slot block_slots[] = {
    {Py_tp_new, block_new},
    {Py_tp_dealloc, block_dealloc},
    {Py_bf_getbuffer, block_buffer},
    {0, NULL},
};
static PyType_Spec block_spec = {"probe.Block", sizeof(Block), 0, Py_TPFLAGS_DEFAULT, block_slots};

/* Values. */

static PyObject *remember(PyObject *m, PyObject *args) {
    PyObject *key, *value;
    if (!PyArg_ParseTuple(args, "UO", &key, &value)) return NULL;
    atomic_fetch_add(&process_calls, 1);
    state_of(m)->calls += 1;
    if (PyDict_SetItem(state_of(m)->memory, key, value) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *recall(PyObject *m, PyObject *key) {
    PyObject *value = PyDict_GetItemWithError(state_of(m)->memory, key);
    if (value == NULL && PyErr_Occurred()) return NULL;
    return Py_NewRef(value == NULL ? Py_None : value);
}

static PyObject *counts(PyObject *m, PyObject *unused) {
    return Py_BuildValue("(LLLL)", (long long)process_calls, state_of(m)->calls, (long long)ticks,
                         (long long)tickers);
}

static PyObject *interpreter_id(PyObject *m, PyObject *unused) {
    return PyLong_FromLongLong(PyInterpreterState_GetID(PyInterpreterState_Get()));
}

static PyObject *fail_hard(PyObject *m, PyObject *unused) {
    PyErr_SetString(PyExc_RuntimeError, "probe: on purpose");
    return NULL;
}

/* Threads. */

static PyThreadState *enter(PyInterpreterState *interpreter) {
    PyThreadState *thread = PyThreadState_New(interpreter);
    if (thread == NULL) Py_FatalError("probe: no memory for a thread state");
    PyEval_AcquireThread(thread);
    return thread;
}

static void leave(PyThreadState *thread) {
    PyThreadState_Clear(thread);
    PyThreadState_DeleteCurrent();
}

typedef struct {
    PyInterpreterState *interpreter;
    PyObject *function;
    long number, times, done;
    pthread_t thread;
} Caller;

static void *call(void *argument) {
    Caller *caller = argument;
    for (long turn = 0; turn < caller->times; turn++) {
        PyThreadState *thread = enter(caller->interpreter);
        PyObject *result = PyObject_CallFunction(caller->function, "ll", caller->number, turn);
        if (result == NULL)
            PyErr_WriteUnraisable(caller->function);
        else
            caller->done += 1;
        Py_XDECREF(result);
        leave(thread);
    }
    return NULL;
}

static PyObject *call_from_threads(PyObject *m, PyObject *args) {
    PyObject *function;
    long threads, times, done = 0, started = 0;
    if (!PyArg_ParseTuple(args, "Oll", &function, &threads, &times)) return NULL;
    Caller *callers = PyMem_Calloc(threads, sizeof(Caller));
    if (callers == NULL) return PyErr_NoMemory();
    for (; started < threads; started++) {
        Caller *caller = &callers[started];
        *caller = (Caller){PyInterpreterState_Get(), function, started, times};
        if (pthread_create(&caller->thread, NULL, call, caller) != 0) break;
    }
    Py_BEGIN_ALLOW_THREADS
    for (long i = 0; i < started; i++) pthread_join(callers[i].thread, NULL);
    Py_END_ALLOW_THREADS
    for (long i = 0; i < started; i++) done += callers[i].done;
    PyMem_Free(callers);
    return PyLong_FromLong(done);
}

static void *tick(void *argument) {
    Ticker *ticker = argument;
    struct timespec pause = {ticker->milliseconds / 1000, ticker->milliseconds % 1000 * 1000000};
    while (!ticker->stop) {
        PyThreadState *thread = enter(ticker->interpreter);
        PyObject *result = PyObject_CallNoArgs(ticker->function);
        if (result == NULL) PyErr_WriteUnraisable(ticker->function);
        Py_XDECREF(result);
        leave(thread);
        atomic_fetch_add(&ticks, 1);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static PyObject *start_ticker(PyObject *m, PyObject *args) {
    PyObject *function;
    long milliseconds;
    if (!PyArg_ParseTuple(args, "Ol", &function, &milliseconds)) return NULL;
    Ticker *ticker = PyMem_Calloc(1, sizeof(Ticker));
    if (ticker == NULL) return PyErr_NoMemory();
    ticker->interpreter = PyInterpreterState_Get();
    ticker->function = Py_NewRef(function);
    ticker->milliseconds = milliseconds;
    if (pthread_create(&ticker->thread, NULL, tick, ticker) != 0) {
        Py_DECREF(function);
        PyMem_Free(ticker);
        PyErr_SetString(PyExc_RuntimeError, "no thread can be started");
        return NULL;
    }
    atomic_fetch_add(&tickers, 1);
    ticker->next = state_of(m)->tickers;
    state_of(m)->tickers = ticker;
    Py_RETURN_NONE;
}

/* An exit function of the interpreter: nothing may enter it later. */
static PyObject *stop_tickers(PyObject *m, PyObject *unused) {
    State *state = state_of(m);
    while (state->tickers != NULL) {
        Ticker *ticker = state->tickers;
        state->tickers = ticker->next;
        ticker->stop = 1;
        Py_BEGIN_ALLOW_THREADS
        pthread_join(ticker->thread, NULL);
        Py_END_ALLOW_THREADS
        Py_DECREF(ticker->function);
        PyMem_Free(ticker);
        atomic_fetch_sub(&tickers, 1);
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"remember", remember, METH_VARARGS, NULL},
    {"recall", recall, METH_O, NULL},
    {"counts", counts, METH_NOARGS, NULL},
    {"interpreter_id", interpreter_id, METH_NOARGS, NULL},
    {"fail_hard", fail_hard, METH_NOARGS, NULL},
    {"call_from_threads", call_from_threads, METH_VARARGS, NULL},
    {"start_ticker", start_ticker, METH_VARARGS, NULL},
    {"_stop_tickers", stop_tickers, METH_NOARGS, NULL},
    {NULL},
};

/* The module. */

static int add_class(PyObject *m, PyType_Spec *spec) {
    PyObject *type = PyType_FromModuleAndSpec(m, spec, NULL);
    if (type == NULL) return -1;
    int status = PyModule_AddType(m, (PyTypeObject *)type);
    Py_DECREF(type);
    return status;
}

static int stop_tickers_at_exit(PyObject *m) {
    PyObject *atexit = PyImport_ImportModule("atexit");
    PyObject *stop = PyObject_GetAttrString(m, "_stop_tickers");
    PyObject *result =
        atexit && stop ? PyObject_CallMethod(atexit, "register", "O", stop) : NULL;
    Py_XDECREF(atexit);
    Py_XDECREF(stop);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int exec(PyObject *m) {
    State *state = state_of(m);
    if ((state->memory = PyDict_New()) == NULL) return -1;
    state->limit_exceeded = PyErr_NewException("probe.LimitExceeded", PyExc_ValueError, NULL);
    if (state->limit_exceeded == NULL) return -1;
    if (PyModule_AddObjectRef(m, "LimitExceeded", state->limit_exceeded) < 0) return -1;
    if (add_class(m, &counter_spec) < 0 || add_class(m, &block_spec) < 0) return -1;
    if (stop_tickers_at_exit(m) < 0) return -1;
    return PyModule_AddStringConstant(m, "BUILT_WITH", "c");
}

static int module_traverse(PyObject *m, visitproc visit, void *arg) {
    Py_VISIT(state_of(m)->limit_exceeded);
    Py_VISIT(state_of(m)->memory);
    return 0;
}

static int module_clear(PyObject *m) {
    Py_CLEAR(state_of(m)->limit_exceeded);
    Py_CLEAR(state_of(m)->memory);
    return 0;
}

static void module_free(void *m) { module_clear(m); }

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "probe",      NULL,        sizeof(State), functions, slots,
    module_traverse,       module_clear, module_free,
};

PyMODINIT_FUNC PyInit_probe(void) { return PyModuleDef_Init(&definition); }
