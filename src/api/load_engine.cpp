#include "api/load_engine.h"

#include "api/engine_body.h"
#include "api/open_ahead.h"
#include "base/load_part.h"
#include "build/builder.h"
#include "build/refit.h"
#include "operators/register.h"

namespace ingot {
namespace {

// Loops and branches of a GPU run their bodies as engines.
[[maybe_unused]] const bool has_bodies = (Body::set_maker(make_engine_body), true);

}  // namespace

Result<std::shared_ptr<Engine>> load_engine(Plan plan, std::shared_ptr<Device> device, Log& log) {
  register_all_operators();
  register_all_tactics();
  if (!device) {
    TRY_ASSIGN(device, default_device());
  }
  TRY_ASSIGN(plan, fill_stripped(std::move(plan), *device, log));
  // The engine takes the plan over, so what choosing again would need is kept aside: a clone shares all bytes.
  Plan spare;
  spare.network = plan.network->clone();
  spare.choices = plan.choices;
  spare.properties = plan.properties;
  std::vector<Misfit> misfits;
  TRY_ASSIGN(std::shared_ptr<Engine> engine, Engine::load(std::move(plan), device, log, &misfits));
  if (engine) return engine;
  std::vector<UnfitStep> unfit;
  for (const Misfit& misfit : misfits) unfit.push_back({misfit.step, misfit.reason});
  TRY_ASSIGN(Plan chosen, choose_again(std::move(spare), unfit, *device, log));
  std::vector<Misfit> still;
  TRY_ASSIGN(engine, Engine::load(std::move(chosen), device, log, &still));
  if (!engine) return internal("after choosing again, a step still does not fit: " + still[0].reason);
  return engine;
}

Result<std::shared_ptr<Engine>> load_engine(Bytes bytes, std::shared_ptr<Device> device, Log& log) {
  register_all_operators();
  const auto opening = open_ahead_for(bytes, device);
  const auto read = [&]() -> Result<Plan> {
    const LoadPart part("the plan is read");
    TRY_ASSIGN(AlignedBytes copy, copy_aligned(bytes));
    return read_plan(Bytes(copy.data.get(), copy.size), copy.data);
  };
  TRY_ASSIGN(Plan plan, read());
  return load_engine(std::move(plan), std::move(device), log);
}

Result<std::shared_ptr<Engine>> load_engine_file(const std::string& path, std::shared_ptr<Device> device, Log& log) {
  register_all_operators();
  TRY_ASSIGN(Plan plan, read_plan_file(path));
  return load_engine(std::move(plan), std::move(device), log);
}

}  // namespace ingot
