// IQuantizeLayer, IDequantizeLayer, IDynamicQuantizeLayer.
#include "operators/quantize.h"

#include "api/layers/layer.h"
#include "operators/dequantize.h"
#include "operators/dynamic_quantize.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;

namespace {

// A scale of the input's rank is one a block, along the dimension where they differ; the block's length follows from both.
template <class Op>
void find_block(Op& op, const Tensor& x, const Tensor& scale) {
  op.block_size = 0;
  if (scale.type.rank() != x.type.rank() || x.type.rank() == 0) return;
  for (size_t d = 0; d < x.type.dims.size(); ++d) {
    const Dim &whole = x.type.dims[d], &parts = scale.type.dims[d];
    if (whole == parts || !whole.is_constant() || !parts.is_constant() || parts.value() < 1) continue;
    op.axis = static_cast<int64_t>(d);
    op.block_size = (whole.value() + parts.value() - 1) / parts.value();
    return;
  }
}

template <class Interface, class Op>
class QuantizationFacade final : public LayerFacade<Interface> {
 public:
  using LayerFacade<Interface>::LayerFacade;
  void setAxis(int32_t axis) noexcept override {
    if (!this->takes_axis("setAxis", axis)) return;
    this->template edit<Op>([&](Op& op) { op.axis = axis < 0 ? axis : axis + this->network_.lead(); });
  }
  int32_t getAxis() const noexcept override {
    const int64_t axis = this->template op<Op>().axis;
    return static_cast<int32_t>(axis < 0 ? axis : axis - this->network_.lead());
  }
  void setToType(nvinfer1::DataType type) noexcept override {
    const auto core = to_core(type);
    if (!core.ok()) return this->network_.reporter().report(core.error());
    const bool narrow = *core == DataType::kInt8 || *core == DataType::kFp8 || *core == DataType::kInt4 || *core == DataType::kFp4;
    if (!this->takes(std::is_same_v<Op, Quantize> ? narrow : is_floating(*core) && !narrow, "setToType", type)) return;
    this->template edit<Op>([&](Op& op) { op.to = *core; });
  }
  nvinfer1::DataType getToType() const noexcept override { return to_api(this->template op<Op>().to); }
  void setInput(int32_t index, ITensor& tensor) noexcept override {
    if (index != 1) return LayerFacade<Interface>::setInput(index, tensor);
    guarded(this->network_.reporter(), [&] {
      auto fresh = std::make_unique<Op>(this->template op<Op>());
      std::vector<Tensor*> inputs = this->current_inputs();
      inputs[1] = &core_tensor(tensor);
      find_block(*fresh, *inputs[0], *inputs[1]);
      this->change(std::move(fresh), std::move(inputs));
    });
  }

 protected:
  int32_t most_input() const noexcept override { return 2; }
  bool setBlockShape64_(WideDims const& dims) noexcept override {
    return guarded(this->network_.reporter(), false, [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      const Dims& x = this->current_inputs()[0]->type.dims;
      if (shape.size() != x.size())
        return invalid("layer '" + this->layer_->name + "': the block has " + std::to_string(shape.size()) + " dimensions, the input " +
                       std::to_string(x.size()));
      int64_t along = -1;
      for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] == 0 || shape[d] < -1)
          return invalid("layer '" + this->layer_->name + "': a block of " + std::to_string(shape[d]) + " along dimension " +
                         std::to_string(d) + "; blocks are positive, or -1 for a whole dimension");
        if (shape[d] == 1) continue;
        if (along >= 0)
          return unsupported("layer '" + this->layer_->name +
                             "': blocks of several dimensions are quantized with IDynamicQuantizeLayer only");
        along = static_cast<int64_t>(d);
      }
      this->template edit<Op>([&](Op& op) {
        if (along >= 0) op.axis = along;
        op.block_size = along < 0                               ? 1
                        : shape[static_cast<size_t>(along)] < 0 ? x[static_cast<size_t>(along)].constant().value_or(1)
                                                                : shape[static_cast<size_t>(along)];
      });
      return Ok{};
    });
  }
  WideDims getBlockShape64_() const noexcept override {
    const Op& now = this->template op<Op>();
    if (now.block_size == 0) return invalid_dims();
    Shape shape(static_cast<size_t>(this->rank_of_input()), 1);
    shape[static_cast<size_t>(now.axis < 0 ? now.axis + this->rank_of_input() : now.axis)] = now.block_size;
    return to_api(shape);
  }
};

class DynamicQuantizeFacade final : public LayerFacade<nvinfer1::IDynamicQuantizeLayer> {
 public:
  using LayerFacade::LayerFacade;
  void setToType(nvinfer1::DataType type) noexcept override { set_type("setToType", &DynamicQuantize::to, type); }
  nvinfer1::DataType getToType() const noexcept override { return to_api(op<DynamicQuantize>().to); }
  void setScaleType(nvinfer1::DataType type) noexcept override { set_type("setScaleType", &DynamicQuantize::scale_type, type); }
  nvinfer1::DataType getScaleType() const noexcept override { return to_api(op<DynamicQuantize>().scale_type); }
  void setAxis(int32_t axis) noexcept override {
    if (takes_axis("setAxis", axis)) along(axis, getBlockSize());
  }
  int32_t getAxis() const noexcept override {
    const auto& block = op<DynamicQuantize>().block;
    for (size_t d = 0; d < block.size(); ++d) {
      if (block[d] != 1) return static_cast<int32_t>(d);
    }
    return -1;
  }
  void setBlockSize(int32_t size) noexcept override {
    if (takes(size > 0, "setBlockSize", size)) along(getAxis(), size);
  }
  int32_t getBlockSize() const noexcept override {
    return getAxis() < 0 ? 1 : static_cast<int32_t>(op<DynamicQuantize>().block[static_cast<size_t>(getAxis())]);
  }
  static Shape block_along(int64_t rank, int64_t axis, int64_t size) {
    Shape block(static_cast<size_t>(rank), 1);
    const int64_t place = axis < 0 ? axis + rank : axis;
    if (place >= 0 && place < rank) block[static_cast<size_t>(place)] = size;
    return block;
  }

 protected:
  int32_t most_input() const noexcept override { return 1; }
  void setBlockShape64_(WideDims const& dims) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      TRY_ASSIGN(Shape shape, to_shape(dims));
      edit<DynamicQuantize>([&](DynamicQuantize& op) { op.block = shape; });
      return Ok{};
    });
  }
  WideDims getBlockShape64_() const noexcept override { return to_api(Shape(op<DynamicQuantize>().block)); }

 private:
  void set_type(const char* setter, DataType DynamicQuantize::*field, nvinfer1::DataType type) noexcept {
    const auto core = to_core(type);
    if (!core.ok()) return network_.reporter().report(core.error());
    if (!takes(*core != DataType::kBool && (!is_integer(*core) || *core == DataType::kInt8 || *core == DataType::kInt4), setter, type))
      return;
    edit<DynamicQuantize>([&](DynamicQuantize& op) { op.*field = *core; });
  }
  void along(int64_t axis, int64_t size) noexcept {
    edit<DynamicQuantize>([&](DynamicQuantize& op) { op.block = block_along(rank_of_input(), axis, size); });
  }
};

}  // namespace

std::unique_ptr<LayerHandle> make_quantize_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<Quantize>())
    return std::make_unique<QuantizationFacade<nvinfer1::IQuantizeLayer, Quantize>>(network, layer, LayerType::kQUANTIZE);
  if (layer->as<Dequantize>())
    return std::make_unique<QuantizationFacade<nvinfer1::IDequantizeLayer, Dequantize>>(network, layer, LayerType::kDEQUANTIZE);
  if (layer->as<DynamicQuantize>()) return std::make_unique<DynamicQuantizeFacade>(network, layer, LayerType::kDYNAMIC_QUANTIZE);
  return nullptr;
}

// ---- Adding ----

namespace {

template <class Interface, class Op>
Interface* add_quantization(NetworkFacade& network, ITensor& input, ITensor& scale, nvinfer1::DataType type, const char* word) {
  return guarded(network.reporter(), static_cast<Interface*>(nullptr), [&]() -> Result<Interface*> {
    auto op = std::make_unique<Op>();
    TRY_ASSIGN(op->to, to_core(type));
    op->axis = 1 + network.lead();
    // One scale for each index along dimension 1 unless the program says otherwise; where it cannot be that one, the one it fits.
    const Tensor &x = core_tensor(input), &s = core_tensor(scale);
    if (std::is_same_v<Op, Quantize> && !is_floating(x.type.type))
      return invalid("addQuantize: the input is " + std::string(name_of(x.type.type)) + "; floating-point numbers are wanted");
    find_block(*op, x, s);
    if (op->block_size == 0 && s.type.rank() == 1 && !s.type.dims[0].is(1)) {
      const auto fits = [&](int64_t axis) { return axis < x.type.rank() && x.type.dims[static_cast<size_t>(axis)] == s.type.dims[0]; };
      for (int64_t axis = 0; !fits(op->axis) && axis < x.type.rank(); ++axis) {
        if (fits(axis)) op->axis = axis;
      }
    }
    return network.add<Interface>(std::move(op), {&core_tensor(input), &core_tensor(scale)}, word);
  });
}

}  // namespace

nvinfer1::IQuantizeLayer* NetworkFacade::addQuantize(ITensor& input, ITensor& scale, nvinfer1::DataType type) noexcept {
  return add_quantization<nvinfer1::IQuantizeLayer, Quantize>(*this, input, scale, type, "Quantize");
}
nvinfer1::IQuantizeLayer* NetworkFacade::addQuantize(ITensor& input, ITensor& scale) noexcept {
  return addQuantize(input, scale, nvinfer1::DataType::kINT8);
}
nvinfer1::IDequantizeLayer* NetworkFacade::addDequantize(ITensor& input, ITensor& scale, nvinfer1::DataType type) noexcept {
  return add_quantization<nvinfer1::IDequantizeLayer, Dequantize>(*this, input, scale, type, "Dequantize");
}
nvinfer1::IDequantizeLayer* NetworkFacade::addDequantize(ITensor& input, ITensor& scale) noexcept {
  return addDequantize(input, scale, nvinfer1::DataType::kFLOAT);
}

nvinfer1::IDynamicQuantizeLayer* NetworkFacade::addDynamicQuantizeV2_64_(ITensor& input, WideDims const& block, nvinfer1::DataType type,
                                                                         nvinfer1::DataType scale) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IDynamicQuantizeLayer*>(nullptr), [&]() -> Result<nvinfer1::IDynamicQuantizeLayer*> {
    auto op = std::make_unique<DynamicQuantize>();
    TRY_ASSIGN(op->block, to_shape(block));
    TRY_ASSIGN(op->to, to_core(type));
    TRY_ASSIGN(op->scale_type, to_core(scale));
    return add<nvinfer1::IDynamicQuantizeLayer>(std::move(op), {&core_tensor(input)}, "DynamicQuantize");
  });
}

nvinfer1::IDynamicQuantizeLayer* NetworkFacade::addDynamicQuantize(ITensor& input, int32_t axis, int32_t size, nvinfer1::DataType type,
                                                                   nvinfer1::DataType scale) noexcept {
  const int64_t rank = core_tensor(input).type.rank();
  return addDynamicQuantizeV2_64_(input, to_api(DynamicQuantizeFacade::block_along(rank, axis, size)), type, scale);
}

}  // namespace ingot::api
