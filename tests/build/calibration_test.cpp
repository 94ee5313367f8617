#include "build/calibration.h"

#include <cmath>
#include <random>

#include "helpers.h"

namespace ingot {
namespace {

TEST(Magnitudes, DoNotDependOnOrderOrBatches) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> values(20000);
  for (float& value : values) value = normal(random);
  values[11000] = 400;  // widens the histogram in the middle
  Magnitudes whole, pieces, backwards;
  whole.add(values.data(), values.size());
  for (size_t i = 0; i < values.size(); i += 100) pieces.add(values.data() + i, 100);
  std::vector<float> turned(values.rbegin(), values.rend());
  backwards.add(turned.data(), turned.size());
  EXPECT_EQ(whole.entropy_cut(), pieces.entropy_cut());
  EXPECT_EQ(whole.entropy_cut(), backwards.entropy_cut());
  EXPECT_EQ(whole.largest(), 400);
}

TEST(Magnitudes, EntropyCutsOutliersAndKeepsWhatIsSpreadEvenly) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 1);
  std::uniform_real_distribution<float> even(-1, 1);
  Magnitudes outliers, uniform, few;
  std::vector<float> values(200000);
  for (float& value : values) value = normal(random);
  values[5] = 60;
  outliers.add(values.data(), values.size());
  EXPECT_LT(outliers.entropy_cut(), 8);
  EXPECT_GT(outliers.entropy_cut(), 2.5f);
  for (float& value : values) value = even(random);
  uniform.add(values.data(), values.size());
  EXPECT_GT(uniform.entropy_cut(), 0.97f);
  few.add(values.data(), 100);
  EXPECT_EQ(few.entropy_cut(), few.largest());
}

TEST(Magnitudes, LeaveOutWhatIsNotFinite) {
  const float values[] = {1, -2, NAN, INFINITY, -INFINITY, 0};
  Magnitudes magnitudes;
  magnitudes.add(values, 6);
  EXPECT_EQ(magnitudes.largest(), 2);
  EXPECT_EQ(magnitudes.not_finite(), 3u);
}

TEST(Magnitudes, LegacyTakesAQuantileOfTheSamplesPeaks) {
  Magnitudes magnitudes;
  for (int i = 1; i <= 10; ++i) {
    const float value = static_cast<float>(i);
    magnitudes.add(&value, 1);
    magnitudes.add_peak(value);
  }
  EXPECT_EQ(magnitudes.legacy_cut(0.5, 0), 5);
  EXPECT_EQ(magnitudes.legacy_cut(1, 0), 10);
  EXPECT_EQ(magnitudes.legacy_cut(0.5, 0.8), 8);
}

TEST(CalibrationCache, ReadsWhatItWrites) {
  const Scales scales{{"conv1: a", 0.0078125f}, {"data", 1.5f}};
  const std::string text = write_calibration_cache(scales, CalibrationMethod::kEntropy2, 8601);
  EXPECT_EQ(text, "TRT-8601-EntropyCalibration2\nconv1: a: 3c000000\ndata: 3fc00000\n");
  auto read = read_calibration_cache(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, scales);
}

TEST(CalibrationCache, ErrorsNameTheLine) {
  for (const char* text : {"", "hello\n", "TRT-8601-MinMaxCalibration\n", "TRT-8601-MinMaxCalibration\na: zz\n",
                           "TRT-8601-MinMaxCalibration\nx\n", "TRT-8601-MinMaxCalibration\na: 7f800000\n",
                           "TRT-8601-MinMaxCalibration\na: 123456789\n", "TRT-8601-MinMaxCalibration\na: bf800000\n"})
    EXPECT_FALSE(read_calibration_cache(text).ok()) << text;
  EXPECT_NE(read_calibration_cache("TRT-1-MinMaxCalibration\na: 3c000000\nb: q\n").error().message.find("line 3"), std::string::npos);
}

TEST(CalibrationCache, RangesOfTheProgramStand) {
  auto network = network_of("network n\ninput x float [1, 4]\ny = relu(x)\noutput y\n");
  ASSERT_TRUE(network);
  network->find_tensor("x")->range_min = -3;
  network->find_tensor("x")->range_max = 3;
  EXPECT_EQ(set_ranges(*network, {{"x", 1.0f}, {"y", 0.5f}, {"gone", 1.0f}}), 1u);
  EXPECT_EQ(network->find_tensor("x")->range_max, 3);
  EXPECT_EQ(network->find_tensor("y")->range_max, 63.5f);
  EXPECT_EQ(network->find_tensor("y")->range_min, -63.5f);
}

}  // namespace
}  // namespace ingot
