// Makers of parsers by the generation whose Dims the program has: nvparsers_level.cpp is compiled once for each width.
#pragma once

namespace ingot::api {

void* make_caffe_parser_7() noexcept;
void* make_caffe_parser_8() noexcept;
void* make_caffe_parser_10() noexcept;
void* make_uff_parser_7() noexcept;
void* make_uff_parser_8() noexcept;
void* make_uff_parser_10() noexcept;

}  // namespace ingot::api
