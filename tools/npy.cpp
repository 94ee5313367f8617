#include "npy.h"

#include <charconv>
#include <cstring>

#include "base/mapped_file.h"

namespace ingot::tools {
namespace {

// The text behind 'key': in the header's dictionary, up to the next comma outside of parentheses.
std::string entry(const std::string& header, const std::string& key) {
  size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return "";
  at = header.find_first_not_of(' ', at + key.size() + 3);
  const size_t end = header[at] == '(' ? header.find(')', at) + 1 : header.find(',', at);
  return header.substr(at, end - at);
}

Result<DataType> type_of(const std::string& code) {
  struct Known {
    const char* code;
    DataType type;
  };
  static constexpr Known kKnown[] = {{"'<f4'", DataType::kFloat}, {"'<f2'", DataType::kHalf},  {"'<f8'", DataType::kDouble},
                                     {"'|b1'", DataType::kBool},  {"'|i1'", DataType::kInt8},  {"'<i2'", DataType::kInt16},
                                     {"'<i4'", DataType::kInt32}, {"'<i8'", DataType::kInt64}, {"'|u1'", DataType::kUint8}};
  for (const Known& known : kKnown) {
    if (code == known.code) return known.type;
  }
  return unsupported("elements of NumPy type " + code);
}

Result<Array> parse(Bytes bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(Bytes magic, reader.take(6));
  if (std::memcmp(magic.data(), "\x93NUMPY", 6) != 0) return invalid("no .npy file");
  TRY_ASSIGN(uint8_t major, reader.read<uint8_t>());
  TRY_ASSIGN(uint8_t minor, reader.read<uint8_t>());
  (void)minor;
  uint32_t header_bytes = 0;
  if (major == 1) {
    TRY_ASSIGN(header_bytes, reader.read<uint16_t>());
  } else {
    TRY_ASSIGN(header_bytes, reader.read<uint32_t>());
  }
  TRY_ASSIGN(Bytes text, reader.take(header_bytes));
  const std::string header(reinterpret_cast<const char*>(text.data()), text.size());
  TRY_ASSIGN(DataType type, type_of(entry(header, "descr")));
  if (entry(header, "fortran_order") != "False") return unsupported("arrays in Fortran order");
  Shape shape;
  const std::string dims = entry(header, "shape");
  for (size_t at = 0; at < dims.size();) {
    int64_t dim = 0;
    const auto [end, failure] = std::from_chars(dims.data() + at, dims.data() + dims.size(), dim);
    if (failure == std::errc()) {
      shape.push_back(dim);
      at = static_cast<size_t>(end - dims.data());
    } else {
      ++at;
    }
  }
  TRY_ASSIGN(Array array, Array::make(type, shape));
  TRY_ASSIGN(Bytes data, reader.take(array.byte_count()));
  if (!data.empty()) std::memcpy(array.mutable_data(), data.data(), data.size());
  return array;
}

}  // namespace

Result<Array> read_npy(const std::string& path) {
  TRY_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  return parse(file->bytes()).within("'" + path + "'");
}

}  // namespace ingot::tools
