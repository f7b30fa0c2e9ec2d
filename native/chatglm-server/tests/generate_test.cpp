#include "generate.h"

#include <algorithm>
#include <limits>

#include "bad_request.h"
#include "test.h"

namespace corral {

// In the namespace of what it shows, where it is looked for.
static std::ostream &operator<<(std::ostream &stream, Finish finish) {
    const char *const names[] = {"end", "stop_string", "length", "cancelled"};
    return stream << names[static_cast<int>(finish)];
}

} // namespace corral

using corral::BadRequest;
using corral::Finish;
using corral::Generation;
using corral::GenerationRequest;
using corral::Model;

namespace {

const std::string alphabet = "abcdefghijklmnopqrstuvwxyz";

GenerationRequest request_for(const Model &model, const std::string &text) {
    GenerationRequest request;
    request.prompt = model.vocabulary().encode(text, true);
    request.sampling.temperature = 0;
    request.trim_start = true;
    return request;
}

struct Heard {
    std::vector<std::string> texts;
    uint64_t turns = 0;
    Generation generation;
};

Heard run(
    Model &model, const GenerationRequest &request, const std::function<bool()> &is_cancelled = [] { return false; },
    size_t most_texts = 1000) {
    Heard heard;
    corral::Turns turns = 0;
    heard.generation = corral::generate(
        model, request, turns,
        [&](const std::string &text) {
            heard.texts.push_back(text);
            return heard.texts.size() < most_texts;
        },
        is_cancelled);
    heard.turns = turns;
    std::string joined;
    for (const std::string &text : heard.texts) {
        CHECK(!text.empty());
        joined += text;
    }
    CHECK_EQUAL(joined, heard.generation.text);
    return heard;
}

std::string scripted(const std::string &script, int type) { return model_path(script + "-" + std::to_string(type)); }

} // namespace

TEST("generate: to the end") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(scripted("alphabet", type), 0, 1);
        const GenerationRequest request = request_for(model, "Say it.");
        const Heard heard = run(model, request);
        CHECK_EQUAL(heard.generation.text, alphabet);
        CHECK_EQUAL(heard.generation.finish, Finish::end);
        CHECK_EQUAL(heard.generation.stopped_by, "");
        CHECK_EQUAL(heard.generation.tokens.size(), 26u);
        CHECK_EQUAL(heard.texts.size(), 26u);
        CHECK_EQUAL(heard.turns, 1u + 26u);
        CHECK_EQUAL(heard.generation.timings.predicted_tokens, 27);
        CHECK_EQUAL(heard.generation.timings.cached, 0);
        CHECK_EQUAL(heard.generation.timings.prompt_tokens, static_cast<int>(request.prompt.size()));
        CHECK(heard.generation.timings.prompt_ms > 0 && heard.generation.timings.predicted_ms > 0);
    }
}

TEST("generate: to a length") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(scripted("endless", type), 64, 1);
        GenerationRequest request = request_for(model, "Go!");
        for (const int most : {0, 1, 5}) {
            request.max_tokens = most;
            const Generation generation = run(model, request).generation;
            CHECK_EQUAL(generation.text, alphabet.substr(0, most));
            CHECK_EQUAL(generation.finish, Finish::length);
            CHECK_EQUAL(generation.timings.predicted_tokens, most);
        }
        for (const int most : {-1, 1000, std::numeric_limits<int>::max()}) {
            request.max_tokens = most;
            const Generation generation = run(model, request).generation;
            CHECK_EQUAL(generation.finish, Finish::length);
            CHECK_EQUAL(generation.tokens.size() + request.prompt.size(), 64u);
        }
        // Room for one token.
        request.prompt.resize(63, request.prompt.back());
        CHECK_EQUAL(run(model, request).generation.tokens.size(), 1u);
    }
}

TEST("generate: to a stop string") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(scripted("endless", type), 0, 1);
        GenerationRequest request = request_for(model, "Go!");
        request.stops = {"xyz", "mno"};
        const Heard heard = run(model, request);
        CHECK_EQUAL(heard.generation.text, "abcdefghijkl");
        CHECK_EQUAL(heard.generation.finish, Finish::stop_string);
        CHECK_EQUAL(heard.generation.stopped_by, "mno");
        CHECK_EQUAL(heard.generation.timings.predicted_tokens, 15);
        // A stop string that is not complete comes out at the end.
        request.stops = {"defg"};
        request.max_tokens = 5;
        CHECK_EQUAL(run(model, request).generation.text, "abcde");
    }
}

TEST("generate: the end is not drawn where told") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(scripted("alphabet", type), 0, 1);
        GenerationRequest request = request_for(model, "Go!");
        request.ignore_end = true;
        request.max_tokens = 60;
        const Generation generation = run(model, request).generation;
        CHECK_EQUAL(generation.finish, Finish::length);
        CHECK_EQUAL(generation.tokens.size(), 60u);
    }
}

TEST("generate: cancelled at a chunk, a token, a text") {
    Model model(scripted("endless", 3), 0, 1);
    GenerationRequest request = request_for(model, "Go!");
    request.prompt.resize(300, request.prompt.back());
    int asked = 0;
    Heard heard = run(model, request, [&] { return ++asked == 1; });
    CHECK_EQUAL(heard.generation.finish, Finish::cancelled);
    CHECK_EQUAL(heard.generation.timings.predicted_tokens, 0);
    CHECK_EQUAL(heard.generation.text, "");
    const int chunks = CHATGLM_PREFIX_REUSE ? 5 : 1;
    asked = 0;
    heard = run(model, request, [&] { return ++asked > chunks + 3; });
    CHECK_EQUAL(heard.generation.finish, Finish::cancelled);
    CHECK_EQUAL(heard.generation.text, "abcd");
    heard = run(model, request, [] { return false; }, 7);
    CHECK_EQUAL(heard.generation.finish, Finish::cancelled);
    CHECK_EQUAL(heard.generation.text, "abcdefg");
    // And the next request is not the worse for it.
    request.max_tokens = 10;
    CHECK_EQUAL(run(model, request).generation.text, alphabet.substr(0, 10));
}

TEST("generate: seeds repeat, and answers of reused prefixes are those of cold ones") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(model_path("random-" + std::to_string(type) + "-q4_0"), 0, 1);
        std::string question;
        for (int i = 0; i < 60; i++) {
            question += "Tell me a story of " + std::to_string(i) + " sheep. 讲个故事。 ";
        }
        GenerationRequest request = request_for(model, question);
        request.sampling.temperature = 1;
        request.sampling.seed = 42;
        request.max_tokens = 40;
        const Generation first = run(model, request).generation;
        GenerationRequest second = request_for(model, question + first.text + "More.");
        second.sampling = request.sampling;
        second.max_tokens = 40;
        const Generation warm = run(model, second).generation;
        CHECK_EQUAL(warm.timings.cached > 300, CHATGLM_PREFIX_REUSE && type > 1);
        CHECK_EQUAL(warm.timings.cached + warm.timings.prompt_tokens, static_cast<int>(second.prompt.size()));
        second.reuse_prefix = false;
        const Generation cold = run(model, second).generation;
        CHECK_EQUAL(cold.timings.cached, 0);
        CHECK_EQUAL(warm.text, cold.text);
        CHECK_EQUAL(warm.tokens, cold.tokens);
        CHECK_EQUAL(run(model, request).generation.tokens, first.tokens);
        request.sampling.seed = 43;
        CHECK(run(model, request).generation.tokens != first.tokens);
    }
}

TEST("generate: padding of the vocabulary is never drawn") {
    for (const int type : {1, 2, 3, 4}) {
        Model model(model_path("random-" + std::to_string(type) + "-f16"), 0, 1);
        GenerationRequest request = request_for(model, "x");
        request.sampling.temperature = 1000;
        request.sampling.top_k = 0;
        request.sampling.top_p = 1;
        request.sampling.min_p = 0;
        request.ignore_end = true;
        request.max_tokens = 1000;
        const Generation generation = run(model, request).generation;
        CHECK_EQUAL(generation.tokens.size(), 1000u);
        CHECK(std::all_of(generation.tokens.begin(), generation.tokens.end(),
                          [&](int id) { return model.vocabulary().drawable()[id] && !model.vocabulary().ends(id); }));
    }
}

TEST("generate: prompts that can't be are the client's fault") {
    for (const int type : {1, 3}) {
        Model model(scripted("alphabet", type), 64, 1);
        const auto refused = [&](std::vector<int> prompt) {
            GenerationRequest request;
            request.prompt = std::move(prompt);
            return thrown<BadRequest>([&] { run(model, request); });
        };
        CHECK(refused({}) != "");
        CHECK(refused({5, -1}) != "");
        CHECK(refused({5, model.vocabulary().size()}) != "");
        CHECK_EQUAL(refused(std::vector<int>(64, 5)), "the prompt has 64 tokens, the context 64");
    }
}
