#include "model.h"

#include <algorithm>

#include "model_bytes.h"

using chatglm::ModelType;
using corral::Model;

namespace {

using Logits = std::vector<std::vector<float>>;

const std::vector<std::string> quantisations = {"f32", "f16", "q8_0", "q4_0"};

bool never() { return false; }

/** Tokens of the vocabulary that follow from a seed. */
std::vector<int> some_prompt(const Model &model, int length, uint32_t seed) {
    std::vector<int> ids;
    while (static_cast<int>(ids.size()) < length) {
        seed = seed * 1664525 + 1013904223;
        const int id = (seed >> 8) % model.vocabulary().size();
        if (model.vocabulary().drawable()[id]) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<int> joined(std::vector<int> ids, const std::vector<int> &more) {
    ids.insert(ids.end(), more.begin(), more.end());
    return ids;
}

std::vector<int> first_of(const std::vector<int> &ids, int count) { return {ids.begin(), ids.begin() + count}; }

int likeliest(const std::vector<float> &logits) {
    return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

/** Logits of the prompt's last token and of some greedy ones behind it. */
Logits run(Model &model, const std::vector<int> &prompt, bool reuse, int *reused = nullptr, int steps = 3) {
    const int cached = model.prefill(prompt, reuse, never);
    if (reused) {
        *reused = cached;
    }
    Logits all = {model.logits()};
    for (int i = 0; i < steps; i++) {
        model.decode(likeliest(model.logits()));
        all.push_back(model.logits());
    }
    return all;
}

bool reuses(int type) { return CHATGLM_PREFIX_REUSE && type > 1 && type < 1000; }

/** The logits of a cold run of chatglm.cpp itself: all of the prompt at once. */
std::vector<float> of_upstream(chatglm::Pipeline &pipeline, const std::vector<int> &prompt) {
    const int length = prompt.size();
    ggml_tensor *const output = pipeline.model->forward_graph_compute(prompt, std::nullopt, 0, length, true);
    std::vector<float> logits(pipeline.model->config.vocab_size);
    ggml_backend_tensor_get(output, logits.data(), 0, logits.size() * sizeof(float));
    return logits;
}

/** All that prefix reuse promises, of one file. */
void check_reuse(const std::string &path, int type, int virtual_tokens) {
    const auto rounded = [&](int tokens) {
        return reuses(type) ? std::max((tokens + virtual_tokens) / 64 * 64 - virtual_tokens, 0) : 0;
    };
    Model model(path, 1024, 1);
    chatglm::Pipeline upstream(path, 1024);
    const std::vector<int> shared = some_prompt(model, 300, 1);
    for (const int kept : {0, 1, 63, 64, 65, 200, 256, 300}) {
        const std::vector<int> before = joined(first_of(shared, kept), some_prompt(model, 70, 2));
        const std::vector<int> after = joined(first_of(shared, kept), some_prompt(model, 41, 3));
        const Logits cold = run(model, after, false);
        CHECK(cold[0] == of_upstream(upstream, after));
        run(model, before, false);
        int reused = -1;
        const Logits warm = run(model, after, true, &reused);
        CHECK_EQUAL(reused, rounded(kept));
        CHECK(warm == cold);
    }
    // The same prompt again: its last token is read anew, for its logits.
    const std::vector<int> again = first_of(shared, 128);
    const Logits cold = run(model, again, false);
    int reused = -1;
    CHECK(run(model, again, true, &reused) == cold);
    CHECK_EQUAL(reused, rounded(127));
    // A prompt that goes on with the answer: what came token by token is read anew.
    const std::vector<int> question = first_of(shared, 100);
    run(model, question, false, nullptr, 0);
    std::vector<int> turn = question;
    for (int i = 0; i < 100; i++) {
        turn.push_back(likeliest(model.logits()));
        model.decode(turn.back());
    }
    turn = joined(turn, some_prompt(model, 30, 4));
    const Logits second = run(model, turn, true, &reused);
    CHECK_EQUAL(reused, rounded(100));
    CHECK(second == run(model, turn, false));
    // A shorter prompt than before, with what is left of it.
    CHECK(run(model, first_of(shared, 90), true, &reused) == run(model, first_of(shared, 90), false));
    CHECK_EQUAL(reused, rounded(89));
}

} // namespace

TEST("model: chunks and reused prefixes give the logits of a cold run to the bit") {
    for (const int type : {1, 2, 3, 4}) {
        for (const std::string &quantisation : quantisations) {
            check_reuse(model_path("random-" + std::to_string(type) + "-" + quantisation), type, 0);
        }
    }
}

TEST("model: so they do behind virtual tokens, of any number") {
    for (const int type : {2, 3, 4}) {
        for (const int count : {1, 100, 128}) {
            ModelBytes bytes("random-" + std::to_string(type) + "-f16");
            check_reuse(bytes.add_virtual_tokens(count).write("virtual.bin"), type, count);
        }
    }
}

TEST("model: virtual tokens are read") {
    const std::string path = ModelBytes("random-3-f16").add_virtual_tokens(100).write("virtual.bin");
    Model with(path, 256, 1);
    Model without(model_path("random-3-f16"), 256, 1);
    const std::vector<int> prompt = some_prompt(with, 30, 1);
    CHECK(run(with, prompt, true) != run(without, prompt, true));
}

TEST("model: GLM-4V reads text, without reuse") {
    const std::string path = ModelBytes("random-4-f16").add_vision().write("vision.bin");
    check_reuse(path, 1004, 0);
    Model with(path, 256, 1);
    CHECK(with.type() == ModelType::CHATGLM4V);
    Model without(model_path("random-4-f16"), 256, 1);
    const std::vector<int> prompt = some_prompt(with, 30, 1);
    CHECK(run(with, prompt, true) == run(without, prompt, true));
}

TEST("model: files of version 1 are the same models") {
    for (const int type : {1, 2, 3}) {
        ModelBytes bytes("random-" + std::to_string(type) + "-f16");
        Model newer(model_path("random-" + std::to_string(type) + "-f16"), 256, 1);
        Model older(bytes.to_version_1().write("version-1.bin"), 256, 1);
        CHECK_EQUAL(older.trained_context(), newer.trained_context());
        const std::vector<int> prompt = some_prompt(newer, 30, 1);
        CHECK(run(older, prompt, true) == run(newer, prompt, true));
    }
}

TEST("model: 1 and 2 threads compute the same") {
    // Threads wait for each other by spinning: on a busy machine a token takes long.
    for (const int type : {1, 2, 3, 4}) {
        for (const char *const quantisation : {"f16", "q4_0"}) {
            const std::string path = model_path("random-" + std::to_string(type) + "-" + quantisation);
            Model alone(path, 256, 1);
            const Logits logits = run(alone, some_prompt(alone, 70, 5), true, nullptr, 1);
            Model pair(path, 256, 2);
            CHECK(run(pair, some_prompt(pair, 70, 5), true, nullptr, 1) == logits);
        }
    }
}

TEST("model: greedy tokens are those of chatglm.cpp's own loop") {
    for (const int type : {1, 2, 3, 4}) {
        const std::string path = model_path("random-" + std::to_string(type) + "-f16");
        Model model(path, 256, 1);
        const std::vector<int> prompt = some_prompt(model, 70, 6);
        chatglm::GenerationConfig greedy(256, 32, 256, false);
        std::vector<int> expected = chatglm::Pipeline(path, 256).generate(prompt, std::nullopt, greedy);
        std::vector<int> ids;
        model.prefill(prompt, true, never);
        while (ids.size() < expected.size()) {
            ids.push_back(likeliest(model.logits()));
            model.decode(ids.back());
        }
        CHECK_EQUAL(ids, expected);
    }
}

TEST("model: a prefill that is stopped leaves what it read") {
    for (const int type : {1, 3, 1004}) {
        const bool vision = type == 1004;
        Model model(vision ? ModelBytes("random-4-f16").add_vision().write("vision.bin")
                           : model_path("random-" + std::to_string(type) + "-f16"),
                    1024, 1);
        const std::vector<int> prompt = some_prompt(model, 300, 7);
        const Logits cold = run(model, prompt, false);
        int asked = 0;
        CHECK_EQUAL(model.prefill(prompt, false, [&] { return ++asked == 3 || !reuses(type); }), -1);
        CHECK_EQUAL(asked, reuses(type) ? 3 : 1);
        int reused = -1;
        CHECK(run(model, prompt, true, &reused) == cold);
        CHECK_EQUAL(reused, reuses(type) ? 128 : 0);
    }
}

TEST("model: asked before each chunk of 64") {
    Model model(model_path("random-2-f16"), 1024, 1);
    int asked = 0;
    model.prefill(some_prompt(model, 300, 8), false, [&] {
        asked++;
        return false;
    });
    CHECK_EQUAL(asked, reuses(2) ? 5 : 1);
}

TEST("model: nothing beyond the context or the vocabulary is ever computed") {
    for (const int type : {1, 2, 3, 4}) {
        const std::string path = model_path("random-" + std::to_string(type) + "-f16");
        Model model(path, 100, 1);
        CHECK_EQUAL(model.context(), 100);
        const auto refused = [&](const std::vector<int> &prompt) {
            return thrown<std::invalid_argument>([&] { model.prefill(prompt, true, never); }) != "";
        };
        CHECK(refused({}));
        CHECK(refused(some_prompt(model, 101, 1)));
        CHECK(refused({1, -1, 2}));
        CHECK(refused({1, 2, model.vocabulary().size()}));
        CHECK(type != 1 || refused({1})); // its last two tokens are counted apart
        run(model, some_prompt(model, 98, 1), true, nullptr, 2);
        CHECK(thrown<std::invalid_argument>([&] { model.decode(1); }) != "");
        run(model, some_prompt(model, 100, 1), true, nullptr, 0);
        CHECK(thrown<std::invalid_argument>([&] { model.decode(1); }) != "");
        run(model, some_prompt(model, 10, 1), true, nullptr, 0);
        CHECK(thrown<std::invalid_argument>([&] { model.decode(model.vocabulary().size()); }) != "");
        CHECK(thrown<std::invalid_argument>([&] { model.decode(-1); }) != "");
        // Padding of the vocabulary is no text, but the model has numbers for it.
        model.decode(model.vocabulary().size() - 1);
    }
}

TEST("model: contexts and threads that can't be are refused") {
    const std::string path = model_path("random-3-f16");
    CHECK_EQUAL(Model(path, 0, 1).context(), 2048);
    CHECK_EQUAL(Model(path, 2048, 1).context(), 2048);
    CHECK(thrown<std::invalid_argument>([&] { Model(path, 2049, 1); }) != "");
    CHECK(thrown<std::invalid_argument>([&] { Model(path, -1, 1); }) != "");
    CHECK(thrown<std::invalid_argument>([&] { Model(path, 0, 0); }) != "");
}

#if CHATGLM_PREFIX_REUSE
TEST("model: a buffer doesn't count what its alignment may cost as room") {
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), 1000);
    const size_t size = ggml_backend_buffer_get_size(buffer);
    ggml_backend_buffer_free(buffer);
    CHECK_EQUAL(size, 1000u);
}
#endif
