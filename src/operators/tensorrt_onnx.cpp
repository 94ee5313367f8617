// The operators of domain "trt" that exporters of quantized networks write for TensorRT, and two of its own layers. Their names hold in the
// standard's domain too, as TensorRT's parser reads them. Other TRT_* operators are plugins.
// Source: TensorRT's ONNX parser; its layers IQuantizeLayer, IDynamicQuantizeLayer, IKVCacheUpdateLayer, IAttention.
#include <fmt/format.h>

#include <cmath>

#include "operators/attention_layer.h"
#include "operators/bit_cast.h"
#include "operators/dequantize.h"
#include "operators/dynamic_quantize.h"
#include "operators/elementwise.h"
#include "operators/onnx_input.h"
#include "operators/onnx_reroute.h"
#include "operators/onnx_types.h"
#include "operators/quantize.h"
#include "operators/register.h"
#include "operators/tensor_scatter.h"

namespace ingot {
namespace {

// Codes of `type`, which older files keep as bytes.
Result<Tensor*> codes_of(Network& network, Tensor* x, DataType type) {
  if (x->type.type == type) return x;
  const bool is_byte = x->type.type == DataType::kUint8 || x->type.type == DataType::kInt8;
  if (!is_byte || bits_of(type) != 8) return unsupported(fmt::format("the codes are {}; {} is wanted", x->type.text(), name_of(type)));
  BitCast bits;
  bits.to = type;
  return network.add(bits, {x});
}

Result<DataType> output_type(const OnnxNode& node, DataType fallback) {
  TRY_ASSIGN(const int64_t number, node.integer("output_dtype", 0));
  if (number == 0) return fallback;
  return data_type_from_onnx(number);
}

// Inputs x, scale; a zero point is 0, so it says nothing.
template <DataType kType>
Result<Tensor*> quantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 2));
  Quantize op;
  op.to = kType;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(op.block_size, node.integer("block_size", 0));
  return network.add(op, in);
}

template <DataType kType>
Result<Tensor*> dequantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> in, required_inputs(node, 2));
  TRY_ASSIGN(in[0], codes_of(network, in[0], kType));
  Dequantize op;
  TRY_ASSIGN(op.axis, node.integer("axis", 1));
  TRY_ASSIGN(op.block_size, node.integer("block_size", 0));
  TRY_ASSIGN(op.to, output_type(node, in[1]->type.type));
  return network.add(op, in);
}

// Codes and scales of blocks along one axis.
Result<std::vector<Tensor*>> quantize_blocks(const OnnxNode& node, Network& network, DynamicQuantize op, std::vector<Tensor*> in,
                                             int64_t block_size) {
  const int64_t rank = in[0]->type.rank();
  TRY_ASSIGN(int64_t axis, node.integer("axis", -1));
  TRY_ASSIGN(axis, normalize_axis(axis, rank));
  TRY_ASSIGN(block_size, node.integer("block_size", block_size));
  op.block.assign(static_cast<size_t>(rank), 1);
  op.block[static_cast<size_t>(axis)] = block_size;
  TRY_ASSIGN(Layer * layer, network.add_layer(std::make_unique<DynamicQuantize>(op), std::move(in), node.name()));
  return layer->outputs();
}

// fp4 codes and fp8 scales of blocks of 16; the second input is the scale of the scales.
Result<std::vector<Tensor*>> fp4_dynamic_quantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> in, required_inputs(node, 2));
  DynamicQuantize op;
  op.to = DataType::kFp4;
  TRY_ASSIGN(const int64_t scale, node.integer("scale_type", 0));
  op.scale_type = DataType::kFp8;
  if (scale != 0) {
    TRY_ASSIGN(op.scale_type, data_type_from_onnx(scale));
  }
  return quantize_blocks(node, network, op, std::move(in), 16);
}

// fp8 codes and scales that are powers of two, of blocks of 32.
Result<std::vector<Tensor*>> mxfp8_dynamic_quantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> in, required_inputs(node, 1));
  DynamicQuantize op;
  op.scale_type = DataType::kE8m0;
  TRY_ASSIGN(op.to, output_type(node, DataType::kFp8));
  return quantize_blocks(node, network, op, std::move(in), 32);
}

Result<Tensor*> mxfp8_dequantize(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> in, required_inputs(node, 2));
  TRY_ASSIGN(in[0], codes_of(network, in[0], DataType::kFp8));
  TRY_ASSIGN(in[1], codes_of(network, in[1], DataType::kE8m0));
  Dequantize op;
  TRY_ASSIGN(op.axis, node.integer("axis", -1));
  TRY_ASSIGN(op.block_size, node.integer("block_size", 32));
  TRY_ASSIGN(op.to, output_type(node, DataType::kFloat));
  return network.add(op, in);
}

Result<Tensor*> floor_divide(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 2));
  return network.add(Elementwise(ScalarOp::kFloorDiv), in);
}

// Whether the attribute says that sequences are packed.
Result<bool> is_packed(const OnnxNode& node, std::string_view attribute) {
  TRY_ASSIGN(const std::string form, node.word(attribute, "padded_bhnd"));
  if (form == "packed_nhd" || form == "padded_bhnd") return form == "packed_nhd";
  return invalid(fmt::format("{} is '{}'; padded_bhnd and packed_nhd are known", attribute, form));
}

// An error where input `index` has not the form that the attribute says.
Status check_form(const OnnxNode& node, size_t index, std::string_view attribute) {
  TRY_ASSIGN(const bool packed, is_packed(node, attribute));
  const Tensor* x = node.input(index);
  const char* wanted = packed ? "[tokens, heads, depth]" : "[batch, heads, length, depth]";
  if (!x || x->type.rank() != (packed ? 3 : 4))
    return invalid(fmt::format("input {} is {}; {} is wanted", index, x ? x->type.text() : "left out", wanted));
  return Ok{};
}

// Inputs: the cache [B, H, N, D], what is written, where [B], and optional lengths.
Result<Tensor*> update_cache(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(std::vector<Tensor*> in, required_inputs(node, 3));
  TRY_ASSIGN(const std::string mode, node.word("mode", "linear"));
  TRY(check_form(node, 1, "update_form"));
  if (mode != "linear") return unsupported("mode is '" + mode + "'; linear is supported");
  TensorScatter op;
  TRY_ASSIGN(op.axis, node.integer("axis", -2));
  if (node.input_count() > 3 && node.input(3)) in.push_back(node.input(3));
  return network.add(op, in);
}

// Inputs: queries, keys, values, an optional mask, two that are not there, and optional lengths of queries and of keys.
Result<std::vector<Tensor*>> attention(const OnnxNode& node, Network& network) {
  TRY(check_form(node, 0, "query_form"));
  TRY(check_form(node, 1, "kv_form"));
  TRY(check_form(node, 2, "kv_form"));
  std::vector<Tensor*> in = inputs_of(node, 8);
  if (in[4] || in[5]) return unsupported("caches as inputs 4 and 5; use TRT_KVCacheUpdate");
  if (in[0]->type.rank() == 4 && in[1]->type.rank() == 4 && !in[6] && !in[7]) {
    in.resize(4);
    return import_as("Attention", 24, node, network, std::move(in));
  }
  AttentionLayer op;
  TRY_ASSIGN(const int64_t causal, node.integer("is_causal", 0));
  if (causal) op.causal = CausalKind::kUpperLeft;
  TRY_ASSIGN(double scale, node.number("scale", 0));
  const Dim& depth = in[0]->type.dims.back();
  if (scale == 0 && !depth.is_constant()) return unsupported("the scale is left out for queries of unknown depth");
  if (scale == 0) scale = 1 / std::sqrt(static_cast<double>(depth.value()));
  TRY_ASSIGN(in[0], network.add(Elementwise(ScalarOp::kMul), {in[0], network.add_constant("", Array::scalar(in[0]->type.type, scale))}));
  TRY_ASSIGN(Tensor * y, network.add(op, {in[0], in[1], in[2], in[3], nullptr, in[6], in[7]}, node.name()));
  return std::vector<Tensor*>{y};
}

}  // namespace

REGISTER_OPERATORS(tensorrt_onnx) {
  for (const char* domain : {"", "trt"}) {
    catalogue.add_onnx("TRT_FP8QuantizeLinear", one_output<quantize<DataType::kFp8>>, domain);
    catalogue.add_onnx("TRT_FP8DequantizeLinear", one_output<dequantize<DataType::kFp8>>, domain);
    catalogue.add_onnx("TRT_INT4QuantizeLinear", one_output<quantize<DataType::kInt4>>, domain);
    catalogue.add_onnx("TRT_INT4DequantizeLinear", one_output<dequantize<DataType::kInt4>>, domain);
    catalogue.add_onnx("TRT_FP4DynamicQuantize", fp4_dynamic_quantize, domain);
    catalogue.add_onnx("TRT_MXFP8DynamicQuantize", mxfp8_dynamic_quantize, domain);
    catalogue.add_onnx("TRT_MXFP8DequantizeLinear", one_output<mxfp8_dequantize>, domain);
    catalogue.add_onnx("TRT_FloorDiv", one_output<floor_divide>, domain);
    catalogue.add_onnx("TRT_KVCacheUpdate", one_output<update_cache>, domain);
    catalogue.add_onnx("TRT_Attention", attention, domain);
  }
}

}  // namespace ingot
