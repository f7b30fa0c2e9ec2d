#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model_config.h"

namespace corral {

/** A tensor as a model file has it. Rows first. */
struct Tensor {
    std::vector<int64_t> shape;
    int type;
};

/**
 * Reads the tensors' names and shapes, to the file's end: just those of such a model, in shape and type.
 * @throws std::runtime_error "broken model file FILE: ..."
 */
std::map<std::string, Tensor> read_model_tensors(FileReader &reader, const ModelConfig &config);

} // namespace corral
