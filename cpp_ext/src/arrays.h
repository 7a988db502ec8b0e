// SPDX-License-Identifier: GPL-3.0-or-later
// How NumPy arrays enter and leave the kernels. A binding looks at its arguments, and returns None
// if one of them doesn't fit: the Python wrapper then finds out which and says so. So the words of
// errors stand in one place (checks.py), and a good call pays for one look only.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <complex>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace neuralboard {

namespace py = pybind11;

using Floats = py::array_t<float, py::array::c_style>;

/// A table from Python, copied.
inline std::vector<float> values(const Floats& array) {
    return {array.data(), array.data() + array.size()};
}

/// A C-contiguous, aligned array of T in native byte order, not copied.
template <class T>
struct View {
    T* data = nullptr;
    std::size_t ndim = 0;
    std::size_t shape[3] = {0, 0, 0};
    bool writeable = false;

    std::size_t size() const noexcept {
        std::size_t product = 1;
        for (std::size_t i = 0; i < ndim; ++i) product *= shape[i];
        return product;
    }

    bool has_shape(std::size_t a, std::size_t b) const noexcept {
        return ndim == 2 && shape[0] == a && shape[1] == b;
    }

    bool has_shape(std::size_t a, std::size_t b, std::size_t c) const noexcept {
        return ndim == 3 && shape[0] == a && shape[1] == b && shape[2] == c;
    }
};

/// The array as a View, or nothing if it is something else. Up to 3 axes. Looks at NumPy's own
/// fields: this is a good part of what a call on a short block costs.
template <class T>
std::optional<View<T>> view(py::handle object) {
    namespace numpy = py::detail;
    constexpr int wanted =
        numpy::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | numpy::npy_api::NPY_ARRAY_ALIGNED_;
    static const auto& api = numpy::npy_api::get();
    static PyObject* const type = py::dtype::of<T>().release().ptr();  // lives as long as NumPy
    if (!api.PyArray_Check_(object.ptr())) return std::nullopt;
    const auto* array = numpy::array_proxy(object.ptr());
    if ((array->flags & wanted) != wanted || array->nd > 3) return std::nullopt;
    if (array->descr != type && !api.PyArray_EquivTypes_(array->descr, type)) return std::nullopt;
    View<T> result;
    result.data = reinterpret_cast<T*>(array->data);
    result.ndim = static_cast<std::size_t>(array->nd);
    for (std::size_t i = 0; i < result.ndim; ++i) {
        result.shape[i] = static_cast<std::size_t>(array->dimensions[i]);
    }
    result.writeable = (array->flags & numpy::npy_api::NPY_ARRAY_WRITEABLE_) != 0;
    return result;
}

/// Makes what `view` keeps, once, while the module is imported. Made in the first call, two threads
/// could wait for each other: one for that to be done, holding the interpreter's lock, the other
/// for the lock, which NumPy's table gives away while it is looked up.
inline void prepare_views() {
    view<float>(py::none());
    view<double>(py::none());
    view<std::complex<float>>(py::none());
}

/// A whole number from 0 to most from Python, or nothing (truth values are none).
inline std::optional<std::size_t> whole_number(py::handle object, Py_ssize_t most = 0x7fffffff) {
    if (!PyIndex_Check(object.ptr()) || PyBool_Check(object.ptr())) return std::nullopt;
    const Py_ssize_t number = PyNumber_AsSsize_t(object.ptr(), nullptr);  // clipped if too large
    if (number == -1 && PyErr_Occurred()) PyErr_Clear();
    if (number < 0 || number > most) return std::nullopt;
    return static_cast<std::size_t>(number);
}

/// Whether two pieces of memory share a byte.
template <class A, class B>
bool overlap(const View<A>& a, const View<B>& b) noexcept {
    if (a.size() == 0 || b.size() == 0) return false;
    const auto* a0 = reinterpret_cast<const char*>(a.data);
    const auto* b0 = reinterpret_cast<const char*>(b.data);
    return a0 < b0 + b.size() * sizeof(B) && b0 < a0 + a.size() * sizeof(A);
}

/// Where a kernel writes: the caller's out=, or a new array. `array` is empty if out= doesn't fit.
template <class T>
struct Output {
    py::object array;
    T* data = nullptr;
};

/// in_place: whether out may be the input itself (partly overlapping memory is refused always).
template <class T, class In>
Output<T> make_output(py::handle out, const View<In>& input, bool in_place,
                      std::initializer_list<std::size_t> shape) {
    if (out.is_none()) {
        py::array_t<T> fresh(std::vector<py::ssize_t>(shape.begin(), shape.end()));
        T* data = fresh.mutable_data();
        return {std::move(fresh), data};
    }
    const auto given = view<T>(out);
    if (!given || !given->writeable || given->ndim != shape.size()) return {};
    std::size_t axis = 0;
    for (std::size_t length : shape) {
        if (given->shape[axis++] != length) return {};
    }
    const bool same = static_cast<const void*>(given->data) == input.data;
    if (overlap(*given, input) && !(in_place && same)) return {};
    return {py::reinterpret_borrow<py::object>(out), given->data};
}

/// A kernel and whether a call is in it. A stream belongs to one thread at a time: a second one
/// that comes while the lock is given away is turned back (the flag is touched under the lock).
template <class Kernel>
struct Owned {
    template <class... Args>
    explicit Owned(Args&&... args) : kernel(std::forward<Args>(args)...) {}

    Kernel kernel;
    bool busy = false;
};

/// Runs work; lets other Python threads run meanwhile if it takes more than about 20 microseconds
/// (`values`: samples of light arithmetic). Below that, giving the lock away costs more than it
/// gains: taking it back may wait for another thread.
template <class Work>
void run_unlocked(std::size_t values, Work&& work) {
    if (values > 8192) {
        const py::gil_scoped_release release;
        work();
    } else {
        work();
    }
}

/// The same inside a kernel's `busy` mark.
template <class Kernel, class Work>
void run_alone(Owned<Kernel>& owned, std::size_t values, Work&& work) {
    owned.busy = true;
    run_unlocked(values, work);
    owned.busy = false;
}

template <class Kernel>
bool reset(Owned<Kernel>& owned) {
    if (owned.busy) return false;
    owned.kernel.reset();
    return true;
}

void bind_level(py::module_& module);
void bind_simple(py::module_& module);
void bind_filters(py::module_& module);
void bind_streams(py::module_& module);
void bind_stft(py::module_& module);
void bind_rates(py::module_& module);
void bind_convolver(py::module_& module);
void bind_loudness(py::module_& module);
void bind_dynamics(py::module_& module);

}  // namespace neuralboard
