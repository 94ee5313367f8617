#define INGOT_API 8
#include "caffe_program.h"
#include "uff_program.h"

std::string digits_by_generation_8(const std::string& folder, const std::string& pictures) {
  return digits(folder, pictures, "mnist_fp16raw.caffemodel");
}
std::string uff_digits_by_generation_8(const std::string& model, const std::string& input) { return uff_digits(model, input); }
