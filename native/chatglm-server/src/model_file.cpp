#include "model_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>
#include <vector>

#include "chatglm.h"

namespace corral {

void throw_broken(const std::string &path, const std::string &reason) {
    throw std::runtime_error("broken model file " + path + ": " + reason);
}

namespace {

using chatglm::ModelType;
using Shape = std::vector<int64_t>;

/** chatglm.cpp has room for 2048 tensors, and 8192 steps of computation, of which a layer takes about 45. */
constexpr int max_tensors = 2000;
constexpr int max_layers = 128;
constexpr int max_size = 1 << 24;

/** Elements and bytes of a block; no elements: none that chatglm.cpp writes. */
struct Block {
    int64_t elements;
    int64_t bytes;
};

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

struct Tensor {
    Shape shape;
    int type;
};

struct Config {
    ModelType type;
    int dtype, vocabulary, hidden, heads, kv_heads, layers, ffn, max_length;
    int virtual_tokens = 0;
    int head_size() const { return hidden / heads; }
};

std::string to_text(const Shape &shape) {
    std::string text;
    for (const int64_t size : shape) {
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    }
    return text;
}

/** The file, front to back; every step within its end. */
class Reader {
  public:
    explicit Reader(const std::string &path) : path_(path), stream_(path, std::ios::binary) {
        if (!stream_) {
            throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
        }
        stream_.seekg(0, std::ios::end);
        size_ = stream_.tellg();
        stream_.seekg(0);
        if (!stream_ || size_ < 0 || size_ == std::numeric_limits<int64_t>::max()) {
            throw std::runtime_error("cannot open " + path + ": not a regular file");
        }
    }

    [[noreturn]] void fail(const std::string &reason) const { throw_broken(path_, reason); }

    int64_t size() const { return size_; }
    int64_t at() const { return at_; }
    bool at_end() const { return at_ == size_; }

    int integer(const char *what) {
        int value = 0;
        bytes(&value, sizeof(value), what);
        return value;
    }

    float real(const char *what) {
        float value = 0;
        bytes(&value, sizeof(value), what);
        return value;
    }

    std::string text(int length, const char *what) {
        std::string value(length, '\0');
        bytes(value.data(), length, what);
        return value;
    }

    void skip(int64_t length, const std::string &what) {
        if (length < 0 || length > size_ - at_) {
            fail("it ends within " + what);
        }
        at_ += length;
        stream_.seekg(at_);
    }

  private:
    void bytes(void *to, int64_t length, const char *what) {
        if (length > size_ - at_ || !stream_.read(static_cast<char *>(to), length)) {
            fail(std::string("it ends within ") + what);
        }
        at_ += length;
    }

    const std::string path_;
    std::ifstream stream_;
    int64_t size_ = 0;
    int64_t at_ = 0;
};

int positive(Reader &reader, const char *what, int most = max_size) {
    const int value = reader.integer("the header");
    if (value < 1 || value > most) {
        reader.fail("its " + std::string(what) + " is " + std::to_string(value));
    }
    return value;
}

Config read_version_1(Reader &reader, ModelType type) {
    Config config{};
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

Config read_version_2(Reader &reader, ModelType type) {
    Config config{};
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
void check_vision(Reader &reader, const Config &text) {
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

Config read_config(Reader &reader) {
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
    const Config config = version == 1 ? read_version_1(reader, type) : read_version_2(reader, type);
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

std::map<std::string, Tensor> read_tensors(Reader &reader) {
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
std::map<std::string, Shape> expected_tensors(const Config &config) {
    const int64_t hidden = config.hidden;
    const int64_t qkv = hidden + 2 * static_cast<int64_t>(config.head_size()) * config.kv_heads;
    std::map<std::string, Shape> expected;
    const auto linear = [&](const std::string &name, int64_t rows, int64_t columns, bool bias) {
        expected[name + ".weight"] = {rows, columns};
        if (bias) {
            expected[name + ".bias"] = {rows};
        }
    };
    const bool first = config.type == ModelType::CHATGLM;
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

void check_tensors(const Reader &reader, const Config &config, const std::map<std::string, Tensor> &tensors) {
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
        const bool of_vision = config.type == ModelType::CHATGLM4V && name.rfind("transformer.vision.", 0) == 0;
        if (expected.count(name) == 0 && !of_vision && name != "past_key_values") {
            reader.fail(name + " is a tensor that this model hasn't");
        }
    }
}

} // namespace

ModelFile read_model_file(const std::string &path) {
    Reader reader(path);
    const Config config = read_config(reader);
    reader.skip(reader.integer("the tokenizer"), "the tokenizer");
    const std::map<std::string, Tensor> tensors = read_tensors(reader);
    check_tensors(reader, config, tensors);

    ModelFile file;
    file.bytes = reader.size();
    for (const auto &[name, tensor] : tensors) {
        uint64_t elements = 1;
        for (const int64_t size : tensor.shape) {
            elements *= size;
        }
        file.parameters += elements;
    }
    file.max_length = config.max_length;
    file.virtual_tokens = config.virtual_tokens;
    // A key and a value of two bytes a number.
    file.cache_bytes = uint64_t{4} * config.layers * config.kv_heads * config.head_size();
    return file;
}

} // namespace corral
