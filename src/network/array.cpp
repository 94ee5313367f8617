#include "network/array.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/byte_reader.h"

namespace ingot {
namespace {

constexpr size_t kAlignment = 64;

std::shared_ptr<void> allocate(size_t bytes, bool zero) {
  const size_t rounded = (bytes + kAlignment) / kAlignment * kAlignment;
  if (rounded < bytes) return nullptr;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (!memory) return nullptr;
  if (zero) std::memset(memory, 0, rounded);
  return std::shared_ptr<void>(memory, std::free);
}

// Rounds half to even and saturates; NaN becomes 0.
int64_t to_integer(double value, double least, double most) {
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(value);
  if (rounded <= least) return static_cast<int64_t>(least);
  if (rounded >= most) return most >= 9.2233720368547758e18 ? INT64_MAX : static_cast<int64_t>(most);
  return static_cast<int64_t>(rounded);
}

uint8_t nibble(const void* data, int64_t index) {
  const uint8_t byte = static_cast<const uint8_t*>(data)[index / 2];
  return index % 2 ? byte >> 4 : byte & 15;
}
void set_nibble(void* data, int64_t index, uint8_t value) {
  uint8_t& byte = static_cast<uint8_t*>(data)[index / 2];
  byte = index % 2 ? static_cast<uint8_t>((byte & 0x0f) | (value << 4)) : static_cast<uint8_t>((byte & 0xf0) | (value & 15));
}

// Four elements in a byte, from the low bits up.
uint8_t crumb(const void* data, int64_t index) { return static_cast<const uint8_t*>(data)[index / 4] >> (index % 4 * 2) & 3; }
void set_crumb(void* data, int64_t index, uint8_t value) {
  uint8_t& byte = static_cast<uint8_t*>(data)[index / 4];
  const int shift = static_cast<int>(index % 4 * 2);
  byte = static_cast<uint8_t>((byte & ~(3 << shift)) | (value & 3) << shift);
}

template <class T>
T load(const void* data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}
template <class T>
void store(void* data, int64_t index, T value) {
  std::memcpy(static_cast<char*>(data) + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

}  // namespace

Array::Array(const Array&) = default;
Array::Array(Array&&) noexcept = default;
Array& Array::operator=(const Array&) = default;
Array& Array::operator=(Array&&) noexcept = default;
Array::~Array() = default;

Result<Array> Array::make(DataType type, Shape shape) {
  Array array;
  TRY_ASSIGN(array.count_, volume(shape));
  // Above this no machine has the memory, and byte counts could wrap.
  if (array.count_ > (int64_t{1} << 48)) return out_of_memory("an array of shape " + to_text(shape) + " is too large");
  array.type_ = type;
  array.shape_ = std::move(shape);
  auto memory = allocate(bytes_of(type, array.count_), true);
  if (!memory) return out_of_memory("no memory for an array of shape " + to_text(array.shape_));
  array.data_ = memory.get();
  array.keeper_ = std::move(memory);
  array.owned_ = true;
  return array;
}

Array Array::borrow(DataType type, Shape shape, const void* data, std::shared_ptr<const void> keeper) {
  Array array;
  array.type_ = type;
  array.count_ = volume(shape).value_or(0);
  array.shape_ = std::move(shape);
  array.data_ = data;
  array.keeper_ = std::move(keeper);
  return array;
}

Array Array::scalar(DataType type, double value) {
  auto made = make(type, {});
  if (!made.ok()) return {};
  made->set_number(0, value);
  return std::move(made).value();
}

Array Array::from_int64s(const std::vector<int64_t>& values) {
  return of<int64_t>(DataType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

void* Array::mutable_data() {
  if (!owned_ || keeper_.use_count() > 1) {
    const size_t bytes = byte_count();
    auto memory = allocate(bytes, false);
    if (!memory) return nullptr;
    if (bytes) std::memcpy(memory.get(), data_, bytes);
    data_ = memory.get();
    keeper_ = std::move(memory);
    owned_ = true;
  }
  return const_cast<void*>(data_);
}

double Array::number(int64_t i) const {
  switch (type_) {
    case DataType::kFloat: return load<float>(data_, i);
    case DataType::kHalf: return float_from_half(load<uint16_t>(data_, i));
    case DataType::kBf16: return float_from_bf16(load<uint16_t>(data_, i));
    case DataType::kDouble: return load<double>(data_, i);
    case DataType::kFp8: return float_from_fp8(load<uint8_t>(data_, i));
    case DataType::kFp8E5m2: return float_from_fp8_e5m2(load<uint8_t>(data_, i));
    case DataType::kFp8Fnuz: return float_from_fp8_fnuz(load<uint8_t>(data_, i));
    case DataType::kFp8E5m2Fnuz: return float_from_fp8_e5m2_fnuz(load<uint8_t>(data_, i));
    case DataType::kFp4: return float_from_fp4(nibble(data_, i));
    case DataType::kE8m0: return float_from_e8m0(load<uint8_t>(data_, i));
    case DataType::kUint64: return static_cast<double>(load<uint64_t>(data_, i));
    default: return static_cast<double>(integer(i));
  }
}

int64_t Array::integer(int64_t i) const {
  switch (type_) {
    case DataType::kBool: return load<uint8_t>(data_, i) != 0;
    case DataType::kInt4: return static_cast<int8_t>(nibble(data_, i) << 4) >> 4;
    case DataType::kUint4: return nibble(data_, i);
    case DataType::kInt2: return static_cast<int8_t>(crumb(data_, i) << 6) >> 6;
    case DataType::kUint2: return crumb(data_, i);
    case DataType::kInt8: return load<int8_t>(data_, i);
    case DataType::kInt16: return load<int16_t>(data_, i);
    case DataType::kInt32: return load<int32_t>(data_, i);
    case DataType::kInt64: return load<int64_t>(data_, i);
    case DataType::kUint8: return load<uint8_t>(data_, i);
    case DataType::kUint16: return load<uint16_t>(data_, i);
    case DataType::kUint32: return load<uint32_t>(data_, i);
    case DataType::kUint64: return static_cast<int64_t>(load<uint64_t>(data_, i));
    default: return to_integer(number(i), -9.2233720368547758e18, 9.2233720368547758e18);
  }
}

void Array::set_number(int64_t i, double value) {
  void* data = mutable_data();
  switch (type_) {
    case DataType::kFloat: return store(data, i, static_cast<float>(value));
    case DataType::kHalf: return store(data, i, half_from_float(static_cast<float>(value)));
    case DataType::kBf16: return store(data, i, bf16_from_float(static_cast<float>(value)));
    case DataType::kDouble: return store(data, i, value);
    case DataType::kFp8: return store(data, i, fp8_from_float(static_cast<float>(value)));
    case DataType::kFp8E5m2: return store(data, i, fp8_e5m2_from_float(static_cast<float>(value)));
    case DataType::kFp8Fnuz: return store(data, i, fp8_fnuz_from_float(static_cast<float>(value)));
    case DataType::kFp8E5m2Fnuz: return store(data, i, fp8_e5m2_fnuz_from_float(static_cast<float>(value)));
    case DataType::kFp4: return set_nibble(data, i, fp4_from_float(static_cast<float>(value)));
    case DataType::kE8m0: return store(data, i, e8m0_from_float(static_cast<float>(value)));
    case DataType::kBool: return store<uint8_t>(data, i, value != 0);
    case DataType::kInt4: return set_nibble(data, i, static_cast<uint8_t>(to_integer(value, -8, 7)));
    case DataType::kUint4: return set_nibble(data, i, static_cast<uint8_t>(to_integer(value, 0, 15)));
    case DataType::kInt2: return set_crumb(data, i, static_cast<uint8_t>(to_integer(value, -2, 1)));
    case DataType::kUint2: return set_crumb(data, i, static_cast<uint8_t>(to_integer(value, 0, 3)));
    case DataType::kInt8: return store(data, i, static_cast<int8_t>(to_integer(value, -128, 127)));
    case DataType::kInt16: return store(data, i, static_cast<int16_t>(to_integer(value, -32768, 32767)));
    case DataType::kInt32: return store(data, i, static_cast<int32_t>(to_integer(value, -2147483648.0, 2147483647.0)));
    case DataType::kInt64: return store(data, i, to_integer(value, -9.2233720368547758e18, 9.2233720368547758e18));
    case DataType::kUint8: return store(data, i, static_cast<uint8_t>(to_integer(value, 0, 255)));
    case DataType::kUint16: return store(data, i, static_cast<uint16_t>(to_integer(value, 0, 65535)));
    case DataType::kUint32: return store(data, i, static_cast<uint32_t>(to_integer(value, 0, 4294967295.0)));
    case DataType::kUint64:
      return store(data, i,
                   value >= 18446744073709551615.0   ? UINT64_MAX
                   : value <= 0 || std::isnan(value) ? uint64_t{0}
                                                     : static_cast<uint64_t>(value));
  }
}

void Array::set_integer(int64_t i, int64_t value) {
  void* data = mutable_data();
  switch (type_) {
    case DataType::kBool: return store<uint8_t>(data, i, value != 0);
    case DataType::kInt4:
    case DataType::kUint4: return set_nibble(data, i, static_cast<uint8_t>(value & 15));
    case DataType::kInt2:
    case DataType::kUint2: return set_crumb(data, i, static_cast<uint8_t>(value & 3));
    case DataType::kInt8:
    case DataType::kUint8: return store(data, i, static_cast<uint8_t>(value));
    case DataType::kInt16:
    case DataType::kUint16: return store(data, i, static_cast<uint16_t>(value));
    case DataType::kInt32:
    case DataType::kUint32: return store(data, i, static_cast<uint32_t>(value));
    case DataType::kInt64:
    case DataType::kUint64: return store(data, i, value);
    default: return set_number(i, static_cast<double>(value));
  }
}

std::vector<int64_t> Array::integers() const {
  std::vector<int64_t> values(static_cast<size_t>(count_));
  for (int64_t i = 0; i < count_; ++i) values[i] = integer(i);
  return values;
}

std::vector<float> Array::floats() const {
  std::vector<float> values(static_cast<size_t>(count_));
  for (int64_t i = 0; i < count_; ++i) values[i] = static_cast<float>(number(i));
  return values;
}

Result<Array> Array::reshaped(Shape shape) const {
  TRY_ASSIGN(int64_t count, volume(shape));
  if (count != count_)
    return invalid("the shape " + to_text(shape_) + " cannot become " + to_text(shape) + ": the number of elements differs");
  Array array = *this;
  array.shape_ = std::move(shape);
  return array;
}

Result<Array> Array::converted(DataType type) const {
  if (type == type_) return *this;
  TRY_ASSIGN(Array array, make(type, shape_));
  const bool integral = !is_floating(type) && !is_floating(type_);
  for (int64_t i = 0; i < count_; ++i) {
    if (integral)
      array.set_integer(i, integer(i));
    else
      array.set_number(i, number(i));
  }
  return array;
}

bool Array::same_bits(const Array& other) const {
  if (type_ != other.type_ || shape_ != other.shape_) return false;
  const size_t bytes = byte_count();
  return bytes == 0 || data_ == other.data_ || std::memcmp(data_, other.data_, bytes) == 0;
}

IndexWalk::IndexWalk(const Shape& shape) : shape_(shape), index_(shape.size(), 0), done_(false) {
  for (int64_t size : shape) done_ |= size <= 0;
}

void IndexWalk::next() {
  for (size_t i = shape_.size(); i-- > 0;) {
    if (++index_[i] < shape_[i]) return;
    index_[i] = 0;
  }
  done_ = true;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace ingot
