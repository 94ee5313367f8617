#include "tactics/body.h"

#include <atomic>

namespace ingot {
namespace {

std::atomic<Body::Maker> the_maker{nullptr};

}  // namespace

void Body::set_maker(Maker maker) { the_maker = maker; }
Body::Maker Body::maker() { return the_maker; }

}  // namespace ingot
