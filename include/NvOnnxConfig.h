// The settings of a program that converts ONNX models. A holder of values; the parser does not read it.
#pragma once

#include "NvInfer.h"

namespace nvonnxparser {

class IOnnxConfig {
 public:
  virtual ~IOnnxConfig() = default;
  using Verbosity = int32_t;

  // The type of the network's values.
  virtual void setModelDtype(nvinfer1::DataType const dataType) = 0;
  virtual nvinfer1::DataType getModelDtype() const = 0;
  virtual char const* getModelFileName() const = 0;
  virtual void setModelFileName(char const* onnxFilename) = 0;
  virtual Verbosity getVerbosityLevel() const = 0;
  virtual void addVerbosity() = 0;
  virtual void reduceVerbosity() = 0;
  virtual void setVerbosityLevel(Verbosity verbosity) = 0;
  // Where the model is written as text, without or with its weights.
  virtual char const* getTextFileName() const = 0;
  virtual void setTextFileName(char const* textFileName) = 0;
  virtual char const* getFullTextFileName() const = 0;
  virtual void setFullTextFileName(char const* fullTextFileName) = 0;
  virtual bool getPrintLayerInfo() const = 0;
  virtual void setPrintLayerInfo(bool src) = 0;

  // ---- Retired: up to generation 9 ----
  virtual void destroy() { delete this; }
};

// A configuration with nothing set. Deleted by the program.
TENSORRTAPI IOnnxConfig* createONNXConfig();

}  // namespace nvonnxparser
