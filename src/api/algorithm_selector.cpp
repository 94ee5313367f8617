#include "api/algorithm_selector.h"

#include <algorithm>
#include <deque>

#include "api/convert.h"
#include "base/hash.h"
#include "select/measure.h"
#include "tactics/layout.h"
#include "tactics/problem.h"

namespace ingot::api {
namespace {

using nvinfer1::IAlgorithm;
using nvinfer1::IAlgorithmContext;
using nvinfer1::OptProfileSelector;

// Symbols at the least, best and largest shapes of the first profile.
struct Cases {
  SymbolValues min, opt, max;
};

Cases cases_of(const Network& network) {
  Cases cases;
  if (network.profiles.empty()) return cases;
  for (const Tensor* input : network.inputs()) {
    const auto entry = network.profiles[0].shapes.find(input->name);
    if (entry == network.profiles[0].shapes.end()) continue;
    // Checked before the build began.
    (void)bind_symbols(input->type.dims, entry->second.min, &cases.min).ok();
    (void)bind_symbols(input->type.dims, entry->second.opt, &cases.opt).ok();
    (void)bind_symbols(input->type.dims, entry->second.max, &cases.max).ok();
  }
  return cases;
}

// Inputs that are there, then outputs.
std::vector<const Tensor*> tensors_of(const Layer& layer) {
  std::vector<const Tensor*> tensors;
  for (const Tensor* input : layer.inputs()) {
    if (input && !input->is_constant()) tensors.push_back(input);
  }
  tensors.insert(tensors.end(), layer.outputs().begin(), layer.outputs().end());
  return tensors;
}

class ContextView final : public IAlgorithmContext {
 public:
  ContextView(const Layer& layer, const Cases& cases)
      : name_(layer.name), tensors_(tensors_of(layer)), outputs_(layer.outputs().size()), cases_(cases) {}
  char const* getName() const noexcept override { return name_.c_str(); }
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(tensors_.size() - outputs_); }
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_); }

 private:
  nvinfer1::Dims64 getDimensions64_(int32_t index, OptProfileSelector select) const noexcept override {
    if (index < 0 || static_cast<size_t>(index) >= tensors_.size()) return invalid_dims();
    const SymbolValues& values = select == OptProfileSelector::kMIN   ? cases_.min
                                 : select == OptProfileSelector::kMAX ? cases_.max
                                                                      : cases_.opt;
    return to_api(shape_at(tensors_[static_cast<size_t>(index)]->type.dims, values));
  }
  std::string name_;
  std::vector<const Tensor*> tensors_;
  size_t outputs_;
  const Cases& cases_;
};

class IoView final : public nvinfer1::IAlgorithmIOInfo {
 public:
  IoView(const Tensor& tensor, Format format, const SymbolValues& opt) : type_(tensor.type.type), format_(format) {
    const Shape shape = shape_at(tensor.type.dims, opt);
    strides_ = to_api(has_strides(format) ? memory_strides(format, shape) : Shape(shape.size(), 0));
  }
  nvinfer1::DataType getDataType() const noexcept override { return to_api(type_); }
  nvinfer1::TensorFormat getTensorFormat() const noexcept override { return to_api(format_); }
  int64_t getVectorizedDim() const noexcept override { return has_strides(format_) ? -1 : 1; }
  int64_t getComponentsPerElement() const noexcept override { return 1; }

 private:
  nvinfer1::Dims64 getStrides64_() const noexcept override { return strides_; }
  DataType type_;
  Format format_;
  nvinfer1::Dims64 strides_;
};

// The same numbers for the same tactic and formats on every machine: the hash of the tactic's name, and of the formats' names.
class VariantView final : public nvinfer1::IAlgorithmVariant {
 public:
  VariantView(std::string_view tactic, const Tactic::Formats& formats) {
    std::string names;
    for (const auto* list : {&formats.inputs, &formats.outputs}) {
      for (Format format : *list) names += std::string(name_of(format)) + " ";
      names += "> ";
    }
    implementation_ = positive(tactic);
    tactic_ = positive(names);
  }
  int64_t getImplementation() const noexcept override { return implementation_; }
  int64_t getTactic() const noexcept override { return tactic_; }

 private:
  static int64_t positive(std::string_view text) { return static_cast<int64_t>(hash_text(text).low >> 1); }
  int64_t implementation_, tactic_;
};

class AlgorithmView final : public IAlgorithm {
 public:
  // `packed` are the weights as the tactic wants them; null to pack them when the workspace is asked for.
  AlgorithmView(const Layer& layer, const Tactic& tactic, const Tactic::Formats& formats, double ms,
                const std::vector<PackedWeights>* packed, const SymbolValues& opt)
      : layer_(layer),
        algorithm_(tactic),
        formats_(formats),
        packed_(packed),
        opt_(opt),
        variant_(tactic.name(), formats),
        ms_(static_cast<float>(ms)) {
    for (size_t i = 0; i < layer.inputs().size(); ++i) {
      if (layer.inputs()[i] && !layer.inputs()[i]->is_constant())
        io_.emplace_back(*layer.inputs()[i], i < formats.inputs.size() ? formats.inputs[i] : Format::kLinear, opt);
    }
    for (size_t i = 0; i < layer.outputs().size(); ++i)
      io_.emplace_back(*layer.outputs()[i], i < formats.outputs.size() ? formats.outputs[i] : Format::kLinear, opt);
  }
  nvinfer1::IAlgorithmIOInfo const* getAlgorithmIOInfoByIndex(int32_t index) const noexcept override {
    return index >= 0 && static_cast<size_t>(index) < io_.size() ? &io_[static_cast<size_t>(index)] : nullptr;
  }
  nvinfer1::IAlgorithmVariant const& getAlgorithmVariant() const noexcept override { return variant_; }
  float getTimingMSec() const noexcept override { return ms_; }
  // Makes the kernel ready to learn it.
  std::size_t getWorkspaceSize() const noexcept override {
    try {
      const Problem problem = problem_of(layer_, formats_.inputs, formats_.outputs, false, opt_);
      const Result<size_t> bytes = workspace_bytes(algorithm_, problem, packed_, opt_outputs(layer_, opt_));
      return bytes.ok() ? *bytes : 0;
    } catch (const std::exception&) {
      return 0;  // no memory to find out
    }
  }

 private:
  const Layer& layer_;
  const Tactic& algorithm_;
  Tactic::Formats formats_;
  const std::vector<PackedWeights>* packed_;
  const SymbolValues& opt_;
  std::deque<IoView> io_;
  VariantView variant_;
  float ms_;
};

}  // namespace

Result<std::vector<size_t>> AlgorithmSelection::select(const Network& network, const Layer& layer,
                                                       const std::vector<Candidate>& candidates) {
  const Cases cases = cases_of(network);
  const ContextView context(layer, cases);
  std::vector<std::unique_ptr<AlgorithmView>> views;
  std::vector<IAlgorithm const*> choices;
  for (const Candidate& candidate : candidates) {
    views.push_back(std::make_unique<AlgorithmView>(layer, *candidate.tactic, candidate.formats, candidate.measured ? candidate.ms : 0,
                                                    nullptr, cases.opt));
    choices.push_back(views.back().get());
  }
  std::vector<int32_t> selection(candidates.size(), -1);
  const int32_t count = selector_.selectAlgorithms(context, choices.data(), static_cast<int32_t>(choices.size()), selection.data());
  const std::string where = "selectAlgorithms for '" + layer.name + "'";
  if (count < 0 || static_cast<size_t>(count) > candidates.size())
    return invalid(where + " returned " + std::to_string(count) + "; there are " + std::to_string(candidates.size()) + " choices");
  std::vector<size_t> kept;
  if (count == 0) {
    if (reject_empty_) return invalid(where + " selected nothing, and BuilderFlag::kREJECT_EMPTY_ALGORITHMS is set");
    for (size_t i = 0; i < candidates.size(); ++i) kept.push_back(i);
    return kept;
  }
  for (int32_t i = 0; i < count; ++i) {
    const int32_t index = selection[static_cast<size_t>(i)];
    if (index < 0 || static_cast<size_t>(index) >= candidates.size())
      return invalid(where + " wrote the index " + std::to_string(index) + "; there are " + std::to_string(candidates.size()) + " choices");
    kept.push_back(static_cast<size_t>(index));
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

void AlgorithmSelection::report(const Plan& plan) const {
  const Cases cases = cases_of(*plan.network);
  std::vector<std::unique_ptr<ContextView>> contexts;
  std::vector<std::unique_ptr<AlgorithmView>> views;
  std::vector<IAlgorithmContext const*> names;
  std::vector<IAlgorithm const*> choices;
  for (size_t i = 0; i < plan.choices.size(); ++i) {
    const Layer& layer = *plan.network->layers()[i];
    const Choice& choice = plan.choices[i];
    const Tactic* tactic = TacticCatalogue::instance().find(choice.tactic);
    if (!tactic) continue;
    contexts.push_back(std::make_unique<ContextView>(layer, cases));
    views.push_back(std::make_unique<AlgorithmView>(layer, *tactic, Tactic::Formats{choice.input_formats, choice.output_formats}, choice.ms,
                                                    &choice.packed, cases.opt));
    names.push_back(contexts.back().get());
    choices.push_back(views.back().get());
  }
  selector_.reportAlgorithms(names.data(), choices.data(), static_cast<int32_t>(choices.size()));
}

}  // namespace ingot::api
