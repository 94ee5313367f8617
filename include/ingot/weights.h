// Files of named weights, for programs that build networks layer by layer and for refits: .wts text in its several dialects, .npy and .npz,
// safetensors, and PyTorch's .pt and .pth, of which no code is run. The format follows from the content, not from the name.
//
//   std::unique_ptr<ingot::IWeightsFile> file(ingot::openWeightsFile("lenet.wts", logger));
//   auto* conv = network->addConvolutionNd(x, 20, Dims{2, {5, 5}}, file->getWeights("conv1.weight"), file->getWeights("conv1.bias"));
//   ...
//   ingot::setNamedWeights(*refitter, *file);
#pragma once

#include "../NvInfer.h"

namespace ingot {

class IWeightsFile {
 public:
  virtual ~IWeightsFile() noexcept = default;

  // Entries are in the order of their names.
  virtual int32_t getNbWeights() const noexcept = 0;
  // Null where there is no such entry.
  virtual char const* getName(int32_t index) const noexcept = 0;
  virtual bool hasWeights(char const* name) const noexcept = 0;
  // The dims of an entry; -1 dims where there is no such entry. A file that does not tell dims gives one, the count.
  virtual int32_t getNbDims(char const* name) const noexcept = 0;
  virtual int64_t const* getDims(char const* name) const noexcept = 0;
  // The type that getWeights gives. Types that TensorRT does not have become wider ones: double kFLOAT, 16-bit integers kINT32, unsigned
  // ones of 32 and 64 bits kINT64.
  virtual nvinfer1::DataType getType(char const* name) const noexcept = 0;

  // The values, row by row; they stay where they are until the file is deleted. Count 0, and an error in the log, where there is no such
  // entry.
  virtual nvinfer1::Weights getWeights(char const* name) const noexcept = 0;
  // The same, converted. Count 0 also where a value does not fit: infinite as half, or a fraction as an integer.
  virtual nvinfer1::Weights getWeights(char const* name, nvinfer1::DataType type) const noexcept = 0;
};

}  // namespace ingot

extern "C" TENSORRTAPI void* createIngotWeightsFile_INTERNAL(char const* path, void const* data, std::size_t size, void* logger,
                                                             int32_t version) noexcept;

namespace ingot {
namespace {

// Null, and an error in the log, where the file cannot be read. Its bytes are mapped, and copied only where they are packed or unaligned.
inline IWeightsFile* openWeightsFile(char const* path, nvinfer1::ILogger& logger) noexcept {
  return static_cast<IWeightsFile*>(createIngotWeightsFile_INTERNAL(path, nullptr, 0, &logger, NV_TENSORRT_VERSION));
}

// The same from memory, which stays as it is until the file is deleted.
inline IWeightsFile* readWeights(void const* data, std::size_t size, nvinfer1::ILogger& logger) noexcept {
  return static_cast<IWeightsFile*>(createIngotWeightsFile_INTERNAL(nullptr, data, size, &logger, NV_TENSORRT_VERSION));
}

// Gives a refitter all weights that the file has under the refitter's names, in the types that it wants; returns how many. Keep the file
// until refitCudaEngine has returned.
inline int32_t setNamedWeights(nvinfer1::IRefitter& refitter, IWeightsFile const& file) noexcept {
  int32_t count = 0;
  for (int32_t i = 0; i < file.getNbWeights(); ++i) {
    char const* name = file.getName(i);
    nvinfer1::Weights const wanted = refitter.getWeightsPrototype(name);
    if (wanted.count == 0) {
      continue;
    }
    if (refitter.setNamedWeights(name, file.getWeights(name, wanted.type))) {
      ++count;
    }
  }
  return count;
}

}  // namespace
}  // namespace ingot
