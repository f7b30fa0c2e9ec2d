#include "sampling.h"

#include <climits>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "fields.h"

namespace corral {

namespace {

/** Any bias or penalty beyond it decides by itself; larger ones would add up to infinity less infinity. */
constexpr float huge = 1e6f;
/** Bytes of a text whose tokens are biased: a word. */
constexpr size_t longest_bias = 256;

/** @return NaN: no bias */
float bias_of(const json &value) {
    if (value == false) {
        return -std::numeric_limits<float>::infinity();
    }
    return value.is_number() ? static_cast<float>(std::fmin(std::fmax(value.get<double>(), -huge), huge)) : NAN;
}

class Biases {
  public:
    Biases(const Vocabulary &vocabulary, Sampling &sampling) : vocabulary_(vocabulary), sampling_(sampling) {}

    void add(int64_t id, const json &value) {
        const float bias = bias_of(value);
        if (std::isnan(bias)) {
            throw bad_field("logit_bias", "a bias must be a number, or false");
        }
        if (id >= 0 && id < vocabulary_.size()) {
            sampling_.logit_bias[static_cast<int>(id)] = bias;
        }
    }

    /** A number in a text is a token's id, as OpenAI has it; any other text means its tokens. */
    void add(const std::string &text, const json &value) {
        char *end = nullptr;
        const int64_t id = std::strtoll(text.c_str(), &end, 10);
        if (!text.empty() && *end == '\0') {
            return add(id, value);
        }
        if (text.size() > longest_bias) {
            throw bad_field("logit_bias", "a text of at most " + std::to_string(longest_bias) + " bytes");
        }
        for (const int token : vocabulary_.encode(text, false)) {
            add(static_cast<int64_t>(token), value);
        }
    }

  private:
    const Vocabulary &vocabulary_;
    Sampling &sampling_;
};

void read_biases(const json &body, const Vocabulary &vocabulary, Sampling &sampling) {
    const json *biases = find_field(body, "logit_bias");
    if (biases == nullptr) {
        return;
    }
    Biases read(vocabulary, sampling);
    if (biases->is_object()) {
        for (const auto &[key, value] : biases->items()) {
            read.add(key, value);
        }
        return;
    }
    for (const json &pair : biases->is_array() ? *biases : json::array({nullptr})) {
        if (!pair.is_array() || pair.size() != 2 || !(pair[0].is_number_integer() || pair[0].is_string())) {
            throw bad_field("logit_bias", "it must be an object of biases by token, or an array of [token, bias]");
        }
        if (pair[0].is_string()) {
            read.add(pair[0].get<std::string>(), pair[1]);
        } else {
            read.add(pair[0].get<int64_t>(), pair[1]);
        }
    }
}

uint32_t read_seed(const json &body) {
    constexpr int64_t most = int64_t{1} << 62;
    const int64_t seed = find_integer(body, {"seed"}, -most, most).value_or(-1);
    return seed == -1 || seed == UINT32_MAX ? std::random_device()() : static_cast<uint32_t>(seed);
}

} // namespace

Sampling read_sampling(const json &body, const Vocabulary &vocabulary) {
    Sampling sampling;
    sampling.temperature = number_or(body, "temperature", sampling.temperature, 0, huge);
    sampling.top_k = static_cast<int>(find_integer(body, {"top_k"}, INT_MIN, INT_MAX).value_or(sampling.top_k));
    sampling.top_p = number_or(body, "top_p", sampling.top_p, 0, 1);
    sampling.min_p = number_or(body, "min_p", sampling.min_p, 0, 1);
    // A ratio: at 0 every token that came would be forbidden, or certain.
    sampling.repeat_penalty = number_or(body, "repeat_penalty", sampling.repeat_penalty, 1e-3f, huge);
    sampling.presence_penalty = number_or(body, "presence_penalty", sampling.presence_penalty, -huge, huge);
    sampling.frequency_penalty = number_or(body, "frequency_penalty", sampling.frequency_penalty, -huge, huge);
    sampling.repeat_last_n =
        static_cast<int>(find_integer(body, {"repeat_last_n"}, -1, INT_MAX).value_or(sampling.repeat_last_n));
    sampling.seed = read_seed(body);
    read_biases(body, vocabulary, sampling);
    return sampling;
}

} // namespace corral
