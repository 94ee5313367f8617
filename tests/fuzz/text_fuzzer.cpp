// libFuzzer's target for the text form: any text ends in a network or an error, and what was read is written and read as the same.
// Small networks go on through the optimizer and the references.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "limits.h"
#include "operators/register.h"
#include "optimize/rewrite.h"

namespace {

[[noreturn]] void fail(const char* what, const std::string& detail) {
  std::fprintf(stderr, "%s: %s\n", what, detail.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  register_all_operators();
  if (size > 8192) return 0;
  auto read = parse_network(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!read.ok()) return 0;
  Network& network = **read;
  if (ingot::Status status = network.verify(); !status.ok()) fail("a network that was read is out of order", status.error().message);
  const std::string text = network.text();
  auto again = parse_network(text);
  if (!again.ok()) fail("what was written does not read", again.error().message + "\n" + text);
  if ((*again)->text() != text) fail("what was written reads as another network", text + "\n" + (*again)->text());
  if (!is_quick_to_run(network, {}, 1 << 12)) return 0;
  Arrays inputs;
  for (const Tensor* input : network.inputs()) {
    auto array = Array::make(input->type.type, shape_at(input->type.dims, {}));
    if (!array.ok()) return 0;
    inputs.push_back(std::move(array).value());
  }
  (void)network.evaluate(inputs).ok();
  if (network.layers().size() > 60) return 0;
  if (!optimize(network, {}).ok()) return 0;
  if (ingot::Status status = network.verify(); !status.ok())
    fail("the optimizer left a network out of order", status.error().message + "\n" + text);
  return 0;
}
