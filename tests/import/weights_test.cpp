// Files of weights in all dialects, and what is said of wrong ones.
#include "import/weights/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<WeightMap> load(const std::string& text, WeightLimits limits = {}) {
  const auto kept = std::make_shared<std::string>(text);
  return load_weights({reinterpret_cast<const std::byte*>(kept->data()), kept->size()}, kept, limits);
}

std::string error_of(const std::string& text, WeightLimits limits = {}) {
  auto weights = load(text, limits);
  return weights.ok() ? "no error" : weights.error().message;
}

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string floats(const std::vector<float>& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * 4}; }

struct File {
  std::string name, data;
  bool deflates = false;
};

std::string deflated(const std::string& data) {
  std::string out(compressBound(data.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zip(const std::vector<File>& files, uint32_t claimed_size = 0) {
  std::string archive, directory;
  for (const File& file : files) {
    const std::string packed = file.deflates ? deflated(file.data) : file.data;
    const auto size = claimed_size ? claimed_size : static_cast<uint32_t>(file.data.size());
    const std::string shared = raw<uint16_t>(20) + raw<uint16_t>(0) + raw<uint16_t>(file.deflates ? 8 : 0) + raw<uint32_t>(0) +
                               raw<uint32_t>(0) + raw<uint32_t>(static_cast<uint32_t>(packed.size())) + raw<uint32_t>(size) +
                               raw<uint16_t>(static_cast<uint16_t>(file.name.size())) + raw<uint16_t>(0);
    directory += std::string("PK\x01\x02") + raw<uint16_t>(20) + shared + raw<uint16_t>(0) + raw<uint16_t>(0) + raw<uint16_t>(0) +
                 raw<uint32_t>(0) + raw<uint32_t>(static_cast<uint32_t>(archive.size())) + file.name;
    archive += std::string("PK\x03\x04") + shared + file.name + packed;
  }
  const auto count = static_cast<uint16_t>(files.size());
  return archive + directory + std::string("PK\x05\x06") + raw<uint32_t>(0) + raw(count) + raw(count) +
         raw<uint32_t>(static_cast<uint32_t>(directory.size())) + raw<uint32_t>(static_cast<uint32_t>(archive.size())) + raw<uint16_t>(0);
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data, bool columns_first = false) {
  const std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + (columns_first ? "True" : "False") + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY") + raw<uint16_t>(1) + raw<uint16_t>(static_cast<uint16_t>(header.size())) + header + data;
}

TEST(Weights, TextOfBitsOfFloats) {
  auto weights = load("2\nconv.weight 2 3f800000 c0000000\nbias 1 3F000000\n");
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_THAT(weights->at("conv.weight").floats(), ElementsAre(1, -2));
  EXPECT_THAT(weights->at("bias").floats(), ElementsAre(0.5f));
}

TEST(Weights, TextThatTellsTypes) {
  auto weights = load("2\r\na 0 1 3f800000\r\nb 1 2 3c00 4000");
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_THAT(weights->at("a").floats(), ElementsAre(1));
  EXPECT_EQ(weights->at("b").type(), DataType::kHalf);
  EXPECT_THAT(weights->at("b").floats(), ElementsAre(1, 2));
}

TEST(Weights, BytesBehindTheirDims) {
  auto weights = load("2\nw 0 (2, 1) " + floats({1, 2}) + "\nv 0 (1,) " + floats({3}) + "\n");
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_EQ(weights->at("w").shape(), (Shape{2, 1}));
  EXPECT_THAT(weights->at("w").floats(), ElementsAre(1, 2));
  EXPECT_THAT(weights->at("v").floats(), ElementsAre(3));
}

TEST(Weights, WrongTextIsNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("garbage"), HasSubstr("no file of weights that is known"));
  EXPECT_THAT(error_of("2\na 1 3f800000\n"), HasSubstr("there are 1 entries, and the first line counts 2"));
  EXPECT_THAT(error_of("2\nb 1 0\na 3 3f800000\n"), HasSubstr("line 3, entry 'a': the line announces 3 elements, and 1 follow"));
  EXPECT_THAT(error_of("1\na 4 0 1 2\n"), HasSubstr("line 2, entry 'a': the line announces 4 elements, and 3 follow"));
  EXPECT_THAT(error_of("1\na 0 3 3f800000\n"), HasSubstr("the line announces 3 elements, and 1 follow"));
  EXPECT_THAT(error_of("1\na 1 3f800000 0\n"), HasSubstr("the line announces 1 elements, and 2 follow"));
  EXPECT_THAT(error_of("1\na 1 xyz\n"), HasSubstr("an element is 'xyz', which is no number"));
  EXPECT_THAT(error_of("1\na 0 (1000000000000) 1234"), HasSubstr("bytes are wanted"));
  EXPECT_THAT(error_of("1\na 0 (4611686018427387904, 4611686018427387904) 1234"), HasSubstr("more elements than can be counted"));
  EXPECT_THAT(error_of("2\na 1 0\na 1 0\n"), HasSubstr("the name 'a' is there twice"));
}

std::string safetensors(const std::string& header, const std::string& data) { return raw<uint64_t>(header.size()) + header + data; }

TEST(Weights, Safetensors) {
  auto weights = load(safetensors(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})",
      floats({1, 2}) + raw<int64_t>(7)));
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_EQ(weights->size(), 2u);
  EXPECT_EQ(weights->at("a").shape(), (Shape{1, 2}));
  EXPECT_THAT(weights->at("a").floats(), ElementsAre(1, 2));
  EXPECT_EQ(weights->at("b").integer(0), 7);
}

TEST(Weights, WrongSafetensorsAreNamed) {
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}})", floats({1, 2}))),
              HasSubstr("entry 'a': its data lies at 0 to 9, outside of the 8 bytes"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", floats({1, 2}))),
              HasSubstr("the dims [3] take 12 bytes, but there are 8"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}})", floats({1, 2}))),
              HasSubstr("more elements than can be counted"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", floats({1, 2}))),
              HasSubstr("the type 'F31' is not known"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"shape":[-2]}})", "")), HasSubstr("it needs dtype, shape and two data_offsets"));
  EXPECT_THAT(error_of(safetensors("{\"a\":", "")), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(safetensors("{\"a\":" + std::string(100000, '['), "")), HasSubstr("the header of the safetensors file"));
}

TEST(Weights, CutAndForeignFilesAreToldApart) {
  const std::string whole = safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", floats({1, 2}));
  EXPECT_THAT(error_of(whole.substr(0, whole.size() - 3)), HasSubstr("outside of the 5 bytes behind the header; was the file cut?"));
  EXPECT_THAT(error_of(whole.substr(0, 20)), HasSubstr("the safetensors file is cut: its header takes 54 bytes, and 12 are there"));
  EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("it is a pointer of Git LFS"));
}

TEST(Weights, ArchivesOfNumPy) {
  auto weights = load(zip({{"a.npy", npy("<f4", "(2,)", floats({1, 2}))},
                           {"b.npy", npy("<f4", "(2, 3)", floats({1, 2, 3, 4, 5, 6}), true), true},
                           {"c.npy", npy("<i8", "()", raw<int64_t>(-3)), true}}));
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_THAT(weights->at("a").floats(), ElementsAre(1, 2));
  EXPECT_EQ(weights->at("b").shape(), (Shape{2, 3}));
  EXPECT_THAT(weights->at("b").floats(), ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_EQ(weights->at("c").integer(0), -3);
  auto single = load(npy("<f2", "(1,)", raw<uint16_t>(0x3c00)));
  ASSERT_TRUE(single.ok()) << single.error().message;
  EXPECT_THAT(single->at("array").floats(), ElementsAre(1));
}

TEST(Weights, WrongArchivesAreNamed) {
  EXPECT_THAT(error_of("PK nothing of a zip file at all"), HasSubstr("not a zip archive, or truncated"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy(">f4", "(1,)", floats({1}))}})), HasSubstr("little-endian numbers are read"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy("|O", "(1,)", "12345678")}})), HasSubstr("'a.npy'"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy("<f4", "(99999999999999999999,)", "")}})), HasSubstr("too large"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy("<f4", "(1000,)", floats({1}))}})), HasSubstr("bytes are wanted"));
  // 2^61 numbers of 8 bytes are 0 bytes where the size wraps around.
  EXPECT_THAT(error_of(zip({{"a.npy", npy("<f8", "(2305843009213693952,)", "")}})), HasSubstr("9223372036854775807 bytes are wanted"));
  EXPECT_THAT(error_of(zip({{"readme", "text"}})), HasSubstr("neither .npy files nor a data.pkl"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy("<f4", "(1,)", floats({1})), true}}, 0x7fffffff)),
              HasSubstr("claims to unpack to 2147483647 bytes"));
  EXPECT_THAT(error_of(zip({{"a.npy", npy("<f4", "(250,)", std::string(1000, '\0')), true}}), {.most_bytes = 100}),
              HasSubstr("more memory than the limit"));
}

// {"w": a view of storage "0"}, as torch.save writes it.
std::string state_dict(const std::string& view = std::string("K\x01K\x02\x86K\x02K\x01\x86", 10),
                       const std::string& offset = std::string("K\x00", 2)) {
  const auto text = [](const std::string& word) { return "X" + raw<uint32_t>(static_cast<uint32_t>(word.size())) + word; };
  return std::string("\x80\x02}") + text("w") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" +
         text("0") + text("cpu") + std::string("K\x02tQ") + offset + view + "\x89}tRs.";
}

std::string torch_zip(const std::string& pickle, const std::string& storage) {
  return zip({{"model/data.pkl", pickle}, {"model/data/0", storage}});
}

TEST(Weights, StateDictsOfTorch) {
  auto weights = load(torch_zip(state_dict(), floats({1, 2})));
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_EQ(weights->at("w").shape(), (Shape{1, 2}));
  EXPECT_THAT(weights->at("w").floats(), ElementsAre(1, 2));
  // A transposed view.
  auto turned = load(torch_zip(state_dict(std::string("K\x02K\x02\x86K\x01K\x02\x86", 10)), floats({1, 2, 3, 4})));
  ASSERT_TRUE(turned.ok()) << turned.error().message;
  EXPECT_THAT(turned->at("w").floats(), ElementsAre(1, 3, 2, 4));
}

TEST(Weights, StateDictsOfOlderTorch) {
  const auto text = [](const std::string& word) { return "X" + raw<uint32_t>(static_cast<uint32_t>(word.size())) + word; };
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15), version("\x80\x02M\xe9\x03.", 6),
      system("\x80\x02}.", 4);
  const std::string keys = std::string("\x80\x02]") + text("0") + "a.";
  auto weights = load(magic + version + system + state_dict() + keys + raw<int64_t>(2) + floats({1, 2}));
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  EXPECT_THAT(weights->at("w").floats(), ElementsAre(1, 2));
  EXPECT_THAT(error_of(magic + version + system + state_dict() + keys + raw<int64_t>(1 << 30)), HasSubstr("bytes are wanted"));
  EXPECT_THAT(error_of(magic + version + system + state_dict() + keys + raw<int64_t>(-1)), HasSubstr("a storage has -1 elements"));
}

TEST(Weights, WrongPicklesAreNamed) {
  EXPECT_THAT(error_of(torch_zip(state_dict(), floats({1}))), HasSubstr("its elements go up to 1, and its storage has 1"));
  EXPECT_THAT(
      error_of(torch_zip(state_dict(std::string("K\x01K\x02\x86K\x02K\x01\x86", 10), std::string("J\xff\xff\xff\x7f", 5)), floats({1, 2}))),
      HasSubstr("its elements go up to"));
  EXPECT_THAT(error_of(zip({{"data.pkl", state_dict()}})), HasSubstr("its storage '0' is not in the file"));
  EXPECT_THAT(error_of(zip({{"data.pkl", "\x80\x02}."}})), HasSubstr("the file holds no tensors by name; save model.state_dict()"));
  EXPECT_THAT(error_of(zip({{"data.pkl", "\x80\x02K\x01."}})), HasSubstr("no state dict but another object"));
  EXPECT_THAT(error_of(zip({{"data.pkl", "\x80\x02R."}})), HasSubstr("the pickle takes more than it has"));
  EXPECT_THAT(error_of(zip({{"data.pkl", "\x80\x02h\x07."}})), HasSubstr("the pickle recalls what it never kept"));
  EXPECT_THAT(error_of(zip({{"data.pkl", "\x80\x02u."}})), HasSubstr("the pickle has no mark where one is wanted"));
  EXPECT_THAT(error_of("\x80\x02K\x01."), HasSubstr("the file is a pickle, but not one of torch.save"));
}

// A call of os.system in a pickle is an object like any other.
TEST(Weights, NoCodeIsRun) {
  const std::string pickle = std::string("\x80\x02}X") + raw<uint32_t>(1) + "wcposix\nsystem\nX" + raw<uint32_t>(5) + "false\x85Rs.";
  EXPECT_THAT(error_of(zip({{"data.pkl", pickle}})), HasSubstr("save model.state_dict()"));
}

}  // namespace
}  // namespace ingot
