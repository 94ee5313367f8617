#include "api/open_ahead.h"

#include <future>
#include <vector>

#include "plan/tactics_of.h"
#include "tactics/opening.h"

namespace ingot {

std::shared_ptr<void> open_ahead_for(Bytes bytes, const std::shared_ptr<Device>& device) {
  if (!device || !device->is_asynchronous()) return nullptr;
  const auto open = [bytes, device] {
    const auto tactics = tactics_of(bytes);
    if (!tactics.ok()) return;  // reading the plan says so
    std::vector<std::future<void>> running;
    for (const std::string& tactic : *tactics) {
      if (needs_opening(tactic)) running.push_back(std::async(std::launch::async, open_ahead, tactic, std::ref(*device)));
    }
  };
  return std::make_shared<std::future<void>>(std::async(std::launch::async, open));
}

}  // namespace ingot
