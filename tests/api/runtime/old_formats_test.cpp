// Programs of generations 7 and 8 that read Caffe and UFF models: libnvparsers' classes, implicit batches, mean files.
#include <gtest/gtest.h>

#include <string>

// Defined in old_formats_7.cpp and old_formats_8.cpp: the digits that LeNet sees in the ten pictures; an error begins with "error".
std::string digits_by_generation_7(const std::string& folder, const std::string& pictures);
std::string digits_by_generation_8(const std::string& folder, const std::string& pictures);
std::string uff_digits_by_generation_7(const std::string& model, const std::string& input);
std::string uff_digits_by_generation_8(const std::string& model, const std::string& input);
std::string errors_of_generation_7(const std::string& folder);

namespace {

const std::string kModels = INGOT_MODELS;

TEST(CaffeParser, generation_7_reads_digits) {
  EXPECT_EQ(digits_by_generation_7(kModels + "/caffe/mnist_lenet", kModels + "/mnist_lenet"), "0123456789");
}

TEST(CaffeParser, generation_8_reads_digits) {
  EXPECT_EQ(digits_by_generation_8(kModels + "/caffe/mnist_lenet", kModels + "/mnist_lenet"), "0123456789");
}

TEST(UffParser, generations_7_and_8_read_digits) {
  EXPECT_EQ(uff_digits_by_generation_7(kModels + "/uff/mnist_lenet/mnist_lenet.uff", kModels + "/uff/mnist_lenet/input_nchw.npy"),
            "0123456789");
  EXPECT_EQ(uff_digits_by_generation_8(kModels + "/uff/mnist_lenet/mnist_lenet.uff", kModels + "/uff/mnist_lenet/input_nchw.npy"),
            "0123456789");
}

TEST(CaffeParser, errors_reach_the_logger_and_the_recorder) {
  const std::string errors = errors_of_generation_7(kModels + "/caffe/mnist_lenet");
  EXPECT_NE(errors.find("nothing.prototxt' cannot be opened"), std::string::npos) << errors;
  EXPECT_NE(errors.find("layer 'a' (Unheard; inputs float [batch$0, 1]): no such layer is known"), std::string::npos) << errors;
  EXPECT_NE(errors.find("recorded 1"), std::string::npos) << errors;
}

}  // namespace
