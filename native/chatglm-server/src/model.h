#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chatglm.h"
#include "vocabulary.h"

namespace corral {

/**
 * A loaded model and its one sequence of keys and values. For one thread at a time, but for `vocabulary()` and the
 * constants.
 */
class Model {
  public:
    /**
     * @param context tokens of prompt and answer together, at most what the file allows
     * @param threads exactly so many compute
     * @throws std::runtime_error
     */
    Model(const std::string &path, int context, int threads);
    ~Model();

    chatglm::ModelType type() const;
    const Vocabulary &vocabulary() const;
    int context() const;
    int trained_context() const;
    /** Bytes of the file, number of weights: for /v1/models. */
    size_t bytes() const;

    /**
     * Reads the prompt, in chunks where the type allows, and leaves the logits of its last token. What an earlier
     * prompt began with the same tokens is not read again: a multiple of 64 tokens of what was itself prefilled, so
     * that the logits are those of a cold run to the bit.
     * @param reuse false: all is read anew
     * @param stop asked before each chunk; true ends it
     * @return tokens that were not read again; -1 when stopped
     */
    int prefill(const std::vector<int> &prompt, bool reuse, const std::function<bool()> &stop);

    /** Reads one more token behind all others. */
    void decode(int id);

    /** Of the token read last; size of the vocabulary. */
    std::vector<float> &logits();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace corral
