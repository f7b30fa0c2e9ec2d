#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace corral {

/** How a token is drawn, by the names and with the defaults of llama-server. */
struct Sampling {
    /** 0 or less: the likeliest token, always. */
    float temperature = 0.8f;
    /** The k likeliest tokens; 0 or less: all. */
    int top_k = 40;
    float top_p = 0.95f;
    float min_p = 0.05f;
    float repeat_penalty = 1.0f;
    float presence_penalty = 0.0f;
    float frequency_penalty = 0.0f;
    /** Tokens back that the penalties look at; 0: none; -1: all there are. */
    int repeat_last_n = 64;
    uint32_t seed = 0;
    /** Added to a token's logit; minus infinity forbids it. */
    std::unordered_map<int, float> logit_bias;
};

/** Draws one token after the other. The same parameters, seed and logits give the same tokens. */
class Sampler {
  public:
    /** @param drawable by id: false for what stands for nothing (padding of the vocabulary) and must never come. */
    Sampler(Sampling parameters, const std::vector<bool> &drawable);

    /** Tells it a token of the prompt, for the penalties. */
    void remember(int id);

    /** The next token; remembered. Writes over the logits. */
    int draw(std::vector<float> &logits);

  private:
    Sampling parameters_;
    const std::vector<bool> &drawable_;
    std::vector<int> past_;
    std::mt19937 random_;
};

} // namespace corral
