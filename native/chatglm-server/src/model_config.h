#pragma once

#include <cstdint>

#include "chatglm.h"
#include "file_reader.h"

namespace corral {

/** chatglm.cpp has room for 2048 tensors. */
constexpr int max_tensors = 2000;

/** The header of a model file. All sizes are positive and fit together. */
struct ModelConfig {
    chatglm::ModelType type;
    int dtype, vocabulary, hidden, heads, kv_heads, layers, ffn, max_length;
    int virtual_tokens = 0;
    int head_size() const { return hidden / heads; }
};

/** Elements and bytes of a block; no elements: none that chatglm.cpp writes. */
struct Block {
    int64_t elements;
    int64_t bytes;
};

Block block_of(int type);

/**
 * Reads the header, up to the tokenizer's length.
 * @throws std::runtime_error "broken model file FILE: ..."
 */
ModelConfig read_model_config(FileReader &reader);

} // namespace corral
