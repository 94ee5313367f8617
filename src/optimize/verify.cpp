#include "optimize/verify.h"

#include <algorithm>
#include <cmath>

#include "base/env.h"
#include "base/log.h"
#include "network/random_inputs.h"

namespace ingot {
namespace {

Status compare(const Array& got, const Array& want, double tolerance) {
  if (got.type() != want.type() || got.shape() != want.shape()) {
    return internal("it was " + std::string(name_of(want.type())) + " " + to_text(want.shape()) + " and is " +
                    std::string(name_of(got.type())) + " " + to_text(got.shape()));
  }
  double largest = 1e-6, worst = 0;
  for (int64_t i = 0; i < want.count(); ++i) {
    const double a = got.number(i), b = want.number(i);
    if (std::isnan(a) != std::isnan(b))
      return internal("element " + std::to_string(i) + " was " + std::to_string(b) + " and is " + std::to_string(a));
    if (!std::isfinite(a) || !std::isfinite(b)) {
      if (a != b && !std::isnan(a))
        return internal("element " + std::to_string(i) + " was " + std::to_string(b) + " and is " + std::to_string(a));
      continue;
    }
    largest = std::max(largest, std::fabs(b));
    worst = std::max(worst, std::fabs(a - b));
  }
  if (worst <= tolerance * largest) return Ok{};
  return internal("values moved by " + std::to_string(worst) + " where the largest is " + std::to_string(largest));
}

}  // namespace

Result<RewriteVerifier> RewriteVerifier::start(const Network& network) {
  RewriteVerifier verifier;
  const auto wanted = environment("INGOT_VERIFY");
  if (!wanted || *wanted == "0" || wanted->empty()) return verifier;
  verifier.on_ = true;
  TRY(network.verify());
  auto sizes = small_sizes(network);
  if (sizes.ok()) {
    auto inputs = random_inputs(network, 1, *sizes);
    if (inputs.ok()) {
      auto outputs = network.evaluate(*inputs);
      if (outputs.ok()) {
        verifier.inputs_ = std::move(inputs).value();
        verifier.outputs_ = std::move(outputs).value();
      } else {
        debug("passes", "values are not verified, since random inputs do not run: " + outputs.error().message);
      }
    }
  }
  return verifier;
}

Status RewriteVerifier::check(const Network& network, const std::string& rewrite, double tolerance) {
  if (!on_) return Ok{};
  TRY(network.verify().within("after " + rewrite));
  if (!inputs_) return Ok{};
  auto outputs = network.evaluate(*inputs_);
  if (!outputs.ok()) return std::move(outputs).error().within("after " + rewrite);
  if (outputs->size() != outputs_->size()) return internal("after " + rewrite + ": the number of outputs changed");
  for (size_t i = 0; i < outputs->size(); ++i) {
    TRY(compare((*outputs)[i], (*outputs_)[i], tolerance).within("after " + rewrite + ": output '" + network.outputs()[i]->name + "'"));
  }
  outputs_ = std::move(outputs).value();
  return Ok{};
}

}  // namespace ingot
