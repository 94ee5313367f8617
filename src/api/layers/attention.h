// IAttention over one core layer, which the network shows as its IAttentionOutputLayer.
#pragma once

#include "api/layers/layer.h"
#include "operators/attention_layer.h"

namespace ingot::api {

class AttentionFacade final : public nvinfer1::IAttention {
 public:
  AttentionFacade(NetworkFacade& network, LayerHandle& layer) : network_(network), layer_(layer) {}
  ~AttentionFacade() noexcept override = default;
  bool setNormalizationOperation(nvinfer1::AttentionNormalizationOp op) noexcept override;
  nvinfer1::AttentionNormalizationOp getNormalizationOperation() const noexcept override;
  bool setMask(nvinfer1::ITensor& mask) noexcept override;
  nvinfer1::ITensor* getMask() noexcept override;
  bool setCausal(bool causal) noexcept override {
    return setCausalKind(causal ? nvinfer1::CausalMaskKind::kUPPER_LEFT : nvinfer1::CausalMaskKind::kNONE);
  }
  bool getCausal() const noexcept override { return getCausalKind() != nvinfer1::CausalMaskKind::kNONE; }
  bool setCausalKind(nvinfer1::CausalMaskKind kind) noexcept override;
  nvinfer1::CausalMaskKind getCausalKind() const noexcept override;
  bool setDecomposable(bool decomposable) noexcept override {
    decomposable_ = decomposable;
    return true;
  }
  bool getDecomposable() const noexcept override { return decomposable_; }
  bool setNormalizationQuantizeScale(nvinfer1::ITensor& scale) noexcept override;
  nvinfer1::ITensor* getNormalizationQuantizeScale() const noexcept override;
  bool setNormalizationQuantizeToType(nvinfer1::DataType type) noexcept override;
  nvinfer1::DataType getNormalizationQuantizeToType() const noexcept override;
  bool setQueryForm(nvinfer1::AttentionIOForm form) noexcept override { return set_form(form, 0, &query_form_); }
  nvinfer1::AttentionIOForm getQueryForm() const noexcept override { return query_form_; }
  bool setKeyValueForm(nvinfer1::AttentionIOForm form) noexcept override { return set_form(form, 1, &key_value_form_); }
  nvinfer1::AttentionIOForm getKeyValueForm() const noexcept override { return key_value_form_; }
  bool setQueryLengths(nvinfer1::ITensor* lengths) noexcept override;
  nvinfer1::ITensor* getQueryLengths() const noexcept override;
  bool setKeyValueLengths(nvinfer1::ITensor* lengths) noexcept override;
  nvinfer1::ITensor* getKeyValueLengths() const noexcept override;
  int32_t getNbInputs() const noexcept override;
  bool setInput(int32_t index, nvinfer1::ITensor& input) noexcept override;
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override;
  int32_t getNbOutputs() const noexcept override { return 1; }
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override;
  bool setName(char const* name) noexcept override;
  char const* getName() const noexcept override;
  bool setMetadata(char const* metadata) noexcept override;
  char const* getMetadata() const noexcept override;
  // An error where forms, tensors and lengths do not go together.
  Status complete() const;
  bool setNbRanks(int32_t ranks) noexcept override { return ranks == 1; }
  int32_t getNbRanks() const noexcept override { return 1; }

 private:
  const AttentionLayer& op() const;
  // The form of the input at `index`, which its rank has to agree with.
  bool set_form(nvinfer1::AttentionIOForm form, int32_t index, nvinfer1::AttentionIOForm* own) noexcept;
  // Null leaves them out; lengths that do not fit input `of` change nothing.
  bool set_lengths(nvinfer1::ITensor* lengths, size_t of, int32_t index, const char* what) noexcept;
  bool declines(const char* why) noexcept;

  NetworkFacade& network_;
  LayerHandle& layer_;
  bool decomposable_ = false;
  nvinfer1::AttentionIOForm query_form_ = nvinfer1::AttentionIOForm::kPADDED_BHND;
  nvinfer1::AttentionIOForm key_value_form_ = nvinfer1::AttentionIOForm::kPADDED_BHND;
};

}  // namespace ingot::api
