// The benchmark module made with nanobind.

#include <cstdint>

#include <nanobind/make_iterator.h>
#include <nanobind/nanobind.h>
#include <nanobind/operators.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unordered_map.h>
#include <nanobind/stl/vector.h>

#include "../cpp/items.h"

namespace nb = nanobind;

NB_MODULE(bench_nanobind, m) {
    m.doc() = "The benchmark module.";
    m.def("nothing", &nothing);
    m.def("add", &add);
    m.def("int_kw", &int_kw, nb::arg("a"), nb::arg("b") = 1);
    // An argument that may be None must be annotated, which requires annotating all of them.
    m.def("eight", &eight, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
          nb::arg().none(), nb::arg());
    m.def("varargs", [](nb::args args, nb::kwargs kwargs) { return args.size() + kwargs.size(); });
    m.def("str_len", &str_len);
    m.def("text", &text);
    m.def("list_sum", &list_sum);
    m.def("floats", &floats);
    m.def("dict_sum", &dict_sum);
    m.def("fail", [] { throw nb::value_error("no"); });
    m.def("call", [](nb::object function) { return nb::cast<std::int64_t>(function(1)); });

    nb::class_<Num>(m, "Num")
        .def(nb::init<std::int64_t>())
        .def_rw("x", &Num::x)
        .def("value", &Num::value)
        .def("plus", &Num::plus)
        .def(nb::self + nb::self)
        .def(nb::self == nb::self)
        .def("__len__", &Num::length)
        .def("__getitem__", &Num::item);
    m.def("through", &through);

    nb::class_<Items>(m, "Items")
        .def(nb::init<std::int64_t>())
        .def(
            "__iter__",
            [](const Items &items) {
                return nb::make_iterator(nb::type<Items>(), "iterator", items.begin(), items.end());
            },
            nb::keep_alive<0, 1>());
}
