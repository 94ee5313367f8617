// Checks of plans, generations 8 to 10.
#include "NvInferConsistency.h"
#include "api/adapters/plugin_plans.h"
#include "api/reporter.h"
#include "operators/register.h"
#include "plan/plan.h"

namespace ingot::api {
namespace {

class Checker final : public nvinfer1::consistency::IConsistencyChecker {
 public:
  Checker(nvinfer1::ILogger* logger, Bytes plan) : reporter_(logger), plan_(plan) {}
  ~Checker() override = default;

  bool validate() const noexcept override {
    return guarded(reporter_, false, [&]() -> Status {
      register_all_operators();
      TRY_ASSIGN(AlignedBytes copy, copy_aligned(plan_));
      TRY_ASSIGN(Plan plan, read_plan(Bytes(copy.data.get(), copy.size), copy.data));
      TRY(plan.network->verify());
      return check_plugins(plan, *::getPluginRegistry());
    });
  }

 private:
  mutable Reporter reporter_;
  Bytes plan_;
};

}  // namespace
}  // namespace ingot::api

extern "C" TENSORRTAPI void* createConsistencyChecker_INTERNAL(void* logger, void const* blob, size_t size, int32_t) {
  using namespace ingot::api;
  auto* user = static_cast<nvinfer1::ILogger*>(logger);
  Reporter reporter(user);
  return guarded(reporter, static_cast<void*>(nullptr), [&]() -> ingot::Result<void*> {
    if (!user || !blob) return ingot::invalid("createConsistencyChecker: the logger or the plan is null");
    nvinfer1::consistency::IConsistencyChecker* checker = new Checker(user, ingot::Bytes(static_cast<const std::byte*>(blob), size));
    return static_cast<void*>(checker);
  });
}
