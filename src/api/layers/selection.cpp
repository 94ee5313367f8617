#include "api/layers/selection.h"

#include "operators/gather.h"
#include "operators/gather_elements.h"
#include "operators/gather_nd.h"
#include "operators/reshape.h"
#include "operators/scatter_elements.h"
#include "operators/scatter_nd.h"

namespace ingot::api {

using nvinfer1::GatherMode;
using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::ScatterMode;

Result<DataType> index_type_of(nvinfer1::DataType type) {
  if (type == nvinfer1::DataType::kINT32) return DataType::kInt32;
  if (type == nvinfer1::DataType::kINT64) return DataType::kInt64;
  return invalid("indices are kINT32 or kINT64");
}

// ---- Gather and scatter ----

std::unique_ptr<Operator> GatherFacade::make(GatherMode mode, int64_t axis, int64_t shared_dims) {
  if (mode == GatherMode::kELEMENT) {
    auto op = std::make_unique<GatherElements>();
    op->axis = axis;
    return op;
  }
  if (mode == GatherMode::kND) {
    auto op = std::make_unique<GatherNd>();
    op->batch_dims = shared_dims;
    return op;
  }
  auto op = std::make_unique<Gather>(axis);
  op->batch_dims = shared_dims;
  return op;
}

GatherFacade::GatherFacade(NetworkFacade& network, Layer* layer, LayerType type) : LayerFacade(network, layer, type) {
  const auto lead = static_cast<int32_t>(network.lead());
  const auto from_front = [&](int64_t axis) { return static_cast<int32_t>(axis < 0 ? axis + layer->input(0)->type.rank() : axis) - lead; };
  if (const auto* gather = layer->as<Gather>()) {
    axis_ = from_front(gather->axis);
    shared_dims_ = static_cast<int32_t>(gather->batch_dims) - (gather->batch_dims > 0 ? lead : 0);
  } else if (const auto* elements = layer->as<GatherElements>()) {
    mode_ = GatherMode::kELEMENT;
    axis_ = from_front(elements->axis);
  } else if (const auto* nd = layer->as<GatherNd>()) {
    mode_ = GatherMode::kND;
    shared_dims_ = static_cast<int32_t>(nd->batch_dims) - lead;
  }
}

void GatherFacade::rebuild() {
  guarded(network_.reporter(), [&] {
    const int64_t lead = network_.lead(),
                  indices_lead = lead && !current_inputs()[1]->type.dims.empty() && current_inputs()[1]->type.dims[0] != Dim(1) ? 1 : 0;
    change(make(mode_, axis_ + lead, shared_dims_ + (mode_ == GatherMode::kND ? lead : indices_lead)), current_inputs());
  });
}

void GatherFacade::setMode(GatherMode mode) noexcept {
  if (static_cast<int>(mode) < 0 || static_cast<int>(mode) > 2)
    return network_.reporter().report(invalid("there is no GatherMode " + std::to_string(static_cast<int>(mode))));
  mode_ = mode;
  rebuild();
}

void GatherFacade::setGatherAxis(int32_t axis) noexcept {
  if (!takes_axis("setGatherAxis", axis)) return;
  axis_ = axis;
  rebuild();
}

void GatherFacade::setNbElementWiseDims(int32_t dims) noexcept {
  if (!takes(dims >= 0 && dims < rank_of_input(), "setNbElementWiseDims", dims)) return;
  shared_dims_ = dims;
  rebuild();
}

ScatterFacade::ScatterFacade(NetworkFacade& network, Layer* layer, LayerType type) : LayerFacade(network, layer, type) {
  if (const auto* elements = layer->as<ScatterElements>()) {
    axis_ = static_cast<int32_t>((elements->axis < 0 ? elements->axis + layer->input(0)->type.rank() : elements->axis) - network.lead());
  } else {
    mode_ = ScatterMode::kND;
  }
}

void ScatterFacade::rebuild() {
  guarded(network_.reporter(), [&] {
    if (mode_ == ScatterMode::kND) return change(std::make_unique<ScatterNd>(), current_inputs());
    auto op = std::make_unique<ScatterElements>();
    op->axis = axis_ + network_.lead();
    change(std::move(op), current_inputs());
  });
}

void ScatterFacade::setMode(ScatterMode mode) noexcept {
  if (!takes_word("setMode", mode)) return;
  mode_ = mode;
  rebuild();
}

void ScatterFacade::setAxis(int32_t axis) noexcept {
  if (!takes_axis("setAxis", axis)) return;
  axis_ = axis;
  rebuild();
}

// ---- Top k and the rest ----

namespace {

Result<int64_t> one_axis(uint32_t axes, int64_t lead, const char* what) {
  const std::vector<int64_t> list = axes_of(axes, lead);
  if (list.size() == 1) return list[0];
  return invalid(std::string(what) + " runs along one axis; " + std::to_string(list.size()) + " bits are set");
}

}  // namespace

void TopKFacade::setK(int32_t k) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (k < 1) return invalid("layer '" + layer_->name + "': k is " + std::to_string(k) + "; it is positive");
    auto fresh = std::make_unique<TopK>(op<TopK>());
    fresh->k = k;
    std::vector<Tensor*> inputs{current_inputs()[0]};
    if (layer_->inputs().size() > 1) inputs.push_back(network_.core().add_constant(layer_->name + ".k", Array::from_int64s({k})));
    change(std::move(fresh), std::move(inputs));
    return Ok{};
  });
}

void TopKFacade::setReduceAxes(uint32_t axes) noexcept {
  if (!takes_axes("setReduceAxes", axes)) return;
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(int64_t axis, one_axis(axes, network_.lead(), "top k"));
    edit<TopK>([&](TopK& op) { op.axis = axis; });
    return Ok{};
  });
}

bool TopKFacade::setIndicesType(nvinfer1::DataType type) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Status {
    TRY_ASSIGN(DataType core, index_type_of(type));
    edit<TopK>([&](TopK& op) { op.index_type = core; });
    return Ok{};
  });
}

void ArgFacade::setReduceAxes(uint32_t axes) noexcept {
  if (!takes_axes("setReduceAxes", axes)) return;
  guarded(network_.reporter(), [&]() -> Status {
    TRY_ASSIGN(int64_t axis, one_axis(axes, network_.lead(), "the search for an index"));
    edit<ArgReduce>([&](ArgReduce& op) { op.axis = axis; });
    return Ok{};
  });
}

bool NonZeroFacade::setIndicesType(nvinfer1::DataType type) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Status {
    TRY_ASSIGN(DataType core, index_type_of(type));
    edit<NonZero>([&](NonZero& op) { op.index_type = core; });
    return Ok{};
  });
}

void NmsFacade::setTopKBoxLimit(int32_t limit) noexcept {
  guarded(network_.reporter(), [&]() -> Status {
    if (limit < 0) return invalid("layer '" + layer_->name + "': the limit of boxes is " + std::to_string(limit));
    edit<Nms>([&](Nms& op) { op.candidates = limit; });
    return Ok{};
  });
}

bool NmsFacade::setIndicesType(nvinfer1::DataType type) noexcept {
  return guarded(network_.reporter(), false, [&]() -> Status {
    TRY_ASSIGN(DataType core, index_type_of(type));
    edit<Nms>([&](Nms& op) { op.index_type = core; });
    return Ok{};
  });
}

std::unique_ptr<LayerHandle> make_selection_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<Gather>() || layer->as<GatherElements>() || layer->as<GatherNd>())
    return std::make_unique<GatherFacade>(network, layer, LayerType::kGATHER);
  if (layer->as<ScatterElements>() || layer->as<ScatterNd>()) return std::make_unique<ScatterFacade>(network, layer, LayerType::kSCATTER);
  if (layer->as<TopK>()) return std::make_unique<TopKFacade>(network, layer, LayerType::kTOPK);
  if (layer->as<ArgReduce>()) return std::make_unique<ArgFacade>(network, layer, LayerType::kTOPK);
  if (layer->as<OneHot>()) return std::make_unique<OneHotFacade>(network, layer, LayerType::kONE_HOT);
  if (layer->as<NonZero>()) return std::make_unique<NonZeroFacade>(network, layer, LayerType::kNON_ZERO);
  if (layer->as<ReverseSequence>()) return std::make_unique<ReverseSequenceFacade>(network, layer, LayerType::kREVERSE_SEQUENCE);
  if (layer->as<Nms>()) return std::make_unique<NmsFacade>(network, layer, LayerType::kNMS);
  return nullptr;
}

// ---- Adding ----

nvinfer1::IGatherLayer* NetworkFacade::addGather(ITensor& data, ITensor& indices, int32_t axis) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IGatherLayer*>(nullptr), [&]() -> Result<nvinfer1::IGatherLayer*> {
    std::vector<Tensor*> inputs{&core_tensor(data), &core_tensor(indices)};
    int64_t shared = 0;
    if (lead()) {
      // Indices that are the same for the whole batch lose its dimension; others go along with it.
      const Dims& dims = inputs[1]->type.dims;
      shared = dims.empty() || dims[0] != Dim(1) ? 1 : 0;
      if (!shared) {
        TRY_ASSIGN(inputs[1],
                   network_->add(Reshape(std::vector<int64_t>(constant_shape(Dims(dims.begin() + 1, dims.end())))), {inputs[1]}));
      }
    }
    return add<nvinfer1::IGatherLayer>(GatherFacade::make(GatherMode::kDEFAULT, axis + lead(), shared), inputs, "Gather");
  });
}

nvinfer1::IGatherLayer* NetworkFacade::addGatherV2(ITensor& data, ITensor& indices, GatherMode mode) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IGatherLayer*>(nullptr), [&]() -> nvinfer1::IGatherLayer* {
    if (mode == GatherMode::kDEFAULT) return addGather(data, indices, 0);
    if (static_cast<int>(mode) < 0 || static_cast<int>(mode) > 2) {
      reporter_.report(invalid("addGatherV2: there is no GatherMode " + std::to_string(static_cast<int>(mode))));
      return nullptr;
    }
    return add<nvinfer1::IGatherLayer>(GatherFacade::make(mode, lead(), lead()), {&core_tensor(data), &core_tensor(indices)}, "Gather");
  });
}

nvinfer1::IScatterLayer* NetworkFacade::addScatter(ITensor& data, ITensor& indices, ITensor& updates, ScatterMode mode) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IScatterLayer*>(nullptr), [&]() -> Result<nvinfer1::IScatterLayer*> {
    if (mode != ScatterMode::kND && mode != ScatterMode::kELEMENT)
      return invalid("addScatter: there is no ScatterMode " + std::to_string(static_cast<int>(mode)));
    std::unique_ptr<Operator> op;
    if (mode == ScatterMode::kND) {
      op = std::make_unique<ScatterNd>();
    } else {
      auto elements = std::make_unique<ScatterElements>();
      elements->axis = lead();
      op = std::move(elements);
    }
    return add<nvinfer1::IScatterLayer>(std::move(op), {&core_tensor(data), &core_tensor(indices), &core_tensor(updates)}, "Scatter");
  });
}

nvinfer1::ITopKLayer* NetworkFacade::addTopK(ITensor& input, nvinfer1::TopKOperation operation, int32_t k, uint32_t axes,
                                             nvinfer1::DataType indices) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::ITopKLayer*>(nullptr), [&]() -> Result<nvinfer1::ITopKLayer*> {
    if (operation != nvinfer1::TopKOperation::kMAX && operation != nvinfer1::TopKOperation::kMIN)
      return invalid("addTopK: there is no TopKOperation " + std::to_string(static_cast<int>(operation)));
    if (core_tensor(input).type.type == DataType::kBool) return invalid("addTopK: bools have no order; cast them");
    if (k < 1) return invalid("addTopK: k is " + std::to_string(k) + "; it is positive");
    auto op = std::make_unique<TopK>();
    op->k = k;
    op->largest = operation == nvinfer1::TopKOperation::kMAX;
    TRY_ASSIGN(op->axis, one_axis(axes, lead(), "addTopK: top k"));
    TRY_ASSIGN(op->index_type, index_type_of(indices));
    return add<nvinfer1::ITopKLayer>(std::move(op), {&core_tensor(input)}, "TopK");
  });
}

nvinfer1::ITopKLayer* NetworkFacade::addTopK(ITensor& input, nvinfer1::TopKOperation operation, int32_t k, uint32_t axes) noexcept {
  return addTopK(input, operation, k, axes, nvinfer1::DataType::kINT32);
}

nvinfer1::IOneHotLayer* NetworkFacade::addOneHot(ITensor& indices, ITensor& values, ITensor& depth, int32_t axis) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IOneHotLayer*>(nullptr), [&]() -> Result<nvinfer1::IOneHotLayer*> {
    if (const DataType type = core_tensor(indices).type.type; !is_integer(type))
      return invalid("addOneHot: the indices are " + std::string(name_of(type)) + "; they are int32 or int64");
    auto op = std::make_unique<OneHot>();
    op->axis = axis < 0 ? axis : axis + lead();
    return add<nvinfer1::IOneHotLayer>(std::move(op), {&core_tensor(indices), &core_tensor(depth), &core_tensor(values)}, "OneHot");
  });
}

nvinfer1::INonZeroLayer* NetworkFacade::addNonZero(ITensor& input, nvinfer1::DataType indices) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::INonZeroLayer*>(nullptr), [&]() -> Result<nvinfer1::INonZeroLayer*> {
    auto op = std::make_unique<NonZero>();
    TRY_ASSIGN(op->index_type, index_type_of(indices));
    return add<nvinfer1::INonZeroLayer>(std::move(op), {&core_tensor(input)}, "NonZero");
  });
}

nvinfer1::INonZeroLayer* NetworkFacade::addNonZero(ITensor& input) noexcept { return addNonZero(input, nvinfer1::DataType::kINT32); }

nvinfer1::IReverseSequenceLayer* NetworkFacade::addReverseSequence(ITensor& input, ITensor& lengths) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IReverseSequenceLayer*>(nullptr), [&]() -> nvinfer1::IReverseSequenceLayer* {
    return add<nvinfer1::IReverseSequenceLayer>(std::make_unique<ReverseSequence>(), {&core_tensor(input), &core_tensor(lengths)},
                                                "ReverseSequence");
  });
}

// Of setTopKBoxLimit.
constexpr int64_t kUsualBoxLimit = 5000;

nvinfer1::INMSLayer* NetworkFacade::addNMS(ITensor& boxes, ITensor& scores, ITensor& most, nvinfer1::DataType indices) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::INMSLayer*>(nullptr), [&]() -> Result<nvinfer1::INMSLayer*> {
    auto op = std::make_unique<Nms>();
    op->classes_last = true;
    op->with_count = true;
    op->candidates = kUsualBoxLimit;
    TRY_ASSIGN(op->index_type, index_type_of(indices));
    const TensorType& count = core_tensor(most).type;
    if (!is_integer(count.type) || count.rank() > 1)
      return invalid("addNMS: the number of boxes of a class is " + count.text() + "; a single integer is wanted");
    return add<nvinfer1::INMSLayer>(std::move(op), {&core_tensor(boxes), &core_tensor(scores), &core_tensor(most)}, "NMS");
  });
}

nvinfer1::INMSLayer* NetworkFacade::addNMS(ITensor& boxes, ITensor& scores, ITensor& most) noexcept {
  return addNMS(boxes, scores, most, nvinfer1::DataType::kINT32);
}

}  // namespace ingot::api
