// The vocabulary that everything else is written in: types, shapes, errors, versioned interfaces.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "ingot/dims.h"
#include "ingot/level.h"

// The version of the program's generation, as NV_TENSORRT_VERSION counts, and its parts: the library implements them all. Each generation
// has functions of its own in the library; those of 10 have the names that programs look up.
#if NV_TENSORRT_MAJOR == 10
#define INGOT_OF_GENERATION(name)
#else
#define INGOT_TEXT_OF(text) #text
#define INGOT_NAME_OF(name, major) INGOT_TEXT_OF(name##_##major)
#define INGOT_NAME_AT(name, major) INGOT_NAME_OF(name, major)
#define INGOT_OF_GENERATION(name) __asm__(INGOT_NAME_AT(name, NV_TENSORRT_MAJOR))
#endif
extern "C" TENSORRTAPI int32_t getInferLibVersion() noexcept INGOT_OF_GENERATION(getInferLibVersion);
extern "C" TENSORRTAPI int32_t getInferLibMajorVersion() noexcept INGOT_OF_GENERATION(getInferLibMajorVersion);
extern "C" TENSORRTAPI int32_t getInferLibMinorVersion() noexcept INGOT_OF_GENERATION(getInferLibMinorVersion);
extern "C" TENSORRTAPI int32_t getInferLibPatchVersion() noexcept INGOT_OF_GENERATION(getInferLibPatchVersion);
extern "C" TENSORRTAPI int32_t getInferLibBuildVersion() noexcept INGOT_OF_GENERATION(getInferLibBuildVersion);

namespace nvinfer1 {

// Characters of names and messages: a zero-terminated string, expected to be ASCII.
using char_t = char;
using AsciiChar = char_t;

// One more than the largest enumerator of T. The specialization of each enumeration follows it.
template <typename T>
constexpr int32_t EnumMax() noexcept;

template <>
constexpr int32_t EnumMax<DimensionType>() noexcept {
  return 4;
}

// What one element of a tensor is. The numbers never change.
enum class DataType : int32_t {
  kFLOAT = 0,  // IEEE binary32
  kHALF = 1,   // IEEE binary16
  kINT8 = 2,   // signed 8 bits; with a scale it stands for real numbers
  kINT32 = 3,  // signed 32 bits
  kBOOL = 4,   // one byte, 0 or 1
  kUINT8 = 5,  // unsigned 8 bits; at the network's borders only
  kFP8 = 6,    // E4M3: 1 sign, 4 exponent and 3 mantissa bits, no infinity
  kBF16 = 7,   // the upper half of a binary32
  kINT64 = 8,  // signed 64 bits
  kINT4 = 9,   // signed 4 bits, two in a byte, the first in the low half
  kFP4 = 10,   // E2M1, two in a byte
  kE8M0 = 11,  // a power of two, as the scale of a block
};
template <>
constexpr int32_t EnumMax<DataType>() noexcept {
  return 12;
}

// The order of a tensor's elements in memory. Vectorized formats keep a group of channels of one position together and pad the last
// group; dimensions are named as of an image: batch N, channels C, (depth D,) height H, width W.
enum class TensorFormat : int32_t {
  kLINEAR = 0,      // row major: NCHW for an image
  kCHW2 = 1,        // [N, ceil(C/2), H, W, 2]
  kHWC8 = 2,        // [N, H, W, C rounded up to 8]
  kCHW4 = 3,        // [N, ceil(C/4), H, W, 4]
  kCHW16 = 4,       // [N, ceil(C/16), H, W, 16]
  kCHW32 = 5,       // [N, ceil(C/32), H, W, 32]
  kDHWC8 = 6,       // [N, D, H, W, C rounded up to 8]
  kCDHW32 = 7,      // [N, ceil(C/32), D, H, W, 32]
  kHWC = 8,         // [N, H, W, C]
  kDLA_LINEAR = 9,  // rows padded to 64 bytes, for DLA
  kDLA_HWC4 = 10,   // [N, H, W, C rounded up to 4], rows padded, for DLA
  kHWC16 = 11,      // [N, H, W, C rounded up to 16]
  kDHWC = 12,       // [N, D, H, W, C]

  // Retired names of generations up to 7.
  kNCHW = kLINEAR,
  kNC2HW2 = kCHW2,
  kNHWC8 = kHWC8,
};
template <>
constexpr int32_t EnumMax<TensorFormat>() noexcept {
  return 13;
}
using PluginFormat = TensorFormat;

// Several formats: bit i stands for the format of number i.
using TensorFormats = uint32_t;

// Where the bytes of a tensor are.
enum class TensorLocation : int32_t {
  kDEVICE = 0,  // in device memory
  kHOST = 1,    // in host memory, as shape tensors are
};
template <>
constexpr int32_t EnumMax<TensorLocation>() noexcept {
  return 2;
}

// Constants: `count` elements of `type` at `values`. The memory is not copied; it stays valid until the build is over.
class Weights {
 public:
  DataType type;
  void const* values;  // null where there are none
  int64_t count;       // elements, not bytes
};

// Not copied and not moved: a base of the objects that the library hands out.
class INoCopy {
 protected:
  INoCopy() = default;
  virtual ~INoCopy() = default;
  INoCopy(INoCopy const&) = delete;
  INoCopy& operator=(INoCopy const&) = delete;
  INoCopy(INoCopy&&) = delete;
  INoCopy& operator=(INoCopy&&) = delete;
};

// ---- Interfaces that a program implements ----
//
// A function has a default where some generation did not ask for it, and none is noexcept, so that overriders of all generations
// compile. Of two forms of a function either may be overridden; the library calls the newest one.

// The name of an interface's kind, such as "IPluginV3".
using InterfaceKind = char const*;

// Which version of which interface an object implements.
class InterfaceInfo {
 public:
  InterfaceKind kind;
  int32_t major;
  int32_t minor;
};

// The language in which an interface is implemented.
enum class APILanguage : int32_t {
  kCPP = 0,
  kPYTHON = 1,
};
template <>
constexpr int32_t EnumMax<APILanguage>() noexcept {
  return 2;
}

// An interface that says its own version.
class IVersionedInterface {
 public:
  IVersionedInterface() = default;
  virtual ~IVersionedInterface() = default;

  virtual APILanguage getAPILanguage() const noexcept { return APILanguage::kCPP; }
  virtual InterfaceInfo getInterfaceInfo() const noexcept { return InterfaceInfo{"", 1, 0}; }

 protected:
  IVersionedInterface(IVersionedInterface const&) = default;
  IVersionedInterface(IVersionedInterface&&) = default;
  IVersionedInterface& operator=(IVersionedInterface const&) & = default;
  IVersionedInterface& operator=(IVersionedInterface&&) & = default;
};

// What went wrong, in broad classes; the text beside it says it exactly.
enum class ErrorCode : int32_t {
  kSUCCESS = 0,
  kUNSPECIFIED_ERROR = 1,
  kINTERNAL_ERROR = 2,         // a defect of the library
  kINVALID_ARGUMENT = 3,       // a value that the call cannot take
  kINVALID_CONFIG = 4,         // settings that contradict each other or the network
  kFAILED_ALLOCATION = 5,      // memory ran out
  kFAILED_INITIALIZATION = 6,  // the device or a library could not be set up
  kFAILED_EXECUTION = 7,       // running on the device failed
  kFAILED_COMPUTATION = 8,     // running gave something that is not a result
  kINVALID_STATE = 9,          // a call in the wrong order
  kUNSUPPORTED_STATE = 10,     // valid, but not on this device or in this mode
};
template <>
constexpr int32_t EnumMax<ErrorCode>() noexcept {
  return 11;
}

// Collects errors. Set on a builder, network, runtime, engine, context, refitter or parser, it receives each error in addition to
// the log. Implementations are called from several threads at once and are counted by references.
class IErrorRecorder : public IVersionedInterface {
 public:
  using ErrorDesc = char const*;
  using RefCount = int32_t;
  static constexpr size_t kMAX_DESC_LENGTH = 127U;  // longer descriptions are cut

  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IErrorRecorder", 1, 0}; }

  // The recorded errors, oldest first.
  virtual int32_t getNbErrors() const = 0;
  virtual ErrorCode getErrorCode(int32_t errorIdx) const = 0;
  virtual ErrorDesc getErrorDesc(int32_t errorIdx) const = 0;
  // True where errors were dropped for lack of room.
  virtual bool hasOverflowed() const = 0;
  virtual void clear() = 0;

  // Called by the library. Returns true where the error is fatal to the object that reports it.
  virtual bool reportError(ErrorCode val, ErrorDesc desc) = 0;

  // The library counts itself in while it holds the recorder. Both return the new count.
  virtual RefCount incRefCount() = 0;
  virtual RefCount decRefCount() = 0;
};

namespace v_1_0 {
using nvinfer1::IErrorRecorder;
}  // namespace v_1_0
}  // namespace nvinfer1
