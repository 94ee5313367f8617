#include "operators/reformat.h"

#include <gtest/gtest.h>

#include "tactic_check.h"
#include "tactics/cpu/strided_copy.h"
#include "tactics/layout.h"

namespace ingot::testing {
namespace {

const std::vector<Format> kAll = {Format::kLinear, Format::kChannelsLast, Format::kC16,   Format::kChw2, Format::kHwc8,
                                  Format::kChw4,   Format::kChw16,        Format::kChw32, Format::kHwc,  Format::kHwc16};

TEST(Formats, NamesReadBack) {
  for (Format format : kAll) {
    auto read = format_from_name(name_of(format));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, format);
  }
  EXPECT_NE(format_from_name("nchw").error().message.find("channels_last"), std::string::npos);
}

TEST(Formats, StorageCountsPadding) {
  EXPECT_EQ(*storage_bytes(DataType::kFloat, Format::kLinear, {2, 3, 4, 5}), 480u);
  EXPECT_EQ(*storage_bytes(DataType::kFloat, Format::kChannelsLast, {2, 3, 4, 5}), 480u);
  EXPECT_EQ(*storage_bytes(DataType::kHalf, Format::kC16, {2, 3, 4, 5}), 2u * 16 * 20 * 2);
  EXPECT_EQ(*storage_bytes(DataType::kInt8, Format::kHwc8, {1, 9, 2, 2}), 16u * 4);
  EXPECT_EQ(*storage_bytes(DataType::kInt4, Format::kLinear, {5}), 3u);
  EXPECT_EQ(*storage_bytes(DataType::kFloat, Format::kC16, {7, 3}), 84u);  // rank 2 is linear in every format
  EXPECT_FALSE(storage_bytes(DataType::kFloat, Format::kLinear, {INT64_MAX / 2, 4}).ok());
  EXPECT_FALSE(storage_bytes(DataType::kFloat, Format::kC16, {1, INT64_MAX, 1}).ok());
  EXPECT_FALSE(storage_bytes(DataType::kFloat, Format::kLinear, {-1}).ok());
}

TEST(Reformat, AllFormatsAndTypes) {
  for_random_trials(300, [](Random& random) {
    const auto from = random.pick({DataType::kFloat, DataType::kHalf, DataType::kBf16, DataType::kInt8, DataType::kInt32, DataType::kInt64,
                                   DataType::kBool, DataType::kDouble});
    Reformat op;
    op.scale = random.pick({1.0, 0.125, 0.37});
    const bool floating = from == DataType::kFloat || from == DataType::kHalf || from == DataType::kBf16 || from == DataType::kInt8;
    if (floating && random.chance(0.6)) op.to = random.pick({"float", "half", "bf16", "int8"});
    const int64_t rank = random.between(1, 5);
    Shape shape = random.shape(rank, rank > 3 ? 9 : 40);
    if (rank >= 3) shape[1] = random.between(1, 70);
    if (random.chance(0.05)) shape[0] = 0;
    Trial trial{&op, {random.array(from, shape, -40, 40)}, {}, {}};
    const std::vector<Tactic::Formats> formats{{{random.one_of(kAll)}, {random.one_of(kAll)}}};
    register_all_tactics();
    const Outcome outcome = check(*TacticCatalogue::instance().find("cpu.reformat"), trial, &formats);
    if (outcome.ran == 0 && outcome.failure.empty()) return "declined: " + outcome.declined;
    return outcome.failure;
  });
}

TEST(Reformat, SmallElementsMoveAsBytes) {
  Reformat op;
  Random random(1);
  EXPECT_EQ(run_trial("cpu.reformat", {&op, {random.array(DataType::kInt4, {3, 5}, -8, 7)}, {}, {}}), "");
  EXPECT_EQ(run_trial("cpu.view", {&op, {random.array(DataType::kInt4, {3, 5}, -8, 7)}, {}, {}}), "");
}

TEST(Reformat, DeclinesWhatItCannotConvert) {
  Reformat op;
  op.to = "double";
  Random random(1);
  const Outcome outcome =
      check(*TacticCatalogue::instance().find("cpu.reformat"), {&op, {random.array(DataType::kFloat, {3}, -8, 7)}, {}, {}});
  EXPECT_EQ(outcome.ran, 0);
  EXPECT_EQ(outcome.declined, "it does not convert float to double");
}

TEST(Reference, RunsAnOperator) {
  Reformat op;
  op.to = "half";
  Random random(1);
  EXPECT_EQ(run_trial("reference.evaluate", {&op, {random.array(DataType::kFloat, {3, 4}, -8, 7)}, {}, {}}), "");
  EXPECT_EQ(run_trial("reference.evaluate", {&op, {random.array(DataType::kFloat, {3, 4}, -8, 7)}, {true}, {}}), "");
  EXPECT_EQ(run_trial("reference.evaluate", {&op, {random.array(DataType::kFloat, {0, 4}, -8, 7)}, {}, {}}), "");
}

// Random boxes within two buffers, against loops.
TEST(StridedCopy, MatchesLoops) {
  for_random_trials(400, [](Random& random) -> std::string {
    const int bytes = random.pick({1, 2, 4, 8, 16});
    const int64_t rank = random.between(1, 5);
    const Shape sizes = random.shape(rank, rank == 1 ? 5000 : rank == 2 ? 150 : 12);
    // Padded buffers with their dims in a random order; now and then a source dim repeats or runs backwards.
    Shape from(rank), to(rank);
    int64_t from_count = 1, to_count = 1, from_base = 0;
    for (int64_t d : random.permutation(rank)) {
      const int64_t step = random.chance(0.15) ? 2 : 1;
      from[d] = from_count * step;
      from_count *= sizes[d] * step + (random.chance(0.2) ? 3 : 0);
    }
    for (int64_t d : random.permutation(rank)) {
      to[d] = to_count;
      to_count *= sizes[d] + (random.chance(0.2) ? 2 : 0);
    }
    for (int64_t d = 0; d < rank; ++d) {
      if (random.chance(0.1)) {
        from[d] = 0;
      } else if (random.chance(0.1)) {
        from_base += from[d] * (sizes[d] - 1);
        from[d] = -from[d];
      }
    }
    std::vector<unsigned char> source(from_count * bytes), got(to_count * bytes, 0xee), expected = got;
    for (auto& byte : source) byte = static_cast<unsigned char>(random.between(0, 255));
    for (IndexWalk walk(sizes); !walk.done(); walk.next()) {
      int64_t f = from_base, t = 0;
      for (int64_t d = 0; d < rank; ++d) {
        f += walk.index()[d] * from[d];
        t += walk.index()[d] * to[d];
      }
      for (int b = 0; b < bytes; ++b) expected[t * bytes + b] = source[f * bytes + b];
    }
    auto copy = StridedCopy::make(bytes, sizes, from, to);
    if (!copy.ok()) return copy.error().message;
    for (int64_t part = copy->parts() - 1; part >= 0; --part) copy->run_part(part, source.data() + from_base * bytes, got.data());
    if (got != expected) return std::to_string(bytes) + " bytes, sizes " + to_text(sizes) + " from " + to_text(from) + " to " + to_text(to);
    return "";
  });
}

}  // namespace
}  // namespace ingot::testing
