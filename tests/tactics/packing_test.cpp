// Packed weights come back bit for bit, and packed bytes of another layer or size are refused.
#include "tactics/packing.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tactic_check.h"
#include "tactics/cpu/panels.h"

namespace ingot::testing {
namespace {

struct Sample {
  PanelSpec spec;
  Product product = Product::kFloat;
  Array plain;
};

Sample random_sample(Random& random) {
  Sample sample;
  const DataType type = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt8});
  sample.product = type == DataType::kBf16 ? Product::kBf16 : type == DataType::kInt8 ? Product::kInt8 : Product::kFloat;
  sample.spec.source = static_cast<PanelSource>(random.between(0, static_cast<int64_t>(PanelSource::kDeconvolution)));
  Shape shape;
  if (sample.spec.source == PanelSource::kMatrix || sample.spec.source == PanelSource::kTransposedMatrix) {
    shape = random.shape(random.between(2, 4), 40);
    if (sample.spec.source == PanelSource::kMatrix && random.chance(0.1)) shape = {random.between(1, 40)};
  } else {
    sample.spec.groups = random.pick<int64_t>({1, 1, 2, 3});
    shape = {random.between(1, 40) * sample.spec.groups, random.between(1, 40)};
    for (int64_t d = random.between(1, 3); d > 0; --d) shape.push_back(random.between(1, 4));
    if (sample.spec.source == PanelSource::kDeconvolution) {
      for (int d = 0; d < 3; ++d) {
        sample.spec.strides[d] = random.between(1, 3);
        sample.spec.dilations[d] = random.between(1, 2);
      }
    }
  }
  sample.plain = random.array(type, shape, -100, 100);
  return sample;
}

TEST(Packings, give_weights_back) {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    const Sample sample = random_sample(random);
    auto packed = pack_weights(sample.spec, sample.product, sample.plain, 1);
    ASSERT_TRUE(packed.ok()) << packed.error().message;
    const PackedWeights& weights = packed->front();
    const Packing* packing = PackingCatalogue::instance().find(weights.packing);
    ASSERT_NE(packing, nullptr) << weights.packing;
    auto plain = packing->unpack(sample.plain.type(), sample.plain.shape(), weights.data, weights.size);
    ASSERT_TRUE(plain.ok()) << i << ": " << plain.error().message;
    EXPECT_TRUE(plain->same_bits(sample.plain)) << i << " of shape " << to_text(sample.plain.shape());
  }
}

TEST(Packings, refuse_what_was_packed_otherwise) {
  Random random(12);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const Sample sample = random_sample(random);
    auto packed = pack_weights(sample.spec, sample.product, sample.plain, 1);
    ASSERT_TRUE(packed.ok()) << packed.error().message;
    const PackedWeights& weights = packed->front();
    // A header of noise, or a size that is another one: an error or some values, never a read behind the end.
    std::vector<std::byte> bytes(weights.data, weights.data + weights.size);
    if (random.chance(0.5)) bytes.resize(static_cast<size_t>(random.between(0, static_cast<int64_t>(bytes.size()) - 1)));
    for (int64_t n = random.between(1, 3); n > 0 && !bytes.empty(); --n)
      bytes[static_cast<size_t>(random.between(0, std::min<int64_t>(64, static_cast<int64_t>(bytes.size())) - 1))] =
          static_cast<std::byte>(random.between(0, 255));
    auto plain =
        PackingCatalogue::instance().find(weights.packing)->unpack(sample.plain.type(), sample.plain.shape(), bytes.data(), bytes.size());
    refused += !plain.ok();
  }
  EXPECT_GT(refused, 1000);
}

TEST(Packings, name_the_type_they_cannot_hold) {
  const Array plain = Array::of<float>(DataType::kFloat, {2, 2}, {1, 2, 3, 4});
  auto packed = PackingCatalogue::instance().find("panels32_bf16.1")->pack(plain);
  ASSERT_FALSE(packed.ok());
  EXPECT_NE(packed.error().message.find("does not hold elements of type float"), std::string::npos) << packed.error().message;
}

}  // namespace
}  // namespace ingot::testing
