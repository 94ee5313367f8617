// Files of named weights: .wts text of several dialects, .npy and .npz, safetensors, and PyTorch's .pt and .pth, of which no code is run.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/byte_reader.h"
#include "network/array.h"

namespace ingot {

using WeightMap = std::map<std::string, Array, std::less<>>;

struct WeightLimits {
  int64_t most_bytes = int64_t{1} << 40;  // of all arrays together that are no part of the file: unpacked or rearranged
  size_t most_entries = 10'000'000;
};

// By its content, not its name. Arrays lie in the file where they can, so it stays mapped while they live.
Result<WeightMap> load_weights_file(const std::string& path, const WeightLimits& limits = {});
// `keeper` keeps the bytes alive.
Result<WeightMap> load_weights(Bytes bytes, std::shared_ptr<const void> keeper, const WeightLimits& limits = {});

}  // namespace ingot
