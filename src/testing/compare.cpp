#include "testing/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ingot::testing {
namespace {

std::string shortest(double value) {
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

std::string place(const Shape& shape, int64_t index) {
  Shape position(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    position[axis] = index % shape[axis];
    index /= shape[axis];
  }
  return to_text(position);
}

std::string first_values(const Array& array) {
  std::string text = "{";
  const int64_t shown = std::min<int64_t>(array.count(), 24);
  for (int64_t i = 0; i < shown; ++i) text += (i ? ", " : "") + shortest(array.number(i));
  return text + (shown < array.count() ? ", ...}" : "}");
}

}  // namespace

// Examples are small: a handful of roundings of the type's unit (2^-24, 2^-11, 2^-8, 2^-4, 2^-3), and room for expected values that are
// written with six digits and for exp and erf by polynomials.
double tolerance_of(DataType type) {
  switch (type) {
    case DataType::kFloat: return 1e-5;
    case DataType::kDouble: return 1e-6;
    case DataType::kHalf: return 2e-3;
    case DataType::kBf16: return 1.6e-2;
    case DataType::kFp8:
    case DataType::kFp8Fnuz: return 0.07;
    case DataType::kFp8E5m2:
    case DataType::kFp8E5m2Fnuz: return 0.13;
    case DataType::kFp4: return 0.26;
    default: return 0;
  }
}

Status compare(const Array& got, const Array& want, double looser) {
  if (got.type() != want.type()) {
    return invalid("the type is " + std::string(name_of(got.type())) + " and should be " + std::string(name_of(want.type())));
  }
  if (got.shape() != want.shape()) return invalid("the shape is " + to_text(got.shape()) + " and should be " + to_text(want.shape()));
  const bool exact = !is_floating(got.type());
  double largest = 1e-3;
  for (int64_t i = 0; !exact && i < want.count(); ++i) {
    const double value = std::fabs(want.number(i));
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  const double bound = tolerance_of(got.type()) * looser * largest;
  for (int64_t i = 0; i < want.count(); ++i) {
    bool same;
    if (exact) {
      same = got.integer(i) == want.integer(i);
    } else {
      const double a = got.number(i), b = want.number(i);
      same = a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= bound;
    }
    if (same) continue;
    return invalid("element " + place(want.shape(), i) + " is " + shortest(got.number(i)) + " and should be " + shortest(want.number(i)) +
                   (exact ? "" : " (tolerance " + shortest(bound) + ")") + "\n  got  " + first_values(got) + "\n  want " +
                   first_values(want));
  }
  return Ok{};
}

}  // namespace ingot::testing
