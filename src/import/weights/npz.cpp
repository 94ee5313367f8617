// NumPy's arrays: .npy files, and .npz archives of them.
#include <algorithm>
#include <cstring>

#include "import/weights/formats.h"
#include "operators/transpose.h"

namespace ingot {
namespace {

// What stands behind 'key': in the header, a Python dict.
std::string_view value_of(std::string_view header, std::string_view key) {
  size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos) return "";
  at = header.find(':', at);
  if (at == std::string_view::npos) return "";
  ++at;
  while (at < header.size() && header[at] == ' ') ++at;
  return header.substr(at);
}

Result<DataType> type_of(std::string_view descr) {
  if (descr.size() < 5 || (descr[0] != '\'' && descr[0] != '"')) return invalid("its header has no descr");
  const std::string word(descr.substr(1, descr.find(descr[0], 1) - 1));
  if (word.size() < 3 || word.size() > 4 || word[0] == '>')
    return unsupported("its elements are '" + word.substr(0, 40) + "'; little-endian numbers are read");
  static const std::pair<const char*, DataType> kTypes[] = {{"f4", DataType::kFloat},  {"f8", DataType::kDouble}, {"f2", DataType::kHalf},
                                                            {"i1", DataType::kInt8},   {"i2", DataType::kInt16},  {"i4", DataType::kInt32},
                                                            {"i8", DataType::kInt64},  {"u1", DataType::kUint8},  {"u2", DataType::kUint16},
                                                            {"u4", DataType::kUint32}, {"u8", DataType::kUint64}, {"b1", DataType::kBool}};
  for (const auto& [name, type] : kTypes) {
    if (word.substr(1) == name) return type;
  }
  return unsupported("its elements are '" + word + "', no numbers that are known");
}

Result<Shape> shape_of(std::string_view text) {
  if (text.empty() || text[0] != '(') return invalid("its header has no shape");
  Shape shape;
  int64_t number = -1;
  for (char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      number = std::max<int64_t>(number, 0);
      if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, c - '0', &number))
        return invalid("a dim of its header is too large");
    } else if (c == ',' || c == ')') {
      if (number >= 0) shape.push_back(number);
      number = -1;
      if (shape.size() > 32) return invalid("its header has too many dims");
      if (c == ')') return shape;
    } else if (c != ' ') {
      return invalid("the shape of its header is damaged");
    }
  }
  return invalid("the shape of its header does not end");
}

}  // namespace

Result<Array> read_npy(WeightSource& source, Bytes bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(Bytes magic, reader.take(6));
  if (std::memcmp(magic.data(), "\x93NUMPY", 6) != 0) return invalid("not an .npy file");
  TRY_ASSIGN(uint16_t version, reader.read<uint16_t>());
  uint32_t length = 0;
  if ((version & 0xff) == 1) {
    TRY_ASSIGN(uint16_t narrow, reader.read<uint16_t>());
    length = narrow;
  } else {
    TRY_ASSIGN(length, reader.read<uint32_t>());
  }
  TRY_ASSIGN(Bytes head, reader.take(length));
  const std::string_view header(reinterpret_cast<const char*>(head.data()), head.size());
  TRY_ASSIGN(DataType type, type_of(value_of(header, "descr")));
  TRY_ASSIGN(Shape shape, shape_of(value_of(header, "shape")));
  const bool columns_first = value_of(header, "fortran_order").starts_with("True");
  if (columns_first) std::reverse(shape.begin(), shape.end());
  TRY_ASSIGN(int64_t count, volume(shape));
  TRY_ASSIGN(Bytes data, reader.take(bytes_of(type, count)));
  TRY_ASSIGN(Array array, source.array(type, shape, data));
  if (!columns_first || shape.size() < 2) return array;
  TRY(source.take(static_cast<int64_t>(array.byte_count())));
  TRY_ASSIGN(Arrays turned, Transpose{}.evaluate({array}));
  return turned[0];
}

Result<WeightMap> read_npz(WeightSource& source) {
  TRY_ASSIGN(std::vector<ZipEntry> entries, read_zip(source.bytes, source.most_entries));
  WeightMap weights;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.ends_with(".npy")) continue;
    const std::string name = entry.name.substr(0, entry.name.size() - 4);
    WeightSource inner = source;
    TRY_ASSIGN(Bytes bytes, unpack(inner, entry, &inner.keeper));
    TRY_ASSIGN(Array array, read_npy(inner, bytes).within("'" + entry.name.substr(0, 100) + "'"));
    source.bytes_left = inner.bytes_left;
    TRY(source.add(weights, name, std::move(array)));
  }
  if (weights.empty()) return invalid("the archive holds neither .npy files nor a data.pkl");
  return weights;
}

}  // namespace ingot
