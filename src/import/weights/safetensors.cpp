// safetensors: the length of a header, the header as JSON, {name: {dtype, shape, data_offsets}}, and the data.
#include <nlohmann/json.hpp>

#include "import/weights/formats.h"

namespace ingot {
namespace {

Result<DataType> type_of(const std::string& word) {
  static const std::pair<const char*, DataType> kTypes[] = {
      {"F64", DataType::kDouble},  {"F32", DataType::kFloat},       {"F16", DataType::kHalf},   {"BF16", DataType::kBf16},
      {"F8_E4M3", DataType::kFp8}, {"F8_E5M2", DataType::kFp8E5m2}, {"I64", DataType::kInt64},  {"I32", DataType::kInt32},
      {"I16", DataType::kInt16},   {"I8", DataType::kInt8},         {"U64", DataType::kUint64}, {"U32", DataType::kUint32},
      {"U16", DataType::kUint16},  {"U8", DataType::kUint8},        {"BOOL", DataType::kBool}};
  for (const auto& [name, type] : kTypes) {
    if (word == name) return type;
  }
  return unsupported("the type '" + word.substr(0, 40) + "' is not known");
}

Result<Array> read_entry(WeightSource& source, Bytes data, const nlohmann::json& entry) {
  const auto dtype = entry.find("dtype"), dims = entry.find("shape"), offsets = entry.find("data_offsets");
  if (dtype == entry.end() || !dtype->is_string() || dims == entry.end() || !dims->is_array() || offsets == entry.end() ||
      !offsets->is_array() || offsets->size() != 2)
    return invalid("it needs dtype, shape and two data_offsets");
  TRY_ASSIGN(DataType type, type_of(dtype->get<std::string>()));
  Shape shape;
  for (const auto& dim : *dims) {
    if (!dim.is_number_unsigned() || dim.get<uint64_t>() > INT64_MAX) return invalid("a dim is no number");
    shape.push_back(static_cast<int64_t>(dim.get<uint64_t>()));
  }
  for (const auto& offset : *offsets) {
    if (!offset.is_number_unsigned()) return invalid("an offset is no number");
  }
  const uint64_t begin = (*offsets)[0].get<uint64_t>(), end = (*offsets)[1].get<uint64_t>();
  if (begin > end || end > data.size())
    return invalid("its data lies at " + std::to_string(begin) + " to " + std::to_string(end) + ", outside of the " +
                   std::to_string(data.size()) + " bytes behind the header; was the file cut?");
  return source.array(type, std::move(shape), data.subspan(begin, end - begin));
}

}  // namespace

Result<WeightMap> read_safetensors(WeightSource& source) {
  ByteReader reader(source.bytes);
  TRY_ASSIGN(uint64_t length, reader.read<uint64_t>());
  if (length > source.bytes.size() - 8)
    return invalid("the safetensors file is cut: its header takes " + std::to_string(length) + " bytes, and " +
                   std::to_string(source.bytes.size() - 8) + " are there; fetch it again");
  TRY_ASSIGN(Bytes text, reader.take(length));
  const auto* begin = reinterpret_cast<const char*>(text.data());
  // Depth is bounded by a callback, since freeing a deep document would recurse.
  int deepest = 0;
  const auto header = nlohmann::json::parse(
      begin, begin + text.size(),
      [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        deepest = std::max(deepest, depth);
        return depth < 8;
      },
      false);
  if (header.is_discarded() || !header.is_object()) return invalid("the header of the safetensors file is no JSON object");
  if (deepest >= 8) return invalid("the header of the safetensors file is nested too deep");
  WeightMap weights;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    if (!entry.is_object()) return invalid("entry '" + name.substr(0, 100) + "' is no JSON object");
    TRY_ASSIGN(Array array, read_entry(source, source.bytes.subspan(8 + length), entry).within("entry '" + name.substr(0, 100) + "'"));
    TRY(source.add(weights, name, std::move(array)));
  }
  return weights;
}

}  // namespace ingot
