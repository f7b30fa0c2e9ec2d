#include "model.h"

#include <algorithm>
#include <new>
#include <stdexcept>

#include "file_reader.h"
#include "model_file.h"
#include "threads.h"

namespace corral {

namespace {

/**
 * Sums over keys and values take 64 at once and the rest apart: where a prompt is cut at another place than between
 * such blocks, the last bits of the sums change.
 */
constexpr int block = 64;

chatglm::Pipeline load(const std::string &path, int context) {
    try {
        return chatglm::Pipeline(path, context);
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const std::exception &error) {
        throw_broken(path, error.what());
    }
}

int checked_context(const ModelFile &file, int context, int threads) {
    if (threads < 1) {
        throw std::invalid_argument("at least 1 thread must compute, not " + std::to_string(threads));
    }
    if (context < 0 || context > file.max_length) {
        throw std::invalid_argument("a context of " + std::to_string(context) + " tokens: the model allows 1 to " +
                                    std::to_string(file.max_length));
    }
    return context == 0 ? file.max_length : context;
}

} // namespace

struct Model::State {
    State(const std::string &path, const ModelFile &file, int context)
        : file(file), context(context), pipeline(load(path, context)),
          vocabulary(*pipeline.tokenizer, pipeline.model->config) {
        const chatglm::ModelType type = pipeline.model->config.model_type;
        in_chunks =
            CHATGLM_PREFIX_REUSE && type != chatglm::ModelType::CHATGLM && type != chatglm::ModelType::CHATGLM4V;
    }

    /** The last cut between blocks at or before a position; 0: none. */
    int cut_before(int position) const {
        return std::max((position + file.virtual_tokens) / block * block - file.virtual_tokens, 0);
    }

    int reusable(const std::vector<int> &prompt) const {
        const int most = std::min<int>(prefilled, prompt.size() - 1); // the last token is read for its logits
        const int common = std::mismatch(prompt.begin(), prompt.begin() + most, tokens.begin()).first - prompt.begin();
        return in_chunks ? cut_before(common) : 0;
    }

    /** Reads tokens [past, end) of `tokens`; what is behind them is gone. */
    void read(int past) {
        ggml_tensor *const output =
            pipeline.model->forward_graph_compute(tokens, std::nullopt, past, prompt_length, true);
        logits.resize(vocabulary.size());
        ggml_backend_tensor_get(output, logits.data(), 0, logits.size() * sizeof(float));
    }

    const ModelFile file;
    const int context;
    chatglm::Pipeline pipeline;
    const Vocabulary vocabulary;
    bool in_chunks = false;

    /** Whose keys and values are there. */
    std::vector<int> tokens;
    /** So many of them were read as a prompt; those behind came one by one, and their sums are others. */
    int prefilled = 0;
    /** ChatGLM-6B counts positions from the prompt's end. */
    int prompt_length = 0;
    std::vector<float> logits;
};

Model::Model(const std::string &path, int context, int threads) {
    const ModelFile file = read_model_file(path);
    context = checked_context(file, context, threads);
    // chatglm.cpp doesn't ask whether it got room for the keys and values.
    ::operator delete(::operator new(file.cache_bytes *(context + file.virtual_tokens)));
    set_compute_threads(threads);
    try {
        state_ = std::make_unique<State>(path, file, context);
    } catch (const BrokenVocabulary &error) {
        throw_broken(path, error.what());
    }
}

Model::~Model() = default;

chatglm::ModelType Model::type() const { return state_->pipeline.model->config.model_type; }
const Vocabulary &Model::vocabulary() const { return state_->vocabulary; }
int Model::context() const { return state_->context; }
int Model::trained_context() const { return state_->file.max_length; }
int Model::hidden_size() const { return state_->pipeline.model->config.hidden_size; }
uint64_t Model::bytes() const { return state_->file.bytes; }
uint64_t Model::parameters() const { return state_->file.parameters; }
std::vector<float> &Model::logits() { return state_->logits; }

int Model::prefill(const std::vector<int> &prompt, bool reuse, const std::function<bool()> &stop) {
    State &state = *state_;
    const int length = prompt.size();
    const int least = type() == chatglm::ModelType::CHATGLM ? 2 : 1; // its last two tokens are counted apart
    if (length < least || length > state.context) {
        throw std::invalid_argument("a prompt of " + std::to_string(length) + " tokens: the context allows " +
                                    std::to_string(least) + " to " + std::to_string(state.context));
    }
    for (const int id : prompt) {
        if (!state.vocabulary.contains(id)) {
            throw std::invalid_argument("token " + std::to_string(id) + " is beyond the vocabulary");
        }
    }

    const int reused = reuse ? state.reusable(prompt) : 0;
    state.prompt_length = length;
    state.prefilled = reused;
    for (int past = reused; past < length;) {
        if (stop()) {
            return -1;
        }
        const int end = state.in_chunks ? std::min(state.cut_before(past + block), length) : length;
        state.tokens.assign(prompt.begin(), prompt.begin() + end);
        state.read(past);
        state.prefilled = past = end;
    }
    return reused;
}

void Model::decode(int id) {
    State &state = *state_;
    const int past = state.tokens.size();
    if (past >= state.context || !state.vocabulary.contains(id)) {
        throw std::invalid_argument("token " + std::to_string(id) +
                                    " is beyond the vocabulary, or the context is full");
    }
    state.tokens.push_back(id);
    state.read(past);
}

} // namespace corral
