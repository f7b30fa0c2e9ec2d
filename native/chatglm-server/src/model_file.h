#pragma once

#include <cstdint>
#include <string>

namespace corral {

/** What a file says of its model, as far as it takes to load it safely. */
struct ModelFile {
    uint64_t bytes = 0;
    /** Number of weights. */
    uint64_t parameters = 0;
    int max_length = 0;
    /** For p-tuning v2: keys and values of so many tokens are in the file, and stand in front of every prompt. */
    int virtual_tokens = 0;
    /** Of keys and values, per token of the context. */
    uint64_t cache_bytes = 0;
};

/**
 * Reads all of a file but its weights and vocabulary. chatglm.cpp believes what a file says: where that is wrong it
 * reads beyond the file's end, or ends the process. What passes here it loads.
 * @throws std::runtime_error "cannot open FILE: ...", "broken model file FILE: ..."
 */
ModelFile read_model_file(const std::string &path);

} // namespace corral
