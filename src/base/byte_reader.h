// Bounded reading of bytes from outside: every read is checked, none goes past the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace ingot {

using Bytes = std::span<const std::byte>;

// Multiplies and adds sizes from outside; nothing where the result does not fit.
inline bool checked_multiply(int64_t a, int64_t b, int64_t* product) { return !__builtin_mul_overflow(a, b, product); }
inline bool checked_add(int64_t a, int64_t b, int64_t* sum) { return !__builtin_add_overflow(a, b, sum); }

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  template <class T>
  Result<T> read() {
    static_assert(std::is_trivially_copyable_v<T>);
    if (remaining() < sizeof(T)) return invalid(short_of(sizeof(T)));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }
  Result<Bytes> take(uint64_t size) {
    if (size > remaining()) return invalid(short_of(size));
    Bytes part = bytes_.subspan(position_, size);
    position_ += size;
    return part;
  }
  Status seek(uint64_t position) {
    if (position > bytes_.size())
      return invalid("position " + std::to_string(position) + " lies past the end at " + std::to_string(bytes_.size()));
    position_ = position;
    return Ok{};
  }

 private:
  std::string short_of(uint64_t wanted) const {
    return std::to_string(wanted) + " bytes are wanted at " + std::to_string(position_) + ", but the data ends at " +
           std::to_string(bytes_.size());
  }
  Bytes bytes_;
  size_t position_ = 0;
};

}  // namespace ingot
