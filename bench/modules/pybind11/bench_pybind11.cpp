// The benchmark module made with pybind11.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "../cpp/items.h"

namespace py = pybind11;

PYBIND11_MODULE(bench_pybind11, m, py::mod_gil_not_used(),
                py::multiple_interpreters::per_interpreter_gil()) {
    m.doc() = "The benchmark module.";
    m.def("nothing", &nothing);
    m.def("add", &add);
    m.def("int_kw", &int_kw, py::arg("a"), py::arg("b") = 1);
    m.def("eight", &eight);
    m.def("varargs", [](const py::args &args, const py::kwargs &kwargs) {
        return args.size() + kwargs.size();
    });
    m.def("str_len", &str_len);
    m.def("text", &text);
    m.def("list_sum", &list_sum);
    m.def("floats", &floats);
    m.def("dict_sum", &dict_sum);
    m.def("fail", [] { throw py::value_error("no"); });
    m.def("call", [](const py::object &function) { return function(1).cast<std::int64_t>(); });

    py::class_<Num>(m, "Num")
        .def(py::init<std::int64_t>())
        .def_readwrite("x", &Num::x)
        .def("value", &Num::value)
        .def("plus", &Num::plus)
        .def(py::self + py::self)
        .def(py::self == py::self)
        .def("__len__", &Num::length)
        .def("__getitem__", &Num::item);
    m.def("through", &through);

    py::class_<Items>(m, "Items")
        .def(py::init<std::int64_t>())
        .def(
            "__iter__",
            [](const Items &items) { return py::make_iterator(items.begin(), items.end()); },
            py::keep_alive<0, 1>());
}
