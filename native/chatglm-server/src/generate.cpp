#include "generate.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "bad_request.h"
#include "punctuation.h"
#include "text_stream.h"

namespace corral {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void check(const Model &model, const std::vector<int> &prompt) {
    for (const int id : prompt) {
        if (!model.vocabulary().contains(id)) {
            throw BadRequest("token " + std::to_string(id) + " is beyond the vocabulary");
        }
    }
    const size_t least = model.type() == chatglm::ModelType::CHATGLM ? 2 : 1;
    if (prompt.size() < least) {
        throw BadRequest("the prompt is too short: it takes " + std::to_string(least) + " tokens");
    }
    if (prompt.size() >= static_cast<size_t>(model.context())) {
        throw BadRequest("the prompt has " + std::to_string(prompt.size()) + " tokens, the context " +
                         std::to_string(model.context()));
    }
}

Sampler sampler_for(const Vocabulary &vocabulary, const GenerationRequest &request) {
    Sampling sampling = request.sampling;
    if (request.ignore_end) {
        for (const int id : vocabulary.ends()) {
            sampling.logit_bias[id] = -std::numeric_limits<float>::infinity();
        }
    }
    Sampler sampler(std::move(sampling), vocabulary.drawable());
    for (const int id : request.prompt) {
        sampler.remember(id);
    }
    return sampler;
}

/** Pieces of tokens to text that may be said. */
class Speech {
  public:
    Speech(const Model &model, const GenerationRequest &request)
        : wide_(model.type() == chatglm::ModelType::CHATGLM), stream_(request.stops, request.trim_start) {}

    std::string add(const std::string &piece) { return stream_.add(wide_ ? punctuation_.add(piece) : piece); }

    std::string finish() {
        const std::string text = stream_.add(punctuation_.finish());
        return text + stream_.finish();
    }

    const std::string &stopped_by() const { return stream_.stopped_by(); }

  private:
    const bool wide_;
    Punctuation punctuation_;
    TextStream stream_;
};

} // namespace

Generation generate(Model &model, const GenerationRequest &request, Turns &turns,
                    const std::function<bool(const std::string &)> &on_text,
                    const std::function<bool()> &is_cancelled) {
    check(model, request.prompt);
    const Vocabulary &vocabulary = model.vocabulary();
    Generation generation;
    Timings &timings = generation.timings;
    const int prompt_length = request.prompt.size();
    const int room = model.context() - prompt_length;
    const int most = request.max_tokens < 0 ? room : std::min(request.max_tokens, room);

    const auto start = Clock::now();
    timings.cached = model.prefill(request.prompt, request.reuse_prefix, [&] {
        turns++;
        return is_cancelled();
    });
    timings.prompt_ms = milliseconds_since(start);
    if (timings.cached < 0) {
        timings.cached = 0;
        generation.finish = Finish::cancelled;
        return generation;
    }
    timings.prompt_tokens = prompt_length - timings.cached;

    Sampler sampler = sampler_for(vocabulary, request);
    Speech speech(model, request);
    const auto say = [&](const std::string &text) {
        generation.text += text;
        return text.empty() || on_text(text);
    };
    const auto next = [&]() -> std::optional<Finish> {
        if (timings.predicted_tokens >= most) {
            return Finish::length;
        }
        const int id = sampler.draw(model.logits());
        timings.predicted_tokens++;
        if (vocabulary.ends(id)) {
            return Finish::end;
        }
        generation.tokens.push_back(id);
        if (!say(speech.add(vocabulary.piece(id))) || is_cancelled()) {
            return Finish::cancelled;
        }
        if (!speech.stopped_by().empty()) {
            return Finish::stop_string;
        }
        if (timings.predicted_tokens < most) {
            turns++;
            model.decode(id);
        }
        return std::nullopt;
    };

    const auto first = Clock::now();
    std::optional<Finish> finish;
    while (!finish) {
        finish = next();
    }
    timings.predicted_ms = milliseconds_since(first);
    if (finish != Finish::cancelled && !say(speech.finish())) {
        finish = Finish::cancelled;
    }
    generation.stopped_by = speech.stopped_by();
    const bool stopped = finish != Finish::cancelled && !generation.stopped_by.empty();
    generation.finish = stopped ? Finish::stop_string : *finish;
    return generation;
}

} // namespace corral
