// Where messages and timings of layers go.
#pragma once

#include "../NvInferRuntimeBase.h"

namespace nvinfer1 {

// Receives the library's messages. One logger serves a process; it is called from several threads at once.
class ILogger : public IVersionedInterface {
 public:
  enum class Severity : int32_t {
    kINTERNAL_ERROR = 0,  // a defect of the library
    kERROR = 1,           // a call failed
    kWARNING = 2,         // it went on, but not as one may have wished
    kINFO = 3,
    kVERBOSE = 4,  // for debugging, a lot of it
  };

  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"ILogger", 1, 0}; }

  virtual void log(Severity severity, AsciiChar const* msg) = 0;
};
template <>
constexpr int32_t EnumMax<ILogger::Severity>() noexcept {
  return 5;
}

// Hands the logger to plugins that were loaded from a library of their own.
class ILoggerFinder : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"ILoggerFinder", 1, 0}; }
  virtual ILogger* findLogger() = 0;
};

// Receives the time of each layer after each run of a context that it is set on.
class IProfiler : public IVersionedInterface {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return InterfaceInfo{"IProfiler", 1, 0}; }
  virtual void reportLayerTime(char const* layerName, float ms) = 0;
};

namespace v_1_0 {
using nvinfer1::ILogger;
using nvinfer1::ILoggerFinder;
using nvinfer1::IProfiler;
}  // namespace v_1_0
}  // namespace nvinfer1

// The logger of the oldest builder, runtime or other object that is there; null where there is none.
extern "C" TENSORRTAPI nvinfer1::ILogger* getLogger() noexcept;
