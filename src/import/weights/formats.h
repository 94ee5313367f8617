// The readers of each format, for weights.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "import/weights/weights.h"

namespace ingot {

// A file of weights: its bytes, who keeps them, and what is left of the limits.
struct WeightSource {
  Bytes bytes;
  std::shared_ptr<const void> keeper;
  int64_t bytes_left;
  size_t most_entries;

  // An array over bytes of the file, copied where they do not lie as `type` wants.
  Result<Array> array(DataType type, Shape shape, Bytes data);
  // Counts memory that is not the file's.
  Status take(int64_t bytes);
  Status add(WeightMap& weights, std::string name, Array array) const;
};

Result<WeightMap> read_wts(WeightSource& source);
Result<WeightMap> read_safetensors(WeightSource& source);
Result<WeightMap> read_npz(WeightSource& source);
Result<Array> read_npy(WeightSource& source, Bytes bytes);
// The pickles of PyTorch: of a .pth before 1.6 (all in one stream), and within the zip file of later ones.
Result<WeightMap> read_torch_stream(WeightSource& source);
Result<WeightMap> read_torch_zip(WeightSource& source);

// An archive's file: stored ones lie in the archive, packed ones are unpacked when asked for.
struct ZipEntry {
  std::string name;
  Bytes packed;
  uint64_t size = 0;
  bool is_deflated = false;
};
Result<std::vector<ZipEntry>> read_zip(Bytes bytes, size_t most_entries);
// The entry's bytes; `keeper` is replaced where they had to be unpacked.
Result<Bytes> unpack(WeightSource& source, const ZipEntry& entry, std::shared_ptr<const void>* keeper);

}  // namespace ingot
