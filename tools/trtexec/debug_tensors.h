// What --saveDebugTensors and --saveAllDebugTensors ask for: tensors inside of the engine, as files.
#pragma once

#include <cuda_runtime_api.h>

#include <map>
#include <set>
#include <string>

#include "NvInfer.h"
#include "options.h"
#include "tensors.h"

namespace ingot::trtexec {

class DebugSaver final : public nvinfer1::IDebugListener {
 public:
  explicit DebugSaver(const Options& options) : files_(options.saved_tensors), kinds_(options.save_all_debug) {}
  bool is_wanted() const { return !files_.empty() || !kinds_.empty(); }
  // Switches the tensors of one context on; an error names what the engine does not tell.
  bool attach(nvinfer1::IExecutionContext& context);
  // Whether all that was asked for has been written.
  bool finish() const;

  bool processDebugTensor(void const* address, nvinfer1::TensorLocation location, nvinfer1::DataType type, nvinfer1::Dims const& shape,
                          char const* name, cudaStream_t stream) override;

 private:
  bool save(const std::string& name, const Layout& layout, const std::string& bytes) const;

  std::map<std::string, std::string> files_;  // by the name of a tensor
  std::set<std::string> kinds_;               // raw, numpy, string, summary
  std::set<std::string> seen_;
};

}  // namespace ingot::trtexec
