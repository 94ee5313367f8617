// From a model or a plan to an engine.
#pragma once

#include <memory>

#include "NvInfer.h"
#include "options.h"

namespace ingot::trtexec {

struct LoadedEngine {
  std::unique_ptr<nvinfer1::IRuntime> runtime;  // outlives the engine
  std::unique_ptr<nvinfer1::ICudaEngine> engine;
};

// Builds or loads, saves what is to be saved, and loads the plan. False where a step failed; the log says why.
bool make_engine(const Options& options, LoadedEngine& loaded);

}  // namespace ingot::trtexec
