#include "model_config.h"

namespace corral {

namespace {

using chatglm::ModelType;

/** chatglm.cpp has room for 8192 steps of computation, of which a layer takes about 45. */
constexpr int max_layers = 128;
constexpr int max_size = 1 << 24;

int positive(FileReader &reader, const char *what, int most = max_size) {
    const int value = reader.integer("the header");
    if (value < 1 || value > most) {
        reader.fail("its " + std::string(what) + " is " + std::to_string(value));
    }
    return value;
}

ModelConfig read_version_1(FileReader &reader, ModelType type) {
    ModelConfig config{};
    config.type = type;
    config.dtype = reader.integer("the header");
    config.vocabulary = positive(reader, "vocabulary");
    config.hidden = positive(reader, "hidden size");
    config.heads = positive(reader, "number of heads");
    config.layers = positive(reader, "number of layers", max_layers);
    config.ffn = positive(reader, "intermediate size");
    config.max_length = positive(reader, "context");
    reader.skip(4 * sizeof(int), "the header"); // bos, eos, pad, sep
    config.kv_heads = type == ModelType::CHATGLM ? config.heads : positive(reader, "number of key heads");
    return config;
}

ModelConfig read_version_2(FileReader &reader, ModelType type) {
    ModelConfig config{};
    config.type = type;
    config.dtype = reader.integer("the header");
    config.vocabulary = positive(reader, "vocabulary");
    config.hidden = positive(reader, "hidden size");
    config.heads = positive(reader, "number of heads");
    config.kv_heads = positive(reader, "number of key heads");
    config.layers = positive(reader, "number of layers", max_layers);
    config.ffn = positive(reader, "intermediate size");
    if (const float epsilon = reader.real("the header"); !(epsilon >= 0 && epsilon < 1)) {
        reader.fail("its norm epsilon is " + std::to_string(epsilon));
    }
    config.virtual_tokens = reader.integer("the header");
    if (config.virtual_tokens < 0 || config.virtual_tokens > max_size) {
        reader.fail("its number of virtual tokens is " + std::to_string(config.virtual_tokens));
    }
    reader.skip(sizeof(float), "the header"); // rope theta
    config.max_length = positive(reader, "context");
    reader.skip(2 * sizeof(int), "the header"); // eos, pad
    return config;
}

/** GLM-4V's, of which no image is ever shown here: but chatglm.cpp makes its tensors. */
void check_vision(FileReader &reader, const ModelConfig &text) {
    const Block block = block_of(reader.integer("the vision header"));
    const int hidden = positive(reader, "vision hidden size");
    const int image = positive(reader, "image size");
    positive(reader, "number of image channels");
    const int ffn = positive(reader, "vision intermediate size");
    reader.skip(sizeof(float), "the vision header"); // norm epsilon
    const int heads = positive(reader, "number of vision heads");
    const int layers = positive(reader, "number of vision layers");
    positive(reader, "number of image positions");
    const int patch = positive(reader, "size of image patches");
    reader.skip(sizeof(float), "the vision header"); // scaling factor
    if (block.elements == 0 || hidden % block.elements != 0 || ffn % block.elements != 0 || hidden % heads != 0 ||
        patch > image || 12 * layers + 9 * text.layers > max_tensors) {
        reader.fail("its vision header makes no sense");
    }
}

} // namespace

Block block_of(int type) {
    switch (type) {
    case GGML_TYPE_F32:
        return {1, 4};
    case GGML_TYPE_F16:
        return {1, 2};
    case GGML_TYPE_Q4_0:
        return {32, 18};
    case GGML_TYPE_Q4_1:
        return {32, 20};
    case GGML_TYPE_Q5_0:
        return {32, 22};
    case GGML_TYPE_Q5_1:
        return {32, 24};
    case GGML_TYPE_Q8_0:
        return {32, 34};
    default:
        return {0, 0};
    }
}

ModelConfig read_model_config(FileReader &reader) {
    if (reader.text(4, "the magic") != "ggml") {
        reader.fail("it doesn't begin with \"ggml\"");
    }
    const auto type = static_cast<ModelType>(reader.integer("the header"));
    const int version = reader.integer("the header");
    const bool known = type == ModelType::CHATGLM || type == ModelType::CHATGLM2 || type == ModelType::CHATGLM3 ||
                       type == ModelType::CHATGLM4 || type == ModelType::CHATGLM4V;
    const bool has_version_1 = static_cast<int>(type) <= static_cast<int>(ModelType::CHATGLM3);
    if (!known || (version != 2 && !(version == 1 && has_version_1))) {
        reader.fail("type " + std::to_string(static_cast<int>(type)) + ", version " + std::to_string(version) +
                    " is unknown");
    }
    const ModelConfig config = version == 1 ? read_version_1(reader, type) : read_version_2(reader, type);
    const Block block = block_of(config.dtype);
    if (block.elements == 0) {
        reader.fail("its type of weights, " + std::to_string(config.dtype) + ", is unknown");
    }
    if (config.hidden % config.heads != 0 || config.heads % config.kv_heads != 0 || config.head_size() % 4 != 0 ||
        config.hidden % block.elements != 0 || config.ffn % block.elements != 0) {
        reader.fail("its hidden size, heads and intermediate size don't fit together");
    }
    if (type == ModelType::CHATGLM && (config.virtual_tokens > 0 || config.kv_heads != config.heads)) {
        reader.fail("chatglm.cpp doesn't load ChatGLM-6B with virtual tokens or shared heads");
    }
    if (type == ModelType::CHATGLM4V) {
        check_vision(reader, config);
    }
    return config;
}

} // namespace corral
