// y0, y1, ... = what a program's own code makes of x0, x1, ...
// Source: IPluginLayer, IPluginV2Layer, IPluginV3Layer. The code stays outside: api/ wraps the classes of each generation, and plans keep
// the name that finds the code again, its state, and how shapes follow from shapes.
#pragma once

#include <algorithm>

#include "network/choice.h"
#include "network/operator.h"

namespace ingot {

struct Plugin;

// A tensor as a plugin sees it. Dims may be symbolic.
struct PluginTensor {
  DataType type = DataType::kFloat;
  Dims dims;
  Format format = Format::kLinear;
};
using PluginTensors = std::vector<PluginTensor>;

// Addresses of one run.
struct PluginCall {
  const void* const* inputs;
  void* const* outputs;
  void* workspace;
  void* stream;  // the program's, on which earlier work is done
};

// A plugin in the hands of one context. Runs come one after the other.
class PluginInstance {
 public:
  virtual ~PluginInstance() = default;
  virtual Status run(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs, const PluginCall& call) = 0;
};

// A plugin set up for an engine; taken down with it.
class ReadyPlugin {
 public:
  virtual ~ReadyPlugin() = default;
  virtual Result<size_t> workspace_bytes(const std::vector<Shape>& inputs, const std::vector<Shape>& outputs) const = 0;
  virtual Result<std::unique_ptr<PluginInstance>> attach() const = 0;
};

class PluginCode {
 public:
  virtual ~PluginCode() = default;
  virtual Result<TensorTypes> infer(const Plugin& op, const TensorTypes& inputs) const = 0;
  struct Formats {
    std::vector<Format> inputs, outputs;
  };
  // Combinations of formats that it takes for tensors of these types, its favourite first; an error where it takes the types in none.
  virtual Result<std::vector<Formats>> formats(const Plugin& op, const PluginTensors& inputs, const PluginTensors& outputs) const = 0;
  virtual Result<std::shared_ptr<const ReadyPlugin>> prepare(const Plugin& op, const PluginTensors& inputs,
                                                             const PluginTensors& outputs) const = 0;
  // Whether what was measured of it holds for other builds too.
  virtual bool keeps_timings() const { return false; }
};

struct Plugin final : OperatorBase<Plugin> {
  static constexpr const char* kName = "plugin";
  std::string kind;                  // its class: "v1", "v1_ext", "v2", "v2_ext", "v2_ioext", "v2_dynamic", "v3", "v3_quick", "v3_aot"
  std::string type, version, space;  // find its creator
  bool batched = false;              // dimension 0 of all tensors is a batch that it does not see
  int64_t shape_inputs = 0;          // the last so many inputs are read for their values, by inference alone
  std::vector<int64_t> sizes;        // by output: k > 0 where the output is the size that symbol k - 1 of `symbols` stands for
  std::vector<int64_t> aliases;      // by output: the input whose memory it takes over, or -1; empty for none
  std::string symbols;               // names of sizes that the run tells, with a blank between
  // How it was built.
  Array state;                 // what its creator makes it from again
  int64_t tactic = 0;          // of its own tactics
  int64_t workspace = 0;       // bytes, where the plan knows them
  std::string reads, gives;    // types of inputs and outputs, see record()
  std::vector<double> scales;  // of inputs, then outputs: of int8 tensors; empty for none

  // Not a field: plans hold no code.
  std::shared_ptr<const PluginCode> code;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("type", type);
    visit("version", version);
    visit("space", space);
    visit("batched", batched);
    visit("shape_inputs", shape_inputs);
    visit("sizes", sizes);
    visit("aliases", aliases);
    visit("symbols", symbols);
    visit("state", state);
    visit("tactic", tactic);
    visit("workspace", workspace);
    visit("reads", reads);
    visit("gives", gives);
    visit("scales", scales);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override;
  bool is_pure() const override { return false; }

  // Keeps how the outputs' types follow from the inputs', so that inference needs no code.
  void record(const TensorTypes& inputs, const TensorTypes& outputs, size_t input_count);
  // "plugin 'Clip' version '1'"
  std::string label() const;
  // Inputs that its code receives: those in front of the shape inputs.
  size_t code_inputs(size_t inputs) const { return inputs - std::min(inputs, static_cast<size_t>(shape_inputs)); }
  // The names in `symbols`.
  std::vector<std::string> symbol_names() const;

 private:
  Result<TensorTypes> infer_recorded(const TensorTypes& inputs) const;
};

}  // namespace ingot
