// Plans that are read or written piece by piece, and tensors that are looked at while a network runs.
#pragma once

#include "../NvInferRuntimeBase.h"

namespace nvinfer1 {

// From where a seek counts.
enum class SeekPosition : int32_t {
  kSET = 0,  // the beginning
  kCUR = 1,  // the current place
  kEND = 2,  // the end
};
template <>
constexpr int32_t EnumMax<SeekPosition>() noexcept {
  return 3;
}

// A plan as a sequence of bytes, read once from front to back.
class IStreamReader : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IStreamReader", 1, 0}; }
  // Copies up to nbBytes to host memory; returns how many, less than asked only at the end, -1 on an error.
  virtual int64_t read(void* destination, int64_t nbBytes) = 0;
};

// A plan as a sequence of bytes with random access, read to host or device memory in the order of a stream.
class IStreamReaderV2 : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IStreamReaderV2", 1, 0}; }
  virtual int64_t read(void* destination, int64_t nbBytes, cudaStream_t stream) = 0;
  // Moves to `offset` bytes from `where`; false where that is outside.
  virtual bool seek(int64_t offset, SeekPosition where) = 0;
};

// Receives a plan while it is built.
class IStreamWriter : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IStreamWriter", 1, 0}; }
  // Takes nbBytes from host memory; returns how many, less than asked being an error.
  virtual int64_t write(void const* data, int64_t nbBytes) = 0;
};

// Sees the tensors that were marked with INetworkDefinition::markDebug while a context runs.
class IDebugListener : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IDebugListener", 1, 0}; }
  // The tensor is at `addr` until this returns; copies are to be queued on `stream`. False makes the run fail.
  virtual bool processDebugTensor(void const* addr, TensorLocation location, DataType type, Dims const& shape, char const* name,
                                  cudaStream_t stream) = 0;

  // What the library calls for processDebugTensor.
  INGOT_LEVEL_ABI virtual bool processDebugTensor64_(void const* addr, TensorLocation location, DataType type, Dims64 const& shape,
                                                     char const* name, cudaStream_t stream) {
    return processDebugTensor(addr, location, type, impl::narrow<Dims>(shape), name, stream);
  }
};

namespace v_1_0 {
using nvinfer1::IDebugListener;
using nvinfer1::IStreamReader;
using nvinfer1::IStreamReaderV2;
using nvinfer1::IStreamWriter;
}  // namespace v_1_0
}  // namespace nvinfer1
