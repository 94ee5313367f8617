// A tensor's values on the host, in row-major order: what references compute with, and what weights are.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/data_type.h"
#include "base/float_types.h"
#include "network/dim.h"

namespace ingot {

// Cheap to copy: the bytes are shared and not changed once other owners can see them.
class Array {
 public:
  Array() = default;
  Array(const Array&);  // in the source, as those of Dim
  Array(Array&&) noexcept;
  Array& operator=(const Array&);
  Array& operator=(Array&&) noexcept;
  ~Array();
  // Zeros. An error where the size overflows or memory runs out.
  static Result<Array> make(DataType type, Shape shape);
  // Takes over bytes that somebody else keeps alive (a mapped file, the user's weights) through `keeper`.
  static Array borrow(DataType type, Shape shape, const void* data, std::shared_ptr<const void> keeper);
  template <class T>
  static Array of(DataType type, Shape shape, const std::vector<T>& values);  // values converted to `type`
  static Array scalar(DataType type, double value);
  static Array from_int64s(const std::vector<int64_t>& values);  // shape [n]

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t count() const { return count_; }
  size_t byte_count() const { return bytes_of(type_, count_); }
  const void* data() const { return data_; }
  // Copies the bytes first where they are borrowed or shared, so that writing is seen by this owner alone.
  void* mutable_data();
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data_);
  }
  template <class T>
  T* as_mutable() {
    return static_cast<T*>(mutable_data());
  }

  // Element `index` of any type as a number; int64 and uint64 beyond 2^53 lose bits here, so use integer() for those.
  double number(int64_t index) const;
  int64_t integer(int64_t index) const;
  // Converts with saturation for integers and round half to even, as quantize does; casts have their own rules (operators/cast).
  void set_number(int64_t index, double value);
  void set_integer(int64_t index, int64_t value);

  std::vector<int64_t> integers() const;
  std::vector<float> floats() const;  // all elements as float
  // The same bytes under another shape of equal volume.
  Result<Array> reshaped(Shape shape) const;
  // The elements converted to another type.
  Result<Array> converted(DataType type) const;
  bool same_bits(const Array& other) const;

 private:
  DataType type_ = DataType::kFloat;
  Shape shape_;
  int64_t count_ = 0;
  const void* data_ = nullptr;
  std::shared_ptr<const void> keeper_;
  bool owned_ = false;
};

using Arrays = std::vector<Array>;

template <class T>
Array Array::of(DataType type, Shape shape, const std::vector<T>& values) {
  auto made = make(type, std::move(shape));
  if (!made.ok()) return {};
  Array array = std::move(made).value();
  for (int64_t i = 0; i < array.count_ && i < static_cast<int64_t>(values.size()); ++i) {
    if constexpr (std::is_integral_v<T>)
      array.set_integer(i, static_cast<int64_t>(values[i]));
    else
      array.set_number(i, values[i]);
  }
  return array;
}

// Walks all indices of `shape` in row-major order.
class IndexWalk {
 public:
  explicit IndexWalk(const Shape& shape);
  bool done() const { return done_; }
  const Shape& index() const { return index_; }
  void next();

 private:
  const Shape& shape_;
  Shape index_;
  bool done_;
};

Shape row_major_strides(const Shape& shape);  // in elements

}  // namespace ingot
