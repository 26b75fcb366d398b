// The cost of pybind11's per-interpreter state, references and the GIL.

#include <cstddef>
#include <ctime>
#include <optional>
#include <string>
#include <thread>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace {

// Returns the CPU seconds of this thread.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Keeps the compiler from optimizing `value` away.
template <typename T> void keep(const T &value) { asm volatile("" : : "r"(&value) : "memory"); }

template <typename F> double timed(std::size_t count, F f) {
    double start = now();
    for (std::size_t i = 0; i < count; i++) {
        f();
    }
    return now() - start;
}

std::optional<double> run(const std::string &row, std::size_t count) {
    if (row == "empty") {
        return timed(count, [] { keep(0); });
    }
    if (row == "fallback") {
        return timed(count, [] { keep(py::detail::get_internals()); });
    }
    if (row == "attach-attached") {
        return timed(count, [] { py::gil_scoped_acquire attached; });
    }
    if (row == "attach-foreign") {
        double seconds = 0;
        py::gil_scoped_release detached;
        std::thread([&] {
            seconds = timed(count, [] { py::gil_scoped_acquire attached; });
        }).join();
        return seconds;
    }
    if (row == "clone-and-drop") {
        py::object object = py::none();
        return timed(count, [&] {
            py::object other = object;
            keep(other);
        });
    }
    return std::nullopt;
}

} // namespace

PYBIND11_MODULE(bench_internals_pybind11, m, py::mod_gil_not_used(),
                py::multiple_interpreters::per_interpreter_gil()) {
    m.def("run", &run);
}
