#include "model_file.h"

#include "model_tensors.h"

namespace corral {

ModelFile read_model_file(const std::string &path) {
    FileReader reader(path);
    const ModelConfig config = read_model_config(reader);
    reader.skip(reader.integer("the tokenizer"), "the tokenizer");
    const std::map<std::string, Tensor> tensors = read_model_tensors(reader, config);

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
