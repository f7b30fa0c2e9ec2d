#include "model_file.h"

#include "model.h"
#include "model_bytes.h"

namespace {

std::string broken(const ModelBytes &model) {
    const std::string path = model.write("broken.bin");
    const std::string message = thrown<std::runtime_error>([&] { corral::Model(path, 0, 1); });
    const std::string start = "broken model file " + path + ": ";
    CHECK_EQUAL(message.substr(0, start.size()), start);
    return message.substr(start.size());
}

std::string with(int type, size_t field, int value) {
    return broken(ModelBytes("alphabet-" + std::to_string(type)).set(field, value));
}

} // namespace

TEST("model file: what there is") {
    const corral::ModelFile file = corral::read_model_file(model_path("alphabet-3"));
    const ModelBytes bytes("alphabet-3");
    CHECK_EQUAL(file.bytes, bytes.bytes.size());
    CHECK_EQUAL(file.max_length, bytes.get(ModelBytes::max_length));
    CHECK_EQUAL(file.virtual_tokens, 0);
    // Of each layer and head a key and a value, two bytes a number.
    const int head = bytes.get(ModelBytes::hidden) / bytes.get(ModelBytes::heads);
    CHECK_EQUAL(file.cache_bytes, 4u * bytes.get(ModelBytes::layers) * bytes.get(ModelBytes::kv_heads) * head);
    CHECK(file.parameters > file.bytes / 4 && file.parameters < file.bytes / 2);
}

TEST("model file: none") {
    const std::string message = thrown<std::runtime_error>([] { corral::Model(scratch_path("none.bin"), 0, 1); });
    CHECK_EQUAL(message, "cannot open " + scratch_path("none.bin") + ": No such file or directory");
    CHECK_EQUAL(thrown<std::runtime_error>([] { corral::Model(scratch_path("."), 0, 1); }).substr(0, 12),
                "cannot open ");
}

TEST("model file: cut anywhere it is refused") {
    for (const int type : {1, 2, 3, 4}) {
        const ModelBytes whole("alphabet-" + std::to_string(type));
        std::vector<size_t> lengths = {0, 3, 4, 11, 12, 40, 63, 64, 67, 68, 100, whole.tensors() - 1};
        for (size_t i = 0; i < 40; i++) {
            lengths.push_back(whole.tensors() + i);
            lengths.push_back(whole.bytes.size() - 1 - i);
            lengths.push_back(whole.tensors() + (whole.bytes.size() - whole.tensors()) * i / 40);
        }
        for (const size_t length : lengths) {
            ModelBytes cut = whole;
            cut.bytes.resize(length);
            CHECK(!broken(cut).empty());
        }
        for (const char *const more : {"x", "xxxxxxxxxxxxxxxxxxxx"}) {
            ModelBytes longer = whole;
            longer.bytes += more;
            CHECK(!broken(longer).empty());
        }
        ModelBytes longer = whole;
        longer.bytes += std::string(64, '\0');
        CHECK(!broken(longer).empty());
    }
}

TEST("model file: headers that make no sense are refused") {
    using M = ModelBytes;
    CHECK_EQUAL(with(3, 0, 0), "it doesn't begin with \"ggml\"");
    CHECK_EQUAL(with(3, M::type, 5), "type 5, version 2 is unknown");
    CHECK_EQUAL(with(3, M::version, 3), "type 3, version 3 is unknown");
    CHECK_EQUAL(with(4, M::version, 1), "type 4, version 1 is unknown");
    CHECK_EQUAL(with(3, M::layers, 1 << 20), "its number of layers is 1048576");
    CHECK_EQUAL(with(3, M::virtual_tokens, 4), "past_key_values is missing");
    CHECK_EQUAL(with(3, M::layers, 2), "transformer.encoder.layers.1.input_layernorm.weight is missing");
    for (const int type : {1, 2, 3, 4}) {
        for (const auto field : {M::dtype, M::vocabulary, M::hidden, M::heads, M::kv_heads, M::layers, M::ffn,
                                 M::max_length, M::tokenizer_length}) {
            for (const int value : {-1, 0x7fffffff, 0x40000000, 3}) {
                if (field != M::max_length || value != 3) {
                    CHECK(!with(type, field, value).empty());
                }
            }
        }
        CHECK(!with(type, M::virtual_tokens, -1).empty());
        CHECK(!with(type, M::virtual_tokens, 1 << 30).empty());
        CHECK(!with(type, M::eps, 0x7fc00000).empty());
    }
}

TEST("model file: a tokenizer that makes no sense is refused") {
    for (const int type : {1, 2, 3, 4}) {
        ModelBytes model("alphabet-" + std::to_string(type));
        const size_t length = model.get(ModelBytes::tokenizer_length);
        model.bytes.replace(ModelBytes::tokenizer, length, std::string(length, '\xff'));
        CHECK(!broken(model).empty());
        model.bytes.replace(ModelBytes::tokenizer, length, std::string(length, '\0'));
        CHECK(!broken(model).empty());
    }
    ModelBytes model("alphabet-4");
    const size_t rank = model.bytes.find(" 7\n", ModelBytes::tokenizer);
    model.bytes[rank + 1] = '6';
    CHECK_EQUAL(broken(model).substr(0, 23), "the ranks of its tokens");
}

TEST("model file: a table smaller than the tokenizer is refused") {
    ModelBytes model("alphabet-3");
    const int vocabulary = model.get(ModelBytes::vocabulary);
    const int row = 2 * model.get(ModelBytes::hidden); // bytes, f16
    // The embedding and the output matrix are smaller, too, so that nothing else is wrong.
    const int fewer = 320;
    size_t at = 0;
    for (const char *const name : {"transformer.embedding.word_embeddings.weight", "transformer.output_layer.weight"}) {
        at = model.bytes.find(name, at) + std::string(name).size();
        CHECK_EQUAL(model.get(at + 4), vocabulary);
        model.set(at + 4, fewer);
        const size_t data = (at + 16 + 15) / 16 * 16;
        model.bytes.erase(data + fewer * row, (vocabulary - fewer) * row);
    }
    const std::string reason = broken(model.set(ModelBytes::vocabulary, fewer));
    CHECK_EQUAL(reason.substr(0, 17), "its tokenizer has");
}
