// Networks inside of operators: the branches of if, the bodies of loop and scan.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "network/network.h"

namespace ingot {

// Adds the layers of `body` to `outer`, where `inputs`, tensors of `outer`, stand for its inputs. Constants are copied (their bytes are
// shared), names are made unique, and symbols that the body brings with it become fresh ones. Returns what stands for its outputs.
Result<std::vector<Tensor*>> inline_subnetwork(Network& outer, const Network& body, const std::vector<Tensor*>& inputs);

// The types of the body's outputs where its inputs have these types; an error names what does not fit.
Result<TensorTypes> infer_subnetwork(const Network& body, const TensorTypes& inputs, const std::string& what);

// An error where the number of inputs is not that of the body; `what` names the body.
Status check_body(const std::shared_ptr<Network>& body, size_t inputs, size_t least_outputs, const std::string& what);

// All symbols in dims and values.
std::set<std::string> symbols_of(const TensorTypes& types);
// Whether `dim` has no symbols but these.
bool is_known_by(const Dim& dim, const std::set<std::string>& symbols);
// An upper bound of `dim` in these symbols, by the bounds that the body has for its own; nothing where none is known.
std::optional<Dim> bound_in(const Dim& dim, const Network& body, const std::set<std::string>& symbols);

// Whether output `output` of the body is its input `input` or, with `or_true`, a constant that is true.
bool hands_on(const Network& body, size_t output, size_t input, bool or_true);

// [parts...] along a new axis; `empty` is the shape of a part where there is none.
Result<Array> stack(const Arrays& parts, int64_t axis, DataType type, const Shape& empty);

}  // namespace ingot
