#pragma once

#include <cstdint>
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
     * @param context tokens of prompt and answer together, at most what the file allows; 0: just that
     * @param threads exactly so many compute
     * @throws std::runtime_error "cannot open FILE: ...", "broken model file FILE: ..."
     * @throws std::invalid_argument for a context beyond the file's, or no threads
     * @throws std::bad_alloc when the context's keys and values have no room
     */
    Model(const std::string &path, int context, int threads);
    ~Model();

    chatglm::ModelType type() const;
    const Vocabulary &vocabulary() const;
    int context() const;
    int trained_context() const;
    /** Length of a token's vector. */
    int hidden_size() const;
    /** Of the file. */
    uint64_t bytes() const;
    /** Number of weights. */
    uint64_t parameters() const;

    /**
     * Reads the prompt, in chunks where the type allows, and leaves the logits of its last token. What an earlier
     * prompt began with the same tokens is not read again: a multiple of 64 tokens of what was itself prefilled, so
     * that the logits are those of a cold run to the bit.
     * @param prompt 1 to context() tokens of the vocabulary (with ChatGLM-6B at least 2)
     * @param reuse false: all is read anew
     * @param stop asked before each chunk; true ends it
     * @return tokens that were not read again; -1 when stopped
     * @throws std::invalid_argument for another prompt
     */
    int prefill(const std::vector<int> &prompt, bool reuse, const std::function<bool()> &stop);

    /**
     * Reads one more token behind all others.
     * @throws std::invalid_argument for an id beyond the vocabulary, or at the context's end
     */
    void decode(int id);

    /** Of the token read last; size of the vocabulary. */
    std::vector<float> &logits();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace corral
