#pragma once

#include <string>
#include <utility>
#include <vector>

#include "test.h"
#include "vocabulary.h"

using chatglm::ModelType;

/** A tiny made model as chatglm.cpp loads it, with our vocabulary beside its tokenizer. */
struct Loaded {
    explicit Loaded(int type)
        : pipeline(model_path("alphabet-" + std::to_string(type)), 64),
          vocabulary(*pipeline.tokenizer, pipeline.model->config), type(pipeline.model->config.model_type) {}

    chatglm::Pipeline pipeline;
    corral::Vocabulary vocabulary;
    ModelType type;
};

inline const std::vector<int> all_types = {1, 2, 3, 4};
