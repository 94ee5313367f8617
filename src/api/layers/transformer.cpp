// IAttention, IMoELayer, IDistCollectiveLayer.
#include "api/layers/attention.h"
#include "operators/collective.h"
#include "operators/mixture_of_experts.h"
#include "operators/rotary_embedding.h"
#include "operators/sequences.h"
#include "operators/tensor_scatter.h"

namespace ingot::api {

using nvinfer1::AttentionIOForm;
using nvinfer1::CausalMaskKind;
using nvinfer1::ITensor;
using nvinfer1::LayerType;

// ---- Attention ----

namespace {

constexpr CausalKind kCausalKinds[] = {CausalKind::kNone, CausalKind::kUpperLeft, CausalKind::kLowerRight};

class AttentionOutputFacade final : public LayerFacade<nvinfer1::IAttentionOutputLayer> {
 public:
  AttentionOutputFacade(NetworkFacade& network, Layer* layer, LayerType type)
      : LayerFacade(network, layer, type), attention_(network, *this) {}
  nvinfer1::IAttention* getAttention() const noexcept override { return &attention_; }
  AttentionFacade& attention() { return attention_; }

  bool edit_attention(const std::function<void(AttentionLayer&)>& how) noexcept {
    edit<AttentionLayer>(how);
    return !is_waiting();
  }
  const AttentionLayer& attention_op() const { return op<AttentionLayer>(); }
  Tensor* input_at(size_t index) const { return index < current_inputs().size() ? current_inputs()[index] : nullptr; }
  bool set_input_at(int32_t index, Tensor* tensor) noexcept {
    replace_input(index, tensor);
    return !is_waiting();
  }
  Status complete() const override { return attention_.complete(); }

 protected:
  int32_t most_input() const noexcept override { return 6; }

 private:
  mutable AttentionFacade attention_;
};

AttentionOutputFacade& output_of(LayerHandle& layer) { return static_cast<AttentionOutputFacade&>(layer); }

AttentionIOForm form_of(const Tensor& x) { return x.type.rank() == 3 ? AttentionIOForm::kPACKED_NHD : AttentionIOForm::kPADDED_BHND; }

}  // namespace

const AttentionLayer& AttentionFacade::op() const { return output_of(layer_).attention_op(); }

bool AttentionFacade::setNormalizationOperation(nvinfer1::AttentionNormalizationOp op) noexcept {
  if (static_cast<int>(op) < 0 || static_cast<int>(op) >= nvinfer1::EnumMax<nvinfer1::AttentionNormalizationOp>())
    return declines("there is no such AttentionNormalizationOp");
  return output_of(layer_).edit_attention(
      [&](AttentionLayer& layer) { layer.softmax = op == nvinfer1::AttentionNormalizationOp::kSOFTMAX; });
}
nvinfer1::AttentionNormalizationOp AttentionFacade::getNormalizationOperation() const noexcept {
  return op().softmax ? nvinfer1::AttentionNormalizationOp::kSOFTMAX : nvinfer1::AttentionNormalizationOp::kNONE;
}
bool AttentionFacade::setMask(ITensor& mask) noexcept { return output_of(layer_).set_input_at(3, &core_tensor(mask)); }
ITensor* AttentionFacade::getMask() noexcept { return network_.facade(output_of(layer_).input_at(3)); }
bool AttentionFacade::setCausalKind(CausalMaskKind kind) noexcept {
  if (static_cast<int>(kind) < 0 || static_cast<int>(kind) > 2) return false;
  return output_of(layer_).edit_attention([&](AttentionLayer& layer) { layer.causal = kCausalKinds[static_cast<int>(kind)]; });
}
CausalMaskKind AttentionFacade::getCausalKind() const noexcept { return static_cast<CausalMaskKind>(static_cast<int>(op().causal)); }
bool AttentionFacade::setNormalizationQuantizeScale(ITensor& scale) noexcept {
  return output_of(layer_).set_input_at(4, &core_tensor(scale));
}
ITensor* AttentionFacade::getNormalizationQuantizeScale() const noexcept { return network_.facade(output_of(layer_).input_at(4)); }
bool AttentionFacade::setNormalizationQuantizeToType(nvinfer1::DataType type) noexcept {
  const auto core = to_core(type);
  if (!core.ok() || (*core != DataType::kInt8 && *core != DataType::kFp8)) return declines("scores are quantized to kINT8 or kFP8");
  return output_of(layer_).edit_attention([&](AttentionLayer& layer) { layer.quantize_to = *core; });
}
nvinfer1::DataType AttentionFacade::getNormalizationQuantizeToType() const noexcept { return to_api(op().quantize_to); }
bool AttentionFacade::setInput(int32_t index, ITensor& tensor) noexcept {
  if (index < 0 || index > 3) return declines("its inputs are query, key, value and mask");
  return output_of(layer_).set_input_at(index, &core_tensor(tensor));
}
int32_t AttentionFacade::getNbInputs() const noexcept { return output_of(layer_).input_at(3) ? 4 : 3; }
ITensor* AttentionFacade::getInput(int32_t index) const noexcept {
  return index < 0 || index > 3 ? nullptr : network_.facade(output_of(layer_).input_at(static_cast<size_t>(index)));
}
ITensor* AttentionFacade::getOutput(int32_t index) const noexcept { return output_of(layer_).getOutput(index); }
bool AttentionFacade::setName(char const* name) noexcept {
  output_of(layer_).setName(name);
  return true;
}
char const* AttentionFacade::getName() const noexcept { return output_of(layer_).getName(); }
bool AttentionFacade::setMetadata(char const* metadata) noexcept {
  output_of(layer_).setMetadata(metadata);
  return true;
}
char const* AttentionFacade::getMetadata() const noexcept { return output_of(layer_).getMetadata(); }
bool AttentionFacade::set_form(AttentionIOForm form, int32_t index, AttentionIOForm* own) noexcept {
  if (static_cast<int>(form) < 0 || static_cast<int>(form) >= nvinfer1::EnumMax<AttentionIOForm>())
    return declines("there is no such AttentionIOForm");
  const Tensor* x = output_of(layer_).input_at(static_cast<size_t>(index));
  if (!x || form != form_of(*x))
    return declines(form == AttentionIOForm::kPACKED_NHD ? "kPACKED_NHD is the form of tensors [tokens, heads, size]"
                                                         : "kPADDED_BHND is the form of tensors [batch, heads, length, size]");
  *own = form;
  return true;
}
bool AttentionFacade::set_lengths(ITensor* lengths, size_t of, int32_t index, const char* what) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Result<bool> {
    Tensor* tensor = lengths ? &core_tensor(*lengths) : nullptr;
    const Tensor* tokens = output_of(layer_).input_at(of);
    if (tensor && tokens) TRY(check_sequence_lengths(tokens->type, tensor->type, what));
    return output_of(layer_).set_input_at(index, tensor);
  });
}
bool AttentionFacade::setQueryLengths(ITensor* lengths) noexcept { return set_lengths(lengths, 0, 5, "lengths of queries"); }
ITensor* AttentionFacade::getQueryLengths() const noexcept { return network_.facade(output_of(layer_).input_at(5)); }
bool AttentionFacade::setKeyValueLengths(ITensor* lengths) noexcept { return set_lengths(lengths, 1, 6, "lengths of keys and values"); }
ITensor* AttentionFacade::getKeyValueLengths() const noexcept { return network_.facade(output_of(layer_).input_at(6)); }
Status AttentionFacade::complete() const {
  const auto check = [&](size_t index, AttentionIOForm form, size_t lengths, const char* what, const char* setter) -> Status {
    const Tensor* x = output_of(layer_).input_at(index);
    const std::string who = "attention '" + std::string(getName()) + "': ";
    if (!x) return Ok{};
    if (form_of(*x) != form)
      return invalid(who + what + " are " + x->type.text() + "; call " + setter + "Form for tensors of " +
                     (form == AttentionIOForm::kPADDED_BHND ? "packed" : "padded") + " sequences");
    if (form == AttentionIOForm::kPACKED_NHD && !output_of(layer_).input_at(lengths))
      return invalid(who + what + " are packed; call " + setter + "Lengths");
    return Ok{};
  };
  TRY(check(0, query_form_, 5, "queries", "setQuery"));
  return check(1, key_value_form_, 6, "keys and values", "setKeyValue");
}
bool AttentionFacade::declines(const char* why) noexcept {
  network_.reporter().report(unsupported("attention '" + std::string(getName()) + "': " + why));
  return false;
}

// ---- Mixture of experts ----

namespace {

class MoEFacade final : public LayerFacade<nvinfer1::IMoELayer> {
 public:
  using LayerFacade::LayerFacade;
  void setGatedWeights(ITensor& gate, ITensor& up, ITensor& down, nvinfer1::MoEActType activation) noexcept override {
    set_three(3, gate, up, down);
    setActivationType(activation);
  }
  void setGatedBiases(ITensor& gate, ITensor& up, ITensor& down) noexcept override { set_three(6, gate, up, down); }
  void setActivationType(nvinfer1::MoEActType activation) noexcept override {
    if (!takes_word("setActivationType", activation)) return;
    edit<MixtureOfExperts>([&](MixtureOfExperts& op) {
      op.activation = activation == nvinfer1::MoEActType::kSILU ? ExpertActivation::kSilu : ExpertActivation::kIdentity;
    });
  }
  nvinfer1::MoEActType getActivationType() const noexcept override {
    return op<MixtureOfExperts>().activation == ExpertActivation::kSilu ? nvinfer1::MoEActType::kSILU : nvinfer1::MoEActType::kNONE;
  }
  void setSwigluParams(float limit, float alpha, float beta) noexcept override {
    if (!takes_number("the limit", limit) || !takes_number("alpha", alpha) || !takes_number("beta", beta)) return;
    edit<MixtureOfExperts>([&](MixtureOfExperts& op) {
      op.limit = limit;
      op.alpha = alpha;
      op.beta = beta;
    });
  }
  void setSwigluParamLimit(float limit) noexcept override { setSwigluParams(limit, getSwigluParamAlpha(), getSwigluParamBeta()); }
  float getSwigluParamLimit() const noexcept override { return static_cast<float>(op<MixtureOfExperts>().limit); }
  void setSwigluParamAlpha(float alpha) noexcept override { setSwigluParams(getSwigluParamLimit(), alpha, getSwigluParamBeta()); }
  float getSwigluParamAlpha() const noexcept override { return static_cast<float>(op<MixtureOfExperts>().alpha); }
  void setSwigluParamBeta(float beta) noexcept override { setSwigluParams(getSwigluParamLimit(), getSwigluParamAlpha(), beta); }
  float getSwigluParamBeta() const noexcept override { return static_cast<float>(op<MixtureOfExperts>().beta); }

  Status complete() const override {
    const auto& inputs = current_inputs();
    return inputs.size() >= 6 && inputs[3] && inputs[4] && inputs[5]
               ? Status(Ok{})
               : Status(invalid("layer '" + layer_->name + "' lacks the weights of its experts; call setGatedWeights"));
  }
  // What the last product reads, quantized by one scale, or by scales of blocks that follow from the data and are quantized themselves.
  void setQuantizationStatic(ITensor& scale, nvinfer1::DataType type) noexcept override {
    if (takes_code(type))
      quantize(
          type, [&](MixtureOfExperts& op) { op.block = 0; }, &core_tensor(scale));
  }
  void setQuantizationToType(nvinfer1::DataType type) noexcept override {
    if (type == nvinfer1::DataType::kFLOAT || takes_code(type))
      quantize(
          type, [](MixtureOfExperts&) {}, nullptr);
  }
  nvinfer1::DataType getQuantizationToType() const noexcept override { return to_api(op<MixtureOfExperts>().quantize_to); }
  void setDynQOutputScaleType(nvinfer1::DataType type) noexcept override {
    if (takes_scale_type(type)) edit<MixtureOfExperts>([&](MixtureOfExperts& op) { op.scale_type = *to_core(type); });
  }
  nvinfer1::DataType getDynQOutputScaleType() const noexcept override { return to_api(op<MixtureOfExperts>().scale_type); }

 protected:
  int32_t most_input() const noexcept override { return static_cast<int32_t>(MixtureOfExperts::kScale); }
  void setQuantizationDynamicDblQ64_(ITensor& scale, nvinfer1::DataType type, WideDims const& block,
                                     nvinfer1::DataType scale_type) noexcept override {
    if (!takes_code(type) || !takes_scale_type(scale_type) || !takes_block("setQuantizationDynamicDblQ", block)) return;
    quantize(
        type,
        [&](MixtureOfExperts& op) {
          op.block = block.d[block.nbDims - 1];
          op.scale_type = *to_core(scale_type);
        },
        &core_tensor(scale));
  }
  void setQuantizationBlockShape64_(WideDims const& block) noexcept override {
    if (takes_block("setQuantizationBlockShape", block))
      edit<MixtureOfExperts>([&](MixtureOfExperts& op) { op.block = block.d[block.nbDims - 1]; });
  }
  // One extent for each dimension of the activations, which is 1 but for the last.
  WideDims getQuantizationBlockShape64_() const noexcept override {
    const int64_t block = op<MixtureOfExperts>().block;
    if (block == 0) return invalid_dims();
    Shape shape(static_cast<size_t>(std::min<int64_t>(rank_of_input(), WideDims::MAX_DIMS)), 1);
    shape.back() = block;
    return to_api(shape);
  }

 private:
  void set_three(size_t first, ITensor& a, ITensor& b, ITensor& c) noexcept {
    guarded(network_.reporter(), [&] {
      std::vector<Tensor*> inputs = current_inputs();
      inputs.resize(std::max(inputs.size(), first + 3), nullptr);
      inputs[first] = &core_tensor(a);
      inputs[first + 1] = &core_tensor(b);
      inputs[first + 2] = &core_tensor(c);
      change(current_op().clone(), std::move(inputs));
    });
  }
  bool takes_code(nvinfer1::DataType type) noexcept {
    return takes(type == nvinfer1::DataType::kFP8 || type == nvinfer1::DataType::kINT8 || type == nvinfer1::DataType::kFP4 ||
                     type == nvinfer1::DataType::kINT4,
                 "the type of quantized activations", type);
  }
  bool takes_scale_type(nvinfer1::DataType type) noexcept {
    const auto core = to_core(type);
    return takes(core.ok() && is_floating(*core), "the type of scales", type);
  }
  bool takes_block(const char* setter, const WideDims& block) noexcept {
    const bool known = block.nbDims > 0 && block.nbDims <= WideDims::MAX_DIMS;
    const auto* last = block.d + (known ? block.nbDims - 1 : 0);
    return takes(known && (*last > 0 || *last == -1) && std::all_of(block.d, last, [](int64_t extent) { return extent == 1; }), setter,
                 block);
  }
  void quantize(nvinfer1::DataType type, const std::function<void(MixtureOfExperts&)>& how, Tensor* scale) noexcept {
    guarded(network_.reporter(), [&]() -> Status {
      auto fresh = std::make_unique<MixtureOfExperts>(op<MixtureOfExperts>());
      TRY_ASSIGN(fresh->quantize_to, to_core(type));
      how(*fresh);
      std::vector<Tensor*> inputs = current_inputs();
      if (scale) {
        inputs.resize(std::max(inputs.size(), MixtureOfExperts::kScale + 1), nullptr);
        inputs[MixtureOfExperts::kScale] = scale;
      }
      change(std::move(fresh), std::move(inputs));
      return Ok{};
    });
  }
};

class RotaryFacade final : public LayerFacade<nvinfer1::IRotaryEmbeddingLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setInterleaved(bool interleaved) noexcept override {
    edit<RotaryEmbedding>([&](RotaryEmbedding& op) { op.interleaved = interleaved; });
  }
  bool getInterleaved() const noexcept override { return op<RotaryEmbedding>().interleaved; }
  bool setRotaryEmbeddingDim(int32_t dims) noexcept override {
    if (dims < 0 || dims % 2 != 0) return false;
    edit<RotaryEmbedding>([&](RotaryEmbedding& op) { op.rotary_dims = dims; });
    return true;
  }
  int32_t getRotaryEmbeddingDim() const noexcept override { return static_cast<int32_t>(op<RotaryEmbedding>().rotary_dims); }
  // Tables by position wait for the positions, which only setInput() brings.
  void await_positions() { change(current_op().clone(), {current_inputs().begin(), current_inputs().begin() + 3}); }

 protected:
  int32_t most_input() const noexcept override { return 3; }
};

class KVCacheFacade final : public LayerFacade<nvinfer1::IKVCacheUpdateLayer> {
 public:
  using LayerFacade::LayerFacade;
  bool setCacheMode(nvinfer1::KVCacheMode mode) noexcept override { return mode == nvinfer1::KVCacheMode::kLINEAR; }
  nvinfer1::KVCacheMode getCacheMode() const noexcept override { return nvinfer1::KVCacheMode::kLINEAR; }
  bool setUpdateForm(AttentionIOForm form) noexcept override {
    if (!takes_word("setUpdateForm", form)) return false;
    if (form != form_of_update()) {
      network_.reporter().report(invalid("layer '" + layer_->name + "': setUpdateForm: the update is " + current_inputs()[1]->type.text() +
                                         "; kPADDED_BHND has the cache's dimensions, kPACKED_NHD one less"));
      return false;
    }
    form_ = form;
    return true;
  }
  AttentionIOForm getUpdateForm() const noexcept override { return form_; }
  bool setUpdateLengths(ITensor* lengths) noexcept override {
    replace_input(kLengths, lengths ? &core_tensor(*lengths) : nullptr);
    return !is_waiting();
  }
  ITensor* getUpdateLengths() const noexcept override {
    return current_inputs().size() > kLengths ? network_.facade(current_inputs()[kLengths]) : nullptr;
  }
  // The lengths are no input that programs count.
  int32_t getNbInputs() const noexcept override { return std::min<int32_t>(LayerFacade::getNbInputs(), kLengths); }
  Status complete() const override {
    const AttentionIOForm form = form_of_update();
    const bool has_lengths = current_inputs().size() > kLengths && current_inputs()[kLengths];
    if (form == form_ && (form == AttentionIOForm::kPADDED_BHND || has_lengths)) return Ok{};
    return invalid("layer '" + layer_->name + "': the update is " + current_inputs()[1]->type.text() +
                   "; packed updates want setUpdateForm(kPACKED_NHD) and setUpdateLengths");
  }

 protected:
  int32_t most_input() const noexcept override { return kLengths; }

 private:
  AttentionIOForm form_of_update() const {
    const bool packed = TensorScatter::is_packed(current_inputs()[0]->type.rank(), current_inputs()[1]->type.rank());
    return packed ? AttentionIOForm::kPACKED_NHD : AttentionIOForm::kPADDED_BHND;
  }
  static constexpr int32_t kLengths = 3;
  AttentionIOForm form_ = AttentionIOForm::kPADDED_BHND;
};

}  // namespace

std::unique_ptr<LayerHandle> make_transformer_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<AttentionLayer>()) return std::make_unique<AttentionOutputFacade>(network, layer, LayerType::kATTENTION_OUTPUT);
  if (layer->as<MixtureOfExperts>()) return std::make_unique<MoEFacade>(network, layer, LayerType::kMOE);
  if (layer->as<RotaryEmbedding>()) return std::make_unique<RotaryFacade>(network, layer, LayerType::kROTARY_EMBEDDING);
  if (layer->as<TensorScatter>()) return std::make_unique<KVCacheFacade>(network, layer, LayerType::kKVCACHE_UPDATE);
  if (layer->as<Collective>())
    return std::make_unique<SettinglessFacade<nvinfer1::IDistCollectiveLayer>>(network, layer, LayerType::kDIST_COLLECTIVE);
  return nullptr;
}

// ---- Adding ----

nvinfer1::IAttention* NetworkFacade::addAttentionV2(ITensor& query, ITensor& key, ITensor& value,
                                                    nvinfer1::AttentionNormalizationOp normalization, CausalMaskKind causal) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IAttention*>(nullptr), [&]() -> Result<nvinfer1::IAttention*> {
    if (static_cast<int>(causal) < 0 || static_cast<int>(causal) > 2)
      return invalid("addAttention: there is no CausalMaskKind " + std::to_string(static_cast<int>(causal)));
    auto op = std::make_unique<AttentionLayer>();
    op->softmax = normalization == nvinfer1::AttentionNormalizationOp::kSOFTMAX;
    op->causal = kCausalKinds[static_cast<int>(causal)];
    TRY_ASSIGN(Layer * layer, add_core(std::move(op), {&core_tensor(query), &core_tensor(key), &core_tensor(value)}, "Attention"));
    return static_cast<AttentionOutputFacade*>(facade(layer))->getAttention();
  });
}

nvinfer1::IAttention* NetworkFacade::addAttention(ITensor& query, ITensor& key, ITensor& value,
                                                  nvinfer1::AttentionNormalizationOp normalization, bool causal) noexcept {
  return addAttentionV2(query, key, value, normalization, causal ? CausalMaskKind::kUPPER_LEFT : CausalMaskKind::kNONE);
}

nvinfer1::IMoELayer* NetworkFacade::addMoE(ITensor& hidden, ITensor& experts, ITensor& scores) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IMoELayer*>(nullptr), [&]() -> nvinfer1::IMoELayer* {
    return add<nvinfer1::IMoELayer>(std::make_unique<MixtureOfExperts>(),
                                    {&core_tensor(hidden), &core_tensor(experts), &core_tensor(scores)}, "MoE");
  });
}

nvinfer1::IDistCollectiveLayer* NetworkFacade::addDistCollective(ITensor& input, nvinfer1::CollectiveOperation operation,
                                                                 nvinfer1::ReduceOperation, int64_t root, int64_t* groups,
                                                                 int64_t group_size) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IDistCollectiveLayer*>(nullptr), [&]() -> Result<nvinfer1::IDistCollectiveLayer*> {
    if (static_cast<int>(operation) < 0 || static_cast<int>(operation) > 7)
      return invalid("addDistCollective: there is no such CollectiveOperation");
    for (int64_t i = 0; groups && i < group_size; ++i) {
      if (groups[i] != 0)
        return unsupported("addDistCollective: rank " + std::to_string(groups[i]) + " is in the group; there is one device, of rank 0");
    }
    auto op = std::make_unique<Collective>();
    op->kind = static_cast<CollectiveKind>(static_cast<int>(operation));
    op->root = root;
    return add<nvinfer1::IDistCollectiveLayer>(std::move(op), {&core_tensor(input)}, "DistCollective");
  });
}

nvinfer1::IRotaryEmbeddingLayer* NetworkFacade::addRotaryEmbedding(ITensor& input, ITensor& cosines, ITensor& sines, bool interleaved,
                                                                   int32_t dims) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IRotaryEmbeddingLayer*>(nullptr), [&]() -> Result<nvinfer1::IRotaryEmbeddingLayer*> {
    auto op = std::make_unique<RotaryEmbedding>();
    op->interleaved = interleaved;
    op->rotary_dims = dims;
    std::vector<Tensor*> inputs{&core_tensor(input), &core_tensor(cosines), &core_tensor(sines)};
    const bool by_position = core_tensor(cosines).type.rank() == 2;
    if (by_position) {
      TRY_ASSIGN(Array first, Array::make(DataType::kInt64, {1, 1}));
      inputs.push_back(network_->add_constant("positions", std::move(first)));
    }
    auto* layer = add<nvinfer1::IRotaryEmbeddingLayer>(std::move(op), inputs, "RotaryEmbedding");
    if (layer && by_position) static_cast<RotaryFacade*>(layer)->await_positions();
    return layer;
  });
}

nvinfer1::IKVCacheUpdateLayer* NetworkFacade::addKVCacheUpdate(ITensor& cache, ITensor& update, ITensor& indices,
                                                               nvinfer1::KVCacheMode mode) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IKVCacheUpdateLayer*>(nullptr), [&]() -> nvinfer1::IKVCacheUpdateLayer* {
    if (mode != nvinfer1::KVCacheMode::kLINEAR) {
      reporter_.report(invalid("addKVCacheUpdate: there is no KVCacheMode " + std::to_string(static_cast<int>(mode))));
      return nullptr;
    }
    return add<nvinfer1::IKVCacheUpdateLayer>(std::make_unique<TensorScatter>(),
                                              {&core_tensor(cache), &core_tensor(update), &core_tensor(indices)}, "KVCacheUpdate");
  });
}

}  // namespace ingot::api
