// Interfaces of weakly typed builds, up to generation 10: calibration of int8 ranges and the selection of tactics by the program.
#pragma once

#include "engine_types.h"

namespace nvinfer1 {

// ---- Calibration: the ranges of int8 tensors from samples of the program's data ----

enum class CalibrationAlgoType : int32_t {
  kLEGACY_CALIBRATION = 0,
  kENTROPY_CALIBRATION = 1,
  kENTROPY_CALIBRATION_2 = 2,
  kMINMAX_CALIBRATION = 3,
};
template <>
constexpr int32_t EnumMax<CalibrationAlgoType>() noexcept {
  return 4;
}

// How quantization is done. Bits of QuantizationFlags.
enum class QuantizationFlag : int32_t {
  kCALIBRATE_BEFORE_FUSION = 0,
};
template <>
constexpr int32_t EnumMax<QuantizationFlag>() noexcept {
  return 1;
}
using QuantizationFlags = uint32_t;

// Hands samples to the builder. Programs derive from one of the classes below, which fix the algorithm.
class IInt8Calibrator : public IVersionedInterface {
 public:
  // Rows in a batch of samples; 1 or more.
  virtual int32_t getBatchSize() const = 0;
  // Puts the addresses of the next batch, in device memory, into bindings[i] for the input names[i]. False when there are no more.
  virtual bool getBatch(void* bindings[], char const* names[], int32_t nbBindings) = 0;
  // What writeCalibrationCache was given earlier and its length in bytes, or null to calibrate anew.
  virtual void const* readCalibrationCache(std::size_t& length) = 0;
  virtual void writeCalibrationCache(void const* ptr, std::size_t length) = 0;
  virtual CalibrationAlgoType getAlgorithm() = 0;
};

// Ranges that lose the least information, chosen before layers are fused.
class IInt8EntropyCalibrator : public IInt8Calibrator {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IInt8EntropyCalibrator", 1, 0}; }
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kENTROPY_CALIBRATION; }
};

// The same, chosen after layers are fused: the usual one for images.
class IInt8EntropyCalibrator2 : public IInt8Calibrator {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IInt8EntropyCalibrator2", 1, 0}; }
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kENTROPY_CALIBRATION_2; }
};

// The largest and smallest values that occur: the usual one for text.
class IInt8MinMaxCalibrator : public IInt8Calibrator {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IInt8MinMaxCalibrator", 1, 0}; }
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kMINMAX_CALIBRATION; }
};

// Ranges by a quantile that the program chooses.
class IInt8LegacyCalibrator : public IInt8Calibrator {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IInt8Calibrator", 1, 0}; }
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kLEGACY_CALIBRATION; }
  // The share of values that is kept, from 0 to 1, and where the search for the cut begins.
  virtual double getQuantile() const = 0;
  virtual double getRegressionCutoff() const = 0;
  virtual void const* readHistogramCache(std::size_t& length) = 0;
  virtual void writeHistogramCache(void const* ptr, std::size_t length) = 0;
};

// ---- Selection: the program says which tactics a layer may choose among ----

// Type, format and strides of one input or output of a tactic.
class IAlgorithmIOInfo : public INoCopy {
 public:
  virtual DataType getDataType() const noexcept = 0;
  Dims getStrides() const noexcept { return impl::narrow<Dims>(getStrides64_()); }
  // The dimension that is vectorized, -1 for none, and the scalars in its elements.
  virtual int64_t getVectorizedDim() const noexcept = 0;
  virtual int64_t getComponentsPerElement() const noexcept = 0;
  virtual TensorFormat getTensorFormat() const noexcept = 0;  // up to generation 9

 protected:
  ~IAlgorithmIOInfo() noexcept override = default;
  virtual Dims64 getStrides64_() const noexcept = 0;
};

// The two numbers that name a tactic.
class IAlgorithmVariant : public INoCopy {
 public:
  virtual int64_t getImplementation() const noexcept = 0;
  virtual int64_t getTactic() const noexcept = 0;

 protected:
  ~IAlgorithmVariant() noexcept override = default;
};

// The layer, or fused layers, to select for.
class IAlgorithmContext : public INoCopy {
 public:
  virtual char const* getName() const noexcept = 0;
  // Shape of input or output `index`, inputs first.
  Dims getDimensions(int32_t index, OptProfileSelector select) const noexcept {
    return impl::narrow<Dims>(getDimensions64_(index, select));
  }
  virtual int32_t getNbInputs() const noexcept = 0;
  virtual int32_t getNbOutputs() const noexcept = 0;

 protected:
  ~IAlgorithmContext() noexcept override = default;
  virtual Dims64 getDimensions64_(int32_t index, OptProfileSelector select) const noexcept = 0;
};

// One candidate.
class IAlgorithm : public INoCopy {
 public:
  // Of input or output `index`, inputs first; null outside the range.
  virtual IAlgorithmIOInfo const* getAlgorithmIOInfoByIndex(int32_t index) const noexcept = 0;
  IAlgorithmIOInfo const& getAlgorithmIOInfo(int32_t index) const noexcept { return *getAlgorithmIOInfoByIndex(index); }
  virtual IAlgorithmVariant const& getAlgorithmVariant() const noexcept = 0;
  virtual float getTimingMSec() const noexcept = 0;
  virtual std::size_t getWorkspaceSize() const noexcept = 0;  // bytes

 protected:
  ~IAlgorithm() noexcept override = default;
};

// Implemented by the program.
class IAlgorithmSelector : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IAlgorithmSelector", 1, 0}; }
  // Writes the indices of the choices that are allowed to `selection` and returns how many. 0 leaves all of them, or fails the build where
  // BuilderFlag::kREJECT_EMPTY_ALGORITHMS is set.
  virtual int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t nbChoices,
                                   int32_t* selection) = 0;
  // Tells what was chosen for all layers.
  virtual void reportAlgorithms(IAlgorithmContext const* const* algoContexts, IAlgorithm const* const* algoChoices,
                                int32_t nbAlgorithms) = 0;
};

namespace v_1_0 {
using nvinfer1::IAlgorithmSelector;
using nvinfer1::IInt8EntropyCalibrator;
using nvinfer1::IInt8EntropyCalibrator2;
using nvinfer1::IInt8LegacyCalibrator;
using nvinfer1::IInt8MinMaxCalibrator;
}  // namespace v_1_0
}  // namespace nvinfer1
