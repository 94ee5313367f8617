// Types of a model's inputs, with the symbols of its named dimensions.
#pragma once

#include <map>
#include <set>
#include <string>

#include "import/onnx/model_file.h"
#include "network/network.h"

namespace ingot {

// The symbols of a model: one for each name of a dimension, written such that the text form can read it.
class SymbolNames {
 public:
  const std::string& symbol_of(const std::string& dim_param);

 private:
  std::map<std::string, std::string, std::less<>> by_param_;
  std::set<std::string, std::less<>> taken_;
};

// Letters, digits and underscores of `text`, so that it can be a symbol.
std::string symbol_stem(const std::string& text);

// The type of the value `name`. Dims without a number or name get a symbol of their own from `network`. Where `guess` is given, it stands
// in for an element type or a rank that the model does not say.
Result<TensorType> read_type(const proto::ValueInfoProto& value, SymbolNames& symbols, Network& network, const TensorType* guess = nullptr);

}  // namespace ingot
