// cpu.quantize_blocks: quantize and dequantize with a scale for each block along an axis. Blocks of a row are taken one by one; where the
// axis is not innermost, a row of elements meets a row of scales.
#include <algorithm>
#include <cstring>

#include "operators/dequantize.h"
#include "operators/quantize.h"
#include "tactics/cpu/convert_rows.h"
#include "tactics/cpu/dynamic_scales.h"
#include "tactics/cpu/line_loops.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr int64_t kPiece = 1024;  // elements that pass at once

// What both operators have.
struct Conversion {
  DataType codes = DataType::kInt8, number = DataType::kFloat;
  int64_t axis = 0, block = 0;
  bool quantizes = true, saturates = true;
};

Conversion conversion_of(const Operator& op, const TensorTypes& inputs) {
  if (const auto* quantize = dynamic_cast<const Quantize*>(&op))
    return {quantize->to, inputs[0].type, quantize->axis, quantize->block_size, true, quantize->saturate};
  if (const auto* dequantize = dynamic_cast<const Dequantize*>(&op))
    return {inputs[0].type, dequantize->to, dequantize->axis, dequantize->block_size, false, true};
  return {};
}

bool is_number(DataType type) { return type == DataType::kFloat || type == DataType::kHalf || type == DataType::kBf16; }
bool is_narrow(DataType type) { return bits_of(type) == 4; }

// Codes of `count` elements from element `first` on as floats; of four bits two are in a byte, the first one below.
struct CodeReader {
  DataType type;
  LoadRow load = nullptr;
  float table[16] = {};

  explicit CodeReader(DataType type) : type(type) {
    if (!is_narrow(type)) {
      load = load_row(type);
      return;
    }
    static constexpr float kFp4[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (int code = 0; code < 16; ++code) {
      const auto whole = static_cast<float>(type == DataType::kInt4 && code > 7 ? code - 16 : code);
      table[code] = type != DataType::kFp4 ? whole : code < 8 ? kFp4[code] : -kFp4[code - 8];
    }
  }
  void read(const void* from, int64_t first, float* to, int64_t count) const {
    const auto* bytes = static_cast<const uint8_t*>(from);
    if (load) return load(bytes + first, to, count);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i;
      to[i] = table[bytes[at / 2] >> (at % 2 * 4) & 15];
    }
  }
};

struct Runner {
  const PlainCall& call;
  Conversion conversion;
  int64_t outer = 1, length = 1, inner = 1, blocks = 1;
  CodeReader codes;
  LoadRow load_number, load_scale;
  StoreRow store_number;
  int number_bytes, scale_bytes;
  QuantizeRow quantize = nullptr;
  DequantizeRow dequantize = nullptr;
  const LineLoops& loops = line_loops();
  const DynamicLoops& encoder = dynamic_loops();

  Runner(const PlainCall& call, const Conversion& conversion)
      : call(call),
        conversion(conversion),
        codes(conversion.codes),
        load_number(load_row(conversion.number)),
        load_scale(load_row(call.types[1].type)),
        store_number(store_row(conversion.number)),
        number_bytes(bits_of(conversion.number) / 8),
        scale_bytes(bits_of(call.types[1].type) / 8) {
    const Shape& shape = call.inputs[0];
    const auto axis = static_cast<size_t>(conversion.axis < 0 ? conversion.axis + static_cast<int64_t>(shape.size()) : conversion.axis);
    for (size_t d = 0; d < axis; ++d) outer *= shape[d];
    for (size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
    length = shape[axis];
    blocks = (length + conversion.block - 1) / conversion.block;
    quantize = conversion.number == DataType::kFloat ? quantize_row(conversion.codes) : nullptr;
    dequantize = conversion.number == DataType::kFloat ? dequantize_row(conversion.codes) : nullptr;
  }

  bool has_zero() const { return call.types.size() > 2 && call.in[2]; }
  void read_scales(int64_t first, float* scales, float* zeros, int64_t count) const {
    load_scale(call.from<char>(1) + first * scale_bytes, scales, count);
    if (has_zero())
      codes.read(call.in[2], first, zeros, count);
    else
      std::fill(zeros, zeros + count, 0.0f);
  }
  const float* read_numbers(int64_t first, float* buffer, int64_t count) const {
    if (number_bytes == 4) return call.from<float>(0) + first;
    load_number(call.from<char>(0) + first * number_bytes, buffer, count);
    return buffer;
  }
  // Ratios, with their zeros added where the codes are whole numbers, become codes.
  void write_codes(float* ratios, int64_t first, int64_t count) const {
    auto* y = call.to<uint8_t>(0);
    if (is_narrow(conversion.codes)) {
      uint8_t bytes[kPiece];
      if (conversion.codes == DataType::kFp4) {
        encoder.codes_of(conversion.codes, ratios, bytes, count);
      } else {
        const int least = conversion.codes == DataType::kInt4 ? -8 : 0, most = conversion.codes == DataType::kInt4 ? 7 : 15;
        store_row(DataType::kInt8)(ratios, bytes, count);
        for (int64_t i = 0; i < count; ++i)
          bytes[i] = static_cast<uint8_t>(std::clamp<int>(static_cast<int8_t>(bytes[i]), least, most)) & 15;
      }
      encoder.pack(bytes, y + first / 2, count / 2);
    } else {
      store_row(conversion.codes)(ratios, y + first, count);
    }
  }

  // Elements [first, first + count) of one row and one block.
  void piece(int64_t first, int64_t count, float scale, float zero, float* buffer, float* ratios) const {
    if (!conversion.quantizes) {
      if (dequantize) return dequantize(call.from<char>(0) + first, scale, zero, call.to<float>(0) + first, count);
      codes.read(call.in[0], first, buffer, count);
      float* to = number_bytes == 4 ? call.to<float>(0) + first : ratios;
      for (int64_t i = 0; i < count; ++i) to[i] = (buffer[i] - zero) * scale;
      if (to == ratios) store_number(ratios, call.to<char>(0) + first * number_bytes, count);
      return;
    }
    const float* x = read_numbers(first, buffer, count);
    if (quantize) return quantize(x, scale, zero, call.to<char>(0) + first, count);
    encoder.divide(x, scale, ratios, count);
    if (!is_floating(conversion.codes)) loops.round_and_add(ratios, &zero, 0, count);
    write_codes(ratios, first, count);
  }

  void run_rows() const {
    call.share(outer, length, [&](int64_t from, int64_t to) {
      alignas(64) float buffer[kPiece], ratios[kPiece], scales[kPiece], zeros[kPiece];
      for (int64_t row = from; row < to; ++row) {
        for (int64_t b = 0; b < blocks; b += kPiece) {
          const int64_t some = std::min(kPiece, blocks - b);
          read_scales(row * blocks + b, scales, zeros, some);
          for (int64_t i = 0; i < some; ++i) {
            const int64_t start = (b + i) * conversion.block, end = std::min(length, start + conversion.block);
            for (int64_t at = start; at < end; at += kPiece)
              piece(row * length + at, std::min(kPiece, end - at), scales[i], zeros[i], buffer, ratios);
          }
        }
      }
    });
  }

  void run_columns() const {
    const int64_t strips = (inner + kPiece - 1) / kPiece;
    call.share(outer * blocks * strips, conversion.block * std::min(inner, kPiece), [&](int64_t from, int64_t to) {
      alignas(64) float buffer[kPiece], ratios[kPiece], scales[kPiece], zeros[kPiece];
      for (int64_t unit = from; unit < to; ++unit) {
        const int64_t block = unit / strips, column = unit % strips * kPiece, count = std::min(kPiece, inner - column);
        read_scales(block * inner + column, scales, zeros, count);
        const int64_t start = block % blocks * conversion.block, end = std::min(length, start + conversion.block);
        for (int64_t k = start; k < end; ++k) {
          const int64_t first = (block / blocks * length + k) * inner + column;
          if (conversion.quantizes) {
            loops.ratios(read_numbers(first, buffer, count), scales, ratios, count);
            if (!is_floating(conversion.codes)) loops.round_and_add(ratios, zeros, 1, count);
            write_codes(ratios, first, count);
          } else {
            codes.read(call.in[0], first, buffer, count);
            loops.scaled_differences(buffer, zeros, scales, ratios, count);
            store_number(ratios, call.to<char>(0) + first * number_bytes, count);
          }
        }
      }
    });
  }
};

struct QuantizeBlocks final : PlainTactic {
  std::string_view name() const override { return "cpu.quantize_blocks"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Quantize*>(problem.op) || dynamic_cast<const Dequantize*>(problem.op),
             std::string(problem.op->name()) + " is neither quantize nor dequantize");
    const Conversion conversion = conversion_of(*problem.op, problem.inputs);
    REQUIRES(conversion.block > 0, "scales stand for no blocks");
    REQUIRES(conversion.saturates, "out-of-range values do not saturate");
    REQUIRES(is_number(conversion.number), "the numbers are " + std::string(name_of(conversion.number)));
    REQUIRES(is_number(problem.inputs[1].type), "the scales are " + std::string(name_of(problem.inputs[1].type)));
    const DataType codes = conversion.codes;
    REQUIRES(codes == DataType::kInt8 || codes == DataType::kUint8 || codes == DataType::kFp8 || codes == DataType::kInt4 ||
                 codes == DataType::kFp4 || codes == DataType::kUint4,
             std::string(name_of(codes)) + " has no codes of blocks");
    REQUIRES(problem.inputs[1].rank() == problem.inputs[0].rank(), "the scales have another rank than x");
    REQUIRES(!is_present(problem, 2) || problem.inputs[2].rank() == problem.inputs[0].rank(), "the zero points have another rank than x");
    const Dims& dims = problem.inputs[0].dims;
    if (is_narrow(codes)) {
      TRY_ASSIGN(const int64_t axis, normalize_axis(conversion.axis, problem.inputs[0].rank()));
      const bool is_last = axis + 1 == problem.inputs[0].rank();
      REQUIRES(dims.back().is_constant() && dims.back().value() % 2 == 0, "rows of half bytes are not whole bytes");
      REQUIRES(!is_last || conversion.block % 2 == 0, "blocks of half bytes are not whole bytes");
    }
    return all_linear(problem);
  }

  Status run(const PlainCall& call) const override {
    const Conversion conversion = conversion_of(call.op, call.types);
    if (volume(call.inputs[0]).value_or(0) == 0) return Ok{};
    const Runner runner(call, conversion);
    if (runner.inner == 1)
      runner.run_rows();
    else
      runner.run_columns();
    return Ok{};
  }
};

}  // namespace

TACTIC(QuantizeBlocks, cpu, quantize_blocks)

}  // namespace ingot
