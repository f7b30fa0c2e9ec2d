#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "model.h"
#include "sampler.h"

namespace corral {

struct GenerationRequest {
    std::vector<int> prompt;
    /** -1: up to the context's end. */
    int max_tokens = -1;
    Sampling sampling;
    std::vector<std::string> stops;
    bool reuse_prefix = true;
    bool ignore_end = false;
};

/** In the meaning of llama-server's `timings`. Milliseconds. */
struct Timings {
    int cached = 0;
    int prompt_tokens = 0;
    double prompt_ms = 0;
    int predicted_tokens = 0;
    double predicted_ms = 0;
};

enum class Finish { end, stop_string, length, cancelled };

struct Generation {
    Finish finish = Finish::end;
    std::string text;
    std::string stopped_by;
    Timings timings;
};

/** Counts turns of the loop for whoever watches it: each prefill chunk and each token. */
using Turns = std::atomic<uint64_t>;

/**
 * Runs one request to its end.
 * @param on_text gets text as it comes; false cancels
 * @param is_cancelled asked before each prefill chunk and each token
 */
Generation generate(Model &model, const GenerationRequest &request, Turns &turns,
                    const std::function<bool(const std::string &)> &on_text, const std::function<bool()> &is_cancelled);

} // namespace corral
