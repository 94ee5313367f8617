// A network inside a layer, such as a loop's body, made ready to run on the layer's device. Tactics know no engines: who strings the
// stages together gives them the function that makes one.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "device/device.h"
#include "network/network.h"

namespace ingot {

class Body {
 public:
  // Memory of the device, row-major.
  struct Value {
    const void* data = nullptr;
    Shape shape;
  };
  virtual ~Body() = default;
  // Runs behind what is queued on the stream. Inputs that are constants of the body are left as they are. What the outputs say stays until
  // the run after the next, which may read it.
  virtual Status run(const std::vector<Value>& inputs, Stream stream, std::vector<Value>* outputs) = 0;

  // `constants` are by input, without data where the input is none. The network lives longer than the body.
  using Maker = Result<std::unique_ptr<Body>> (*)(const Network& network, const Arrays& constants, Device& device, bool allow_tf32);
  static void set_maker(Maker maker);
  static Maker maker();  // null where nobody has set one
};

}  // namespace ingot
