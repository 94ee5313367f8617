#include "build/refit.h"

#include "select/select.h"

namespace ingot {

Result<Plan> refit_plan(const Plan& plan, const std::map<std::string, Array>& weights, Device& device, Log& log) {
  if (plan.property("refittable") != "1") return invalid("the plan keeps no original weights; build it with BuilderFlag::kREFIT");
  Plan fresh;
  fresh.network = plan.network->clone();
  fresh.properties = plan.properties;
  std::unordered_set<const Layer*> repacked;
  for (const auto& [name, values] : weights) {
    Tensor* tensor = fresh.network->find_tensor(name);
    if (!tensor || !tensor->is_constant() || tensor->is_packed) return invalid("the plan has no weights '" + name + "'");
    if (values.type() != tensor->type.type || values.count() != tensor->constant.count())
      return invalid("weights '" + name + "' are " + tensor->type.text() + "; got " + std::to_string(values.count()) + " values of " +
                     std::string(name_of(values.type())));
    TRY_ASSIGN(tensor->constant, values.reshaped(tensor->constant.shape()));
    for (const Layer* reader : tensor->readers()) repacked.insert(reader);
  }
  std::unordered_map<const Layer*, Choice> pinned;
  for (size_t step = 0; step < fresh.network->layers().size(); ++step) pinned[fresh.network->layers()[step].get()] = plan.choices[step];
  SelectOptions options;
  options.log = &log;
  options.device = &device;
  options.measure = false;
  options.pinned = &pinned;
  options.repacked = &repacked;
  options.keep_plain_weights = true;
  options.allow_tf32 = plan.property("tf32") == "1";
  TRY_ASSIGN(Selection selection, select(*fresh.network, options));
  fresh.choices = std::move(selection.choices);
  return fresh;
}

Result<Plan> fill_stripped(Plan plan, Device& device, Log& log) {
  std::map<std::string, Array> zeros;
  for (const std::string& name : split_names(plan.property(kStrippedProperty))) {
    Tensor* tensor = plan.network->find_tensor(name);
    if (!tensor || !tensor->is_constant()) return invalid("the plan was written without weights '" + name + "', which it does not have");
    if (!tensor->is_packed) continue;  // it was never written
    TRY_ASSIGN(zeros[name], Array::make(tensor->type.type, constant_shape(tensor->type.dims)));
    tensor->constant = zeros[name];
    tensor->is_packed = false;
  }
  if (zeros.empty()) return plan;
  return refit_plan(plan, zeros, device, log);
}

}  // namespace ingot
