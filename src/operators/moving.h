// What the operators that move elements share: copying by index, and symbolic values carried along.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "network/operator.h"

namespace ingot {

// An error where `op` got fewer than `least` or more than `most` inputs.
Status check_input_count(std::string_view op, size_t count, size_t least, size_t most);
// An error where `type` is neither int32 nor int64; `what` names the tensor.
Status check_index_type(std::string_view what, DataType type);
// The one dim that both must be: the number where one is a number. An error where they cannot be equal.
Result<Dim> same_dim(const Dim& a, const Dim& b, std::string_view what);

// The elements of a small integer tensor where all are known.
std::optional<std::vector<int64_t>> constant_values(const TensorType& type);
// The elements, known or symbolic; nothing for an input that is not there.
std::optional<std::vector<Dim>> values_of_input(const TensorTypes& inputs, size_t index);

// Sets output->values of an operator that only moves elements: evaluates `op` on the numbers of the elements of the inputs `moved`.
// Does nothing where the output is large or symbolic, or where values of any input are missing.
void carry_values(const Operator& op, const TensorTypes& inputs, std::initializer_list<size_t> moved, TensorType* output,
                  size_t output_index = 0);
void carry_all_values(const Operator& op, const TensorTypes& inputs, TensorType* output);  // all inputs are moved

// y[i0, i1, ...] = x at offset + i0 * strides[0] + i1 * strides[1] + ..., in elements.
Result<Array> copy_strided(const Array& x, const Shape& shape, int64_t offset, const Shape& strides);
// y[i0, i1, ...] = x[sources[0][i0], sources[1][i1], ...]; the fill's element (zero where null) where a source is -1.
Result<Array> pick_along_axes(const Array& x, const std::vector<std::vector<int64_t>>& sources, const Array* fill = nullptr);
// Elements of four bits as bytes, and back.
Result<Array> widen_nibbles(const Array& x);
Result<Array> narrow_nibbles(const Array& x, DataType type);

// Calls function(T{}) with an unsigned integer of the size of one element of at least a byte.
template <class Function>
void with_element_of(DataType type, Function&& function) {
  switch (bits_of(type)) {
    case 8: return function(uint8_t{});
    case 16: return function(uint16_t{});
    case 32: return function(uint32_t{});
    default: return function(uint64_t{});
  }
}

}  // namespace ingot
