#include "import/onnx/tensor_reader.h"

#include <charconv>
#include <cstring>

#include "operators/onnx_types.h"

namespace ingot {
namespace {

std::string elements(int64_t count) { return std::to_string(count) + (count == 1 ? " element" : " elements"); }

Result<int64_t> number_entry(const proto::StringStringEntryProto& entry) {
  int64_t value = 0;
  const std::string& text = entry.value();
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size())
    return invalid("external data's " + entry.key() + " is '" + text + "'; a number is wanted");
  return value;
}

// Bools may be any byte that is not 0 in a file; ours are 0 and 1.
Status tidy_bools(Array& array) {
  const auto* bytes = array.as<uint8_t>();
  for (int64_t i = 0; i < array.count(); ++i) {
    if (bytes[i] <= 1) continue;
    auto* own = array.as_mutable<uint8_t>();
    if (!own) return out_of_memory("no memory for " + elements(array.count()));
    for (int64_t k = 0; k < array.count(); ++k) own[k] = own[k] != 0;
    return Ok{};
  }
  return Ok{};
}

Result<Array> from_bytes(DataType type, const Shape& shape, int64_t count, Bytes bytes, const std::shared_ptr<const void>& keeper) {
  const size_t wanted = bytes_of(type, count);
  if (bytes.size() != wanted)
    return invalid("its data has " + std::to_string(bytes.size()) + " bytes; " + elements(count) + " of type " +
                   std::string(name_of(type)) + " take " + std::to_string(wanted));
  if (count == 0) return Array::make(type, shape);
  const size_t alignment = static_cast<size_t>(bits_of(type) + 7) / 8;
  Array array;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0) {
    array = Array::borrow(type, shape, bytes.data(), keeper);
  } else {
    TRY_ASSIGN(array, Array::make(type, shape));
    std::memcpy(array.mutable_data(), bytes.data(), wanted);
  }
  if (type == DataType::kBool) TRY(tidy_bools(array));
  return array;
}

template <class T>
Result<Array> from_typed(DataType type, const Shape& shape, int64_t count, const google::protobuf::RepeatedField<T>& field,
                         const std::shared_ptr<const void>& keeper) {
  if (field.size() != count)
    return invalid("its data has " + elements(field.size()) + "; the dims " + to_text(shape) + " take " + std::to_string(count));
  const Bytes bytes{reinterpret_cast<const std::byte*>(field.data()), static_cast<size_t>(field.size()) * sizeof(T)};
  return from_bytes(type, shape, count, bytes, keeper);
}

// Each entry of the field holds `entry_bytes` of the elements' bytes in its low bits.
template <class T>
Result<Array> from_wider(DataType type, const Shape& shape, int64_t count, const google::protobuf::RepeatedField<T>& field) {
  const size_t entry_bytes = static_cast<size_t>(bits_of(type) + 7) / 8;
  const size_t wanted = bytes_of(type, count) / entry_bytes;
  if (static_cast<size_t>(field.size()) != wanted)
    return invalid("its data has " + std::to_string(field.size()) + " entries; " + elements(count) + " of type " +
                   std::string(name_of(type)) + " take " + std::to_string(wanted));
  TRY_ASSIGN(Array array, Array::make(type, shape));
  if (count == 0) return array;
  auto* bytes = static_cast<std::byte*>(array.mutable_data());
  for (size_t i = 0; i < wanted; ++i) {
    T value = field.Get(static_cast<int>(i));
    if (type == DataType::kBool) value = value != 0;
    std::memcpy(bytes + i * entry_bytes, &value, entry_bytes);  // little endian, as this whole reader assumes
  }
  return array;
}

}  // namespace

Result<Shape> tensor_shape(const google::protobuf::RepeatedField<int64_t>& dims) {
  Shape shape(dims.begin(), dims.end());
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0) return invalid("its dims " + to_text(shape) + " have a negative one");
    if (dim != 0 && !checked_multiply(count, dim, &count)) return invalid("its dims " + to_text(shape) + " are too many elements");
  }
  if (count > (int64_t{1} << 48)) return invalid("its dims " + to_text(shape) + " are too many elements");
  return shape;
}

Result<Array> read_tensor_from(const proto::TensorProto& tensor, Bytes bytes, const std::shared_ptr<const void>& keeper) {
  TRY_ASSIGN(const DataType type, data_type_from_onnx(tensor.data_type()));
  TRY_ASSIGN(const Shape shape, tensor_shape(tensor.dims()));
  TRY_ASSIGN(const int64_t count, volume(shape));
  return from_bytes(type, shape, count, bytes, keeper);
}

Result<Array> read_tensor(const proto::TensorProto& tensor, const std::shared_ptr<const void>& keeper, ExternalData& external) {
  TRY_ASSIGN(DataType type, data_type_from_onnx(tensor.data_type()));
  TRY_ASSIGN(Shape shape, tensor_shape(tensor.dims()));
  TRY_ASSIGN(int64_t count, volume(shape));
  if (tensor.has_segment()) return unsupported("it is a segment of a tensor, which no exporter is known to write");
  if (tensor.data_location() == proto::TensorProto::EXTERNAL) {
    std::string location;
    int64_t offset = 0, length = -1;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") {
        TRY_ASSIGN(offset, number_entry(entry));
      } else if (entry.key() == "length") {
        TRY_ASSIGN(length, number_entry(entry));
        if (length < 0) return invalid("external data's length is " + std::to_string(length));
      }
    }
    // Without a length the elements say it, since several tensors may share the file.
    if (length < 0) length = static_cast<int64_t>(bytes_of(type, count));
    TRY_ASSIGN(ExternalData::Part part, external.read(location, offset, length));
    return from_bytes(type, shape, count, part.bytes, part.keeper);
  }
  if (tensor.has_raw_data()) {
    const std::string& raw = tensor.raw_data();
    return from_bytes(type, shape, count, {reinterpret_cast<const std::byte*>(raw.data()), raw.size()}, keeper);
  }
  switch (type) {
    case DataType::kFloat: return from_typed(type, shape, count, tensor.float_data(), keeper);
    case DataType::kDouble: return from_typed(type, shape, count, tensor.double_data(), keeper);
    case DataType::kInt32: return from_typed(type, shape, count, tensor.int32_data(), keeper);
    case DataType::kInt64: return from_typed(type, shape, count, tensor.int64_data(), keeper);
    case DataType::kUint64: return from_typed(type, shape, count, tensor.uint64_data(), keeper);
    case DataType::kUint32: return from_wider(type, shape, count, tensor.uint64_data());
    default: return from_wider(type, shape, count, tensor.int32_data());
  }
}

Result<Array> read_sparse_tensor(const proto::SparseTensorProto& sparse, const std::shared_ptr<const void>& keeper, ExternalData& external,
                                 int64_t most_bytes) {
  TRY_ASSIGN(Shape shape, tensor_shape(sparse.dims()));
  TRY_ASSIGN(int64_t count, volume(shape));
  TRY_ASSIGN(Array values, read_tensor(sparse.values(), keeper, external));
  TRY_ASSIGN(Array indices, read_tensor(sparse.indices(), keeper, external));
  const int64_t rank = static_cast<int64_t>(shape.size());
  const bool flat = indices.rank() == 1;
  if (indices.type() != DataType::kInt64 || values.rank() != 1 ||
      !(indices.shape() == Shape{values.count()} || indices.shape() == Shape{values.count(), rank}))
    return invalid("it is sparse with values " + to_text(values.shape()) + " and " + std::string(name_of(indices.type())) + " indices " +
                   to_text(indices.shape()) + "; [n] values take int64 indices [n] or [n, " + std::to_string(rank) + "]");
  if (bits_of(values.type()) < 8) return unsupported("it is sparse with elements of less than a byte");
  if (static_cast<int64_t>(bytes_of(values.type(), count)) > most_bytes)
    return unsupported("it is sparse with dims " + to_text(shape) + ", more bytes than the limit of " + std::to_string(most_bytes));
  TRY_ASSIGN(Array dense, Array::make(values.type(), shape));
  const size_t element_bytes = static_cast<size_t>(bits_of(values.type())) / 8;
  auto* target = static_cast<std::byte*>(dense.mutable_data());
  const auto* source = static_cast<const std::byte*>(values.data());
  for (int64_t i = 0; i < values.count(); ++i) {
    int64_t position = 0;
    for (int64_t axis = 0; axis < (flat ? 1 : rank); ++axis) {
      const int64_t index = indices.as<int64_t>()[flat ? i : i * rank + axis];
      const int64_t limit = flat ? count : shape[axis];
      if (index < 0 || index >= limit)
        return invalid("it is sparse with an index " + std::to_string(index) + " outside of its dims " + to_text(shape));
      position = position * limit + index;
    }
    std::memcpy(target + static_cast<size_t>(position) * element_bytes, source + static_cast<size_t>(i) * element_bytes, element_bytes);
  }
  return dense;
}

}  // namespace ingot
