#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "test.h"

/** A made model's file in memory, to be changed and written elsewhere. Made ones have version 2. */
class ModelBytes {
  public:
    /** Where the fields of the header are. */
    enum Field {
        type = 4,
        version = 8,
        dtype = 12,
        vocabulary = 16,
        hidden = 20,
        heads = 24,
        kv_heads = 28,
        layers = 32,
        ffn = 36,
        eps = 40,
        virtual_tokens = 44,
        rope_theta = 48,
        max_length = 52,
        eos = 56,
        pad = 60,
        tokenizer_length = 64,
        tokenizer = 68,
    };

    explicit ModelBytes(const std::string &name) {
        std::ifstream stream(model_path(name), std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(stream), {});
        if (bytes.empty()) {
            throw Failure(model_path(name) + " is missing");
        }
    }

    int get(size_t at) const {
        int value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof(value));
        return value;
    }

    ModelBytes &set(size_t at, int value) {
        std::memcpy(bytes.data() + at, &value, sizeof(value));
        return *this;
    }

    void append(int value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof(value)); }

    /** The first tensor's beginning. */
    size_t tensors() const { return tokenizer + get(tokenizer_length); }

    /** For p-tuning v2: keys and values of so many tokens, behind all other tensors. */
    ModelBytes &add_virtual_tokens(int count) {
        set(virtual_tokens, count);
        const std::string name = "past_key_values";
        append(name.size());
        bytes += name;
        const int sizes[] = {2 * get(layers), get(kv_heads), count, get(hidden) / get(heads)};
        append(4);
        int numbers = 1;
        for (const int size : sizes) {
            append(size);
            numbers *= size;
        }
        append(1); // f16
        bytes.resize((bytes.size() + 15) / 16 * 16);
        uint32_t random = 1;
        for (int i = 0; i < numbers; i++) {
            random = random * 1664525 + 1013904223;
            const uint16_t half = 0x3400 | (random >> 31 << 15) | (random >> 16 & 0x3ff); // 0.25 to 0.5, of either sign
            bytes.append(reinterpret_cast<const char *>(&half), sizeof(half));
        }
        return *this;
    }

    /** GLM-4 as GLM-4V, of which no image will be asked. The tensors stay where they are, modulo 16 bytes. */
    ModelBytes &add_vision() {
        const int header[] = {get(dtype), 64, 28, 3, 64, 0x358637bd, 2, 1, 5, 14, 0x3f800000};
        bytes.insert(tensors(), "\n\n\n\n");
        set(tokenizer_length, get(tokenizer_length) + 4);
        bytes.insert(tokenizer_length, reinterpret_cast<const char *>(header), sizeof(header));
        return set(type, 1004);
    }

    /** The header of version 1, for types 1 to 3. Of that, no field follows from the types' defaults. */
    ModelBytes &to_version_1() {
        const bool first = get(type) == 1;
        std::string header(reinterpret_cast<const char *>(bytes.data()), 8);
        const auto add = [&header](int value) { header.append(reinterpret_cast<const char *>(&value), sizeof(value)); };
        add(1);
        for (const int value : {get(dtype), get(vocabulary), get(hidden), get(heads), get(layers), get(ffn),
                                get(max_length), 1, get(eos), get(pad), -1}) {
            add(value);
        }
        if (!first) {
            add(get(kv_heads));
        }
        // The tensors must stay where they are, modulo 16 bytes: a field that no tokenizer knows fills the gap.
        std::string vocabulary = bytes.substr(tokenizer, get(tokenizer_length));
        size_t gap = (16 + tokenizer - header.size() - 4) % 16;
        gap += gap < 4 ? 16 : 0;
        vocabulary +=
            "\xfa\x3f" + std::string(1, static_cast<char>(gap - 3)) + std::string(gap - 3, '\0'); // field 1023
        add(vocabulary.size());
        bytes = header + vocabulary + bytes.substr(tensors());
        return *this;
    }

    std::string write(const std::string &name) const {
        const std::string path = scratch_path(name);
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    std::string bytes;
};
