// y = pseudo-random numbers: uniform in [a, b), or normal with mean a and standard deviation b. The numbers follow from the seed and the
// place of an element alone.
// Source: ONNX RandomUniform-22, RandomNormal-22; IFillLayer with kRANDOM_UNIFORM, kRANDOM_NORMAL.
#pragma once

#include "operators/dim_list.h"

namespace ingot {

enum class RandomKind { kUniform, kNormal };
inline EnumWords<RandomKind> words_of(RandomKind) { return {{RandomKind::kUniform, "uniform"}, {RandomKind::kNormal, "normal"}}; }

// Inputs: none where `dims` holds the dims, else the dims as an integer tensor [rank].
struct Random final : OperatorBase<Random> {
  static constexpr const char* kName = "random";
  RandomKind kind = RandomKind::kUniform;
  double a = 0, b = 1;
  int64_t seed = 0;
  DataType to = DataType::kFloat;
  DimList dims;        // numbers; unused where there is an input
  std::string symbol;  // stem of the symbols of dims that are known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("a", a);
    visit("b", b);
    visit("seed", seed);
    visit("to", to);
    visit("dims", dims);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
  bool reads_values_of(size_t input) const override { return input == 0; }
  bool is_pure() const override { return false; }
};

// Number `index` of the stream `seed`: 24 bits. SplitMix64, read at a place instead of stepped through.
inline uint32_t random_bits(int64_t seed, int64_t index) {
  uint64_t x =
      static_cast<uint64_t>(seed) * 0xd1342543de82ef95ull + static_cast<uint64_t>(index) * 0x9e3779b97f4a7c15ull + 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  x ^= x >> 31;
  return static_cast<uint32_t>(x >> 40);
}
// The same, uniform in [0, 1). 24 bits: every value is a float below 1.
double random_uniform(int64_t seed, int64_t index);
// The seed that a node asks for, or one that follows from its name, so that nodes differ and builds do not.
Result<int64_t> seed_of(const OnnxNode& node);

}  // namespace ingot
