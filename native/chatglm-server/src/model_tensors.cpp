#include "model_tensors.h"

namespace corral {

namespace {

using Shape = std::vector<int64_t>;

std::string to_text(const Shape &shape) {
    std::string text;
    for (const int64_t size : shape) {
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    }
    return text;
}

std::map<std::string, Tensor> read_tensors(FileReader &reader) {
    std::map<std::string, Tensor> tensors;
    while (!reader.at_end()) {
        const int length = reader.integer("a tensor's name");
        if (length < 1 || length > 256) {
            reader.fail("a tensor's name has " + std::to_string(length) + " bytes");
        }
        const std::string name = reader.text(length, "a tensor's name");
        Tensor tensor;
        const int dimensions = reader.integer("a tensor's shape");
        if (dimensions < 1 || dimensions > 4) {
            reader.fail(name + " has " + std::to_string(dimensions) + " dimensions");
        }
        int64_t elements = 1;
        for (int i = 0; i < dimensions; i++) {
            tensor.shape.push_back(reader.integer("a tensor's shape"));
            if (tensor.shape.back() < 1 || elements > reader.size() * 8 / tensor.shape.back()) {
                reader.fail("the shape of " + name + " makes no sense");
            }
            elements *= tensor.shape.back();
        }
        tensor.type = reader.integer("a tensor's type");
        const Block block = block_of(tensor.type);
        if (block.elements == 0 || tensor.shape.back() % block.elements != 0) {
            reader.fail("the type of " + name + ", " + std::to_string(tensor.type) + ", is unknown or doesn't fit");
        }
        reader.skip((16 - reader.at() % 16) % 16, name);
        reader.skip(elements / block.elements * block.bytes, name);
        if (!tensors.emplace(name, tensor).second || tensors.size() > max_tensors) {
            reader.fail(name + " comes twice, or there are too many tensors");
        }
    }
    return tensors;
}

/** Weights that the model must have: names and shapes, rows first. */
std::map<std::string, Shape> expected_tensors(const ModelConfig &config) {
    const int64_t hidden = config.hidden;
    const int64_t qkv = hidden + 2 * static_cast<int64_t>(config.head_size()) * config.kv_heads;
    std::map<std::string, Shape> expected;
    const auto linear = [&](const std::string &name, int64_t rows, int64_t columns, bool bias) {
        expected[name + ".weight"] = {rows, columns};
        if (bias) {
            expected[name + ".bias"] = {rows};
        }
    };
    const bool first = config.type == chatglm::ModelType::CHATGLM;
    const auto norm = [&](const std::string &name) {
        expected[name + ".weight"] = {hidden};
        if (first) {
            expected[name + ".bias"] = {hidden};
        }
    };
    for (int i = 0; i < config.layers; i++) {
        const std::string layer = (first ? "transformer.layers." : "transformer.encoder.layers.") + std::to_string(i);
        const std::string attention = layer + (first ? ".attention" : ".self_attention");
        norm(layer + ".input_layernorm");
        linear(attention + ".query_key_value", qkv, hidden, true);
        linear(attention + ".dense", hidden, hidden, first);
        norm(layer + ".post_attention_layernorm");
        linear(layer + ".mlp.dense_h_to_4h", first ? config.ffn : 2 * static_cast<int64_t>(config.ffn), hidden, first);
        linear(layer + ".mlp.dense_4h_to_h", hidden, config.ffn, first);
    }
    norm(first ? "transformer.final_layernorm" : "transformer.encoder.final_layernorm");
    linear(first ? "transformer.word_embeddings" : "transformer.embedding.word_embeddings", config.vocabulary, hidden,
           false);
    if (!first) {
        linear("transformer.output_layer", config.vocabulary, hidden, false);
    }
    if (config.virtual_tokens > 0) {
        expected["past_key_values"] = {2 * config.layers, config.kv_heads, config.virtual_tokens, config.head_size()};
    }
    return expected;
}

void check_tensors(const FileReader &reader, const ModelConfig &config, const std::map<std::string, Tensor> &tensors) {
    const std::map<std::string, Shape> expected = expected_tensors(config);
    for (const auto &[name, shape] : expected) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) {
            reader.fail(name + " is missing");
        }
        const Tensor &tensor = found->second;
        if (tensor.shape != shape) {
            reader.fail(name + " is " + to_text(tensor.shape) + " instead of " + to_text(shape));
        }
        const int type = shape.size() == 1 ? GGML_TYPE_F32 : shape.size() == 2 ? config.dtype : GGML_TYPE_F16;
        if (tensor.type != type) {
            reader.fail("the type of " + name + " is " + std::to_string(tensor.type) + " instead of " +
                        std::to_string(type));
        }
    }
    for (const auto &[name, tensor] : tensors) {
        const bool of_vision =
            config.type == chatglm::ModelType::CHATGLM4V && name.rfind("transformer.vision.", 0) == 0;
        if (expected.count(name) == 0 && !of_vision && name != "past_key_values") {
            reader.fail(name + " is a tensor that this model hasn't");
        }
    }
}

} // namespace

std::map<std::string, Tensor> read_model_tensors(FileReader &reader, const ModelConfig &config) {
    std::map<std::string, Tensor> tensors = read_tensors(reader);
    check_tensors(reader, config, tensors);
    return tensors;
}

} // namespace corral
