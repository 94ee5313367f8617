#include "api/open_ahead.h"

#include "base/helpers.h"
#include "plan/tactics_of.h"
#include "tactics/opening.h"

namespace ingot {
namespace {

constexpr int kHelpers = 24;  // more than wait for libraries at once

struct Ahead {
  Helpers helpers{kHelpers};
  Helpers::Serve serve{helpers};
};

}  // namespace

std::shared_ptr<void> open_ahead_for(Bytes bytes, const std::shared_ptr<Device>& device) {
  if (!device || !device->is_asynchronous()) return nullptr;
  auto ahead = std::make_shared<Ahead>();
  ahead->helpers.start([bytes, device, &helpers = ahead->helpers] {
    const auto tactics = tactics_of(bytes);
    if (!tactics.ok()) return;  // reading the plan says so
    for (const std::string& tactic : *tactics) {
      if (needs_opening(tactic)) helpers.start([tactic, device] { open_ahead(tactic, *device); });
    }
  });
  return ahead;
}

}  // namespace ingot
