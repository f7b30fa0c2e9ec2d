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
    /** The likeliest tokens that together have this share; 1 or more: all. */
    float top_p = 0.95f;
    /** Tokens with at least this share of the likeliest one's probability; 0 or less: all. */
    float min_p = 0.05f;
    float repeat_penalty = 1.0f;
    float presence_penalty = 0.0f;
    float frequency_penalty = 0.0f;
    /** Tokens back that the penalties look at; 0: none; -1: all there are. */
    int repeat_last_n = 64;
    uint32_t seed = 0;
    /** Added to a token's logit; minus infinity forbids it. Ids beyond the vocabulary have no effect. */
    std::unordered_map<int, float> logit_bias;
};

/** Draws one token after the other. The same parameters, seed and logits give the same tokens, on any machine. */
class Sampler {
  public:
    /**
     * @param drawable by id: false for what stands for nothing (padding of the vocabulary) and must never come; must
     *   outlive the sampler
     */
    Sampler(Sampling parameters, const std::vector<bool> &drawable);

    /** Tells it a token of the prompt, for the penalties. */
    void remember(int id);

    /**
     * The next token; remembered. Writes over the logits.
     * @throws std::runtime_error when no token is left that may be drawn (all forbidden, or the model computed NaN)
     */
    int draw(std::vector<float> &logits);

  private:
    struct Candidate {
        int id;
        /** A logit first, a probability later. */
        float value;
    };

    void penalise(std::vector<float> &logits) const;
    std::vector<Candidate> candidates(const std::vector<float> &logits) const;
    int pick(const std::vector<Candidate> &candidates);

    Sampling parameters_;
    const std::vector<bool> &drawable_;
    std::vector<int> past_;
    std::mt19937 random_;
};

} // namespace corral
