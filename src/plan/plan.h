// What to run and its bytes: the optimized network, a choice for each layer, and the weights as the tactics read them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "network/choice.h"
#include "network/network.h"

namespace ingot {

struct Plan {
  std::unique_ptr<Network> network;
  std::vector<Choice> choices;  // of network->layers(), in their order, which follows the data
  // Words about the plan: "name", "device", "built_by", "refittable", "hash_of_network", limits that the API reports.
  std::map<std::string, std::string> properties;

  std::string property(const std::string& name) const;
};

// The property that names constants whose bytes the file leaves out; they are read as packed ones that no tactic has.
constexpr const char* kStrippedProperty = "stripped_weights";
// Lists of names as one property: a line each.
std::string join_names(const std::vector<std::string>& names);
std::vector<std::string> split_names(const std::string& lines);

// The file: a header of 64 bytes (tag "ftrt", format version, section count, product version in bytes 24-27), a table of sections
// {kind, offset, size, digest}, then the sections, each aligned to 64 bytes. Weights are stored once each, 64-byte aligned.
Result<std::vector<std::byte>> write_plan(const Plan& plan);
// Reads and checks; constants and packed weights point into `bytes`, which `keeper` keeps alive. `bytes` must be 64-byte aligned.
Result<Plan> read_plan(Bytes bytes, std::shared_ptr<const void> keeper);
// Maps the file.
Result<Plan> read_plan_file(const std::string& path);

// The one value type that plan files and clones of networks share: bytes that are 64-byte aligned.
struct AlignedBytes {
  std::shared_ptr<std::byte> data;
  size_t size = 0;
};
Result<AlignedBytes> copy_aligned(Bytes bytes);

constexpr int kPlanFormatVersion = 1;

}  // namespace ingot
