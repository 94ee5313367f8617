// The operators of domain "trt" that exporters of quantized networks write for TensorRT, and two of its own layers. Their names hold in the
// standard's domain too, as TensorRT's parser reads them. Other TRT_* operators are plugins.
// Source: TensorRT's ONNX parser; its layers IQuantizeLayer, IDynamicQuantizeLayer, IKVCacheUpdateLayer, IAttention.
#include <fmt/format.h>

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

// Inputs: the cache [B, H, N, D], what is written, where [B].
Result<Tensor*> update_cache(const OnnxNode& node, Network& network) {
  TRY_ASSIGN(const std::vector<Tensor*> in, required_inputs(node, 3));
  TRY_ASSIGN(const std::string form, node.word("update_form", "padded_bhnd"));
  TRY_ASSIGN(const std::string mode, node.word("mode", "linear"));
  if (form != "padded_bhnd" || (node.input_count() > 3 && node.input(3)))
    return unsupported("updates that are packed (update_form '" + form + "'); padded_bhnd without lengths is supported");
  if (mode != "linear") return unsupported("mode is '" + mode + "'; linear is supported");
  TensorScatter op;
  TRY_ASSIGN(op.axis, node.integer("axis", -2));
  return network.add(op, in);
}

// Inputs: queries, keys, values [B, H, N, D], an optional mask.
Result<std::vector<Tensor*>> attention(const OnnxNode& node, Network& network) {
  for (const char* attribute : {"query_form", "kv_form"}) {
    TRY_ASSIGN(const std::string form, node.word(attribute, "padded_bhnd"));
    if (form != "padded_bhnd") return unsupported(std::string(attribute) + " is '" + form + "'; padded_bhnd is supported");
  }
  for (size_t i = 4; i < node.input_count(); ++i) {
    if (node.input(i)) return unsupported("caches and lengths as inputs 4 and up; use TRT_KVCacheUpdate and a mask");
  }
  std::vector<Tensor*> in = inputs_of(node, 4);
  in.resize(4);
  for (size_t i = 0; i < 3; ++i) {
    if (!in[i] || in[i]->type.rank() != 4)
      return invalid(fmt::format("input {} is {}; [batch, heads, length, depth] is wanted", i, in[i] ? in[i]->type.text() : "left out"));
  }
  return import_as("Attention", 24, node, network, std::move(in));
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
