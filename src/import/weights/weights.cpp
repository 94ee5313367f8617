#include "import/weights/weights.h"

#include <algorithm>
#include <cstring>

#include "base/mapped_file.h"
#include "import/caught.h"
#include "import/weights/formats.h"

namespace ingot {
namespace {

bool starts_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

// The length of a header, which the format bounds, and the brace that begins it; the file may have been cut behind them.
bool looks_like_safetensors(Bytes bytes) {
  constexpr uint64_t kMostHeader = 100'000'000;
  if (bytes.size() < 9) return false;
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return length <= std::max<uint64_t>(kMostHeader, bytes.size() - 8) && static_cast<char>(bytes[8]) == '{';
}

Result<WeightMap> read(WeightSource& source) {
  if (source.bytes.empty()) return invalid("the file is empty");
  if (starts_with(source.bytes, "PK")) {
    TRY_ASSIGN(std::vector<ZipEntry> entries, read_zip(source.bytes, source.most_entries));
    for (const ZipEntry& entry : entries) {
      if (entry.name == "data.pkl" || entry.name.ends_with("/data.pkl")) return read_torch_zip(source);
    }
    return read_npz(source);
  }
  if (starts_with(source.bytes, "\x93NUMPY")) {
    TRY_ASSIGN(Array array, read_npy(source, source.bytes));
    return WeightMap{{"array", std::move(array)}};
  }
  if (looks_like_safetensors(source.bytes)) return read_safetensors(source);
  if (starts_with(source.bytes, "\x80\x02")) return read_torch_stream(source);
  return read_wts(source);
}

}  // namespace

Status WeightSource::take(int64_t bytes) {
  if (bytes > bytes_left) return invalid("its arrays take more memory than the limit");
  bytes_left -= bytes;
  return Ok{};
}

Result<Array> WeightSource::array(DataType type, Shape shape, Bytes data) {
  TRY_ASSIGN(int64_t count, volume(shape));
  const size_t wanted = bytes_of(type, count);
  if (wanted != data.size())
    return invalid("the dims " + to_text(shape) + " take " + std::to_string(wanted) + " bytes, but there are " +
                   std::to_string(data.size()));
  const size_t alignment = static_cast<size_t>(bits_of(type) + 7) / 8;
  if (count > 0 && type != DataType::kBool && reinterpret_cast<uintptr_t>(data.data()) % alignment == 0)
    return Array::borrow(type, std::move(shape), data.data(), keeper);
  TRY(take(static_cast<int64_t>(wanted)));
  TRY_ASSIGN(Array copy, Array::make(type, std::move(shape)));
  if (wanted > 0) std::memcpy(copy.mutable_data(), data.data(), wanted);
  if (type == DataType::kBool) {
    for (int64_t i = 0; i < count; ++i) copy.as_mutable<uint8_t>()[i] = copy.as<uint8_t>()[i] != 0;
  }
  return copy;
}

Status WeightSource::add(WeightMap& weights, std::string name, Array array) const {
  if (weights.size() >= most_entries) return invalid("the file has more than " + std::to_string(most_entries) + " entries");
  if (name.size() > 4096) return invalid("a name has " + std::to_string(name.size()) + " bytes");
  const auto [place, fresh] = weights.emplace(std::move(name), std::move(array));
  if (!fresh) return invalid("the name '" + place->first + "' is there twice");
  return Ok{};
}

Result<WeightMap> load_weights(Bytes bytes, std::shared_ptr<const void> keeper, const WeightLimits& limits) {
  return caught("the file of weights", [&]() -> Result<WeightMap> {
    WeightSource source{bytes, std::move(keeper), limits.most_bytes, limits.most_entries};
    return read(source);
  });
}

Result<WeightMap> load_weights_file(const std::string& path, const WeightLimits& limits) {
  TRY_ASSIGN(auto file, MappedFile::open(path));
  return load_weights(file->bytes(), file, limits).within(path);
}

}  // namespace ingot
