/* The fuzzer's process: libFuzzer with an embedded Python that imports the instrumented core. FUZZ_PATH: sys.path. */
#include <Python.h>

static int (*fuzz_one)(const uint8_t *, size_t);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    Py_Initialize();
    PyObject *module = PyImport_ImportModule("spcore.fuzz_harness");
    PyObject *entry = module ? PyObject_GetAttrString(module, "entry") : NULL;
    if (!entry) {
        PyErr_Print();
        exit(2);
    }
    *(void **)&fuzz_one = PyCapsule_GetPointer(entry, "fuzz_one");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_one(data, size);
    if (PyErr_Occurred()) {
        PyErr_Print();
        abort();
    }
    return 0;
}
