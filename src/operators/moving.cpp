#include "operators/moving.h"

#include <cstring>

#include "operators/runtime_dims.h"

namespace ingot {

Status check_input_count(std::string_view op, size_t count, size_t least, size_t most) {
  if (count >= least && count <= most) return Ok{};
  std::string wanted = least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  return invalid(std::string(op) + " takes " + wanted + (most == 1 ? " input" : " inputs") + ", not " + std::to_string(count));
}

Status check_index_type(std::string_view what, DataType type) {
  if (type == DataType::kInt32 || type == DataType::kInt64) return Ok{};
  return invalid(std::string(what) + " are " + std::string(name_of(type)) + "; int32 or int64 is wanted");
}

Result<Dim> same_dim(const Dim& a, const Dim& b, std::string_view what) {
  if (a == b) return a;
  auto difference = range_of(a - b);
  if (difference && (difference->least > 0 || difference->most < 0)) {
    return invalid(std::string(what) + ": " + a.text() + " and " + b.text() + " differ");
  }
  return b.is_constant() ? b : a;
}

std::optional<std::vector<int64_t>> constant_values(const TensorType& type) {
  if (!type.values) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const Dim& value : *type.values) {
    if (!value.is_constant()) return std::nullopt;
    numbers.push_back(value.value());
  }
  return numbers;
}

std::optional<std::vector<Dim>> values_of_input(const TensorTypes& inputs, size_t index) {
  if (index >= inputs.size()) return std::nullopt;
  return inputs[index].values;
}

namespace {

void carry(const Operator& op, const TensorTypes& inputs, const std::vector<bool>& moved, TensorType* output, size_t output_index) {
  // Elements get numbers from here on, so that what an operator puts in by itself, such as a fill of 0, is told apart.
  constexpr int64_t kFirst = (int64_t{1} << 61) + 4711;
  if (!is_integer(output->type) && output->type != DataType::kBool) return;
  if (!all_constant(output->dims)) return;
  auto count = volume(constant_shape(output->dims));
  if (!count.ok() || *count > TensorType::kMostValues) return;
  std::vector<Dim> pool;
  Arrays arrays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].values || !all_constant(inputs[i].dims)) return;
    std::vector<int64_t> numbers;
    if (moved[i]) {
      for (const Dim& value : *inputs[i].values) {
        numbers.push_back(kFirst + static_cast<int64_t>(pool.size()));
        pool.push_back(value);
      }
    } else {
      auto constants = constant_values(inputs[i]);
      if (!constants) return;
      numbers = *constants;
    }
    arrays.push_back(Array::of(moved[i] ? DataType::kInt64 : inputs[i].type, constant_shape(inputs[i].dims), numbers));
  }
  auto results = op.evaluate(arrays);
  if (!results.ok() || output_index >= results->size()) return;
  const Array& result = (*results)[output_index];
  if (result.count() != *count) return;
  std::vector<Dim> values;
  for (int64_t i = 0; i < *count; ++i) {
    int64_t number = result.integer(i);
    const bool is_element = number >= kFirst && number - kFirst < static_cast<int64_t>(pool.size());
    values.push_back(is_element ? pool[static_cast<size_t>(number - kFirst)] : Dim(number));
  }
  output->values = std::move(values);
}

template <class T>
void copy_strided_level(const T* x, T*& y, const Shape& shape, const Shape& strides, size_t axis) {
  if (axis == shape.size()) {
    *y++ = *x;
  } else if (axis + 1 == shape.size()) {
    for (int64_t i = 0; i < shape[axis]; ++i) *y++ = x[i * strides[axis]];
  } else {
    for (int64_t i = 0; i < shape[axis]; ++i) copy_strided_level(x + i * strides[axis], y, shape, strides, axis + 1);
  }
}

template <class T>
struct PickLevel {
  const std::vector<std::vector<int64_t>>& sources;
  const Shape strides;
  T fill;
  T* y;

  // `x` is null where an outer source is -1.
  void run(const T* x, size_t axis) {
    if (axis == sources.size()) {
      *y++ = x ? *x : fill;
      return;
    }
    bool last = axis + 1 == sources.size();
    for (int64_t source : sources[axis]) {
      const T* from = x && source >= 0 ? x + source * strides[axis] : nullptr;
      if (last)
        *y++ = from ? *from : fill;
      else
        run(from, axis + 1);
    }
  }
};

}  // namespace

void carry_values(const Operator& op, const TensorTypes& inputs, std::initializer_list<size_t> moved, TensorType* output,
                  size_t output_index) {
  std::vector<bool> flags(inputs.size(), false);
  for (size_t index : moved) {
    if (index < flags.size()) flags[index] = true;
  }
  carry(op, inputs, flags, output, output_index);
}

void carry_all_values(const Operator& op, const TensorTypes& inputs, TensorType* output) {
  carry(op, inputs, std::vector<bool>(inputs.size(), true), output, 0);
}

Result<Array> widen_nibbles(const Array& x) {
  TRY_ASSIGN(Array wide, Array::make(DataType::kUint8, x.shape()));
  auto* to = wide.as_mutable<uint8_t>();
  const auto* from = x.as<uint8_t>();
  for (int64_t i = 0; i < x.count(); ++i) to[i] = (from[i / 2] >> (i % 2 * 4)) & 15;
  return wide;
}

Result<Array> narrow_nibbles(const Array& x, DataType type) {
  TRY_ASSIGN(Array narrow, Array::make(type, x.shape()));
  auto* to = narrow.as_mutable<uint8_t>();
  const auto* from = x.as<uint8_t>();
  for (int64_t i = 0; i < x.count(); ++i) to[i / 2] = static_cast<uint8_t>(to[i / 2] | (from[i] & 15) << (i % 2 * 4));
  return narrow;
}

Result<Array> copy_strided(const Array& x, const Shape& shape, int64_t offset, const Shape& strides) {
  if (bits_of(x.type()) < 8) {
    TRY_ASSIGN(Array wide, widen_nibbles(x));
    TRY_ASSIGN(Array copied, copy_strided(wide, shape, offset, strides));
    return narrow_nibbles(copied, x.type());
  }
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  if (y.count() == 0) return y;
  with_element_of(x.type(), [&](auto element) {
    using T = decltype(element);
    T* to = y.as_mutable<T>();
    copy_strided_level(x.as<T>() + offset, to, shape, strides, 0);
  });
  return y;
}

Result<Array> pick_along_axes(const Array& x, const std::vector<std::vector<int64_t>>& sources, const Array* fill) {
  if (bits_of(x.type()) < 8) {
    TRY_ASSIGN(Array wide, widen_nibbles(x));
    Array wide_fill;
    if (fill) {
      TRY_ASSIGN(wide_fill, widen_nibbles(*fill));
    }
    TRY_ASSIGN(Array picked, pick_along_axes(wide, sources, fill ? &wide_fill : nullptr));
    return narrow_nibbles(picked, x.type());
  }
  Shape shape;
  for (const auto& along : sources) shape.push_back(static_cast<int64_t>(along.size()));
  TRY_ASSIGN(Array y, Array::make(x.type(), shape));
  if (y.count() == 0) return y;
  with_element_of(x.type(), [&](auto element) {
    using T = decltype(element);
    PickLevel<T> level{sources, row_major_strides(x.shape()), T{0}, y.as_mutable<T>()};
    if (fill) std::memcpy(&level.fill, fill->data(), sizeof(T));
    // An x without elements has every source at -1.
    level.run(x.count() ? x.as<T>() : nullptr, 0);
  });
  return y;
}

}  // namespace ingot
