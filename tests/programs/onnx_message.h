// The few ONNX messages that programs here write by hand: fields as tag, length and bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace onnx_message {

inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7f));
  return bytes + static_cast<char>(value);
}
inline std::string number(int field, uint64_t value) { return varint(static_cast<uint64_t>(field) << 3) + varint(value); }
inline std::string bytes(int field, std::string const& value) {
  return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(value.size()) + value;
}
inline std::string fp32(int field, float value) {
  std::string raw(4, '\0');
  std::memcpy(&raw[0], &value, 4);
  return varint(static_cast<uint64_t>(field) << 3 | 5) + raw;
}

// Attributes of type int, float and string.
inline std::string attribute(char const* name, int64_t value) {
  return bytes(5, bytes(1, name) + number(3, static_cast<uint64_t>(value)) + number(20, 2));
}
inline std::string attribute(char const* name, float value) { return bytes(5, bytes(1, name) + fp32(2, value) + number(20, 1)); }
inline std::string attribute(char const* name, char const* value) { return bytes(5, bytes(1, name) + bytes(4, value) + number(20, 3)); }

inline std::string node(char const* op, char const* name, std::vector<std::string> const& inputs, std::vector<std::string> const& outputs,
                        std::string const& attributes = "") {
  std::string message;
  for (std::string const& input : inputs) message += bytes(1, input);
  for (std::string const& output : outputs) message += bytes(2, output);
  return bytes(1, message + bytes(3, name) + bytes(4, op) + attributes);
}
// fp32 tensors; -1 is the dimension "n".
inline std::string value(int field, char const* name, std::vector<int64_t> const& dims) {
  std::string shape;
  for (int64_t dim : dims) shape += bytes(1, dim < 0 ? bytes(2, "n") : number(1, static_cast<uint64_t>(dim)));
  return bytes(field, bytes(1, name) + bytes(2, bytes(1, number(1, 1) + bytes(2, shape))));
}
inline std::string model(std::string const& nodes, std::string const& inputs, std::string const& outputs) {
  return number(1, 8) + bytes(7, nodes + bytes(2, "graph") + inputs + outputs) + bytes(8, bytes(1, "") + number(2, 13));
}

}  // namespace onnx_message
