// The items of the benchmark modules in C++, shared by pybind11 and nanobind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Wraps around on overflow, as in the other languages.
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

inline void nothing() {}

inline std::int64_t add(std::int64_t a, std::int64_t b) { return wrapping_add(a, b); }

inline std::int64_t int_kw(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

inline std::int64_t eight(std::int64_t a, double b, std::string_view c, bool d, std::int32_t e,
                          double f, std::optional<std::int64_t> g, std::string_view h) {
    return a + static_cast<std::int64_t>(b) + static_cast<std::int64_t>(c.size()) + d + e +
           static_cast<std::int64_t>(f) + g.value_or(0) + static_cast<std::int64_t>(h.size());
}

inline std::size_t str_len(std::string_view text) { return text.size(); }

inline std::string_view text() { return "some text of ASCII letters"; }

inline std::int64_t list_sum(const std::vector<std::int64_t> &values) {
    return std::accumulate(values.begin(), values.end(), std::int64_t{0}, wrapping_add);
}

inline std::vector<double> floats() {
    std::vector<double> values(100);
    std::iota(values.begin(), values.end(), 0.0);
    return values;
}

inline std::int64_t dict_sum(const std::unordered_map<std::string, std::int64_t> &map) {
    std::int64_t sum = 0;
    for (const auto &[key, value] : map) {
        sum = wrapping_add(sum, value);
    }
    return sum;
}

struct Num {
    std::int64_t x;

    explicit Num(std::int64_t x) : x(x) {}

    std::int64_t value() const { return x; }
    std::int64_t plus(std::int64_t other) const { return wrapping_add(x, other); }
    std::size_t length() const { return static_cast<std::size_t>(x); }
    std::int64_t item(std::int64_t index) const { return wrapping_add(x, index); }

    Num operator+(const Num &other) const { return Num(wrapping_add(x, other.x)); }
    bool operator==(const Num &other) const { return x == other.x; }
};

// Takes an instance by reference and returns one by value.
inline Num through(const Num &num) { return num; }

// An iterable of the ints from 0 on.
struct Items {
    std::int64_t size;

    explicit Items(std::int64_t size) : size(size) {}

    struct Iterator {
        using iterator_category = std::input_iterator_tag;
        using value_type = std::int64_t;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::int64_t *;
        using reference = std::int64_t;

        std::int64_t value;

        std::int64_t operator*() const { return value; }
        Iterator &operator++() {
            ++value;
            return *this;
        }
        Iterator operator++(int) { return Iterator{value++}; }
        bool operator==(const Iterator &other) const { return value == other.value; }
        bool operator!=(const Iterator &other) const { return value != other.value; }
    };

    Iterator begin() const { return {0}; }
    Iterator end() const { return {size}; }
};
