#include "answer.h"

#include <ctime>
#include <random>
#include <utility>

#include "body.h"
#include "chat.h"

namespace corral {

json timings_json(const Timings &timings) {
    const auto share = [](double a, double b) { return b > 0 ? a / b : 0; };
    // The first token is drawn when the prompt has been read: it takes no time of its own.
    const int timed = timings.predicted_tokens - 1;
    return {{"cache_n", timings.cached},
            {"prompt_n", timings.prompt_tokens},
            {"prompt_ms", timings.prompt_ms},
            {"prompt_per_token_ms", share(timings.prompt_ms, timings.prompt_tokens)},
            {"prompt_per_second", share(1e3 * timings.prompt_tokens, timings.prompt_ms)},
            {"predicted_n", timings.predicted_tokens},
            {"predicted_ms", timings.predicted_ms},
            {"predicted_per_token_ms", share(timings.predicted_ms, timed)},
            {"predicted_per_second", timed > 0 ? share(1e3 * timed, timings.predicted_ms) : 0}};
}

namespace {

json usage_json(const Timings &timings) {
    const int prompt = timings.cached + timings.prompt_tokens;
    return {{"completion_tokens", timings.predicted_tokens},
            {"prompt_tokens", prompt},
            {"total_tokens", timings.predicted_tokens + prompt},
            {"prompt_tokens_details", {{"cached_tokens", timings.cached}}}};
}

const char *finish_reason(const Generation &generation) {
    return generation.finish == Finish::length ? "length" : "stop";
}

std::string new_id() {
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::random_device random;
    std::string id = "chatcmpl-";
    for (int i = 0; i < 32; i++) {
        id += letters[random() % (sizeof letters - 1)];
    }
    return id;
}

/** What stands around the choices in each object of an answer. */
class Frame {
  public:
    Frame(const Speaker &speaker, std::string object)
        : object_(std::move(object)), model_(speaker.alias), id_(new_id()), created_(std::time(nullptr)) {}

    json around(json choices, const char *kind = "") const {
        return {{"choices", std::move(choices)},
                {"created", created_},
                {"model", model_},
                {"system_fingerprint", "chatglm-server-" CHATGLM_SERVER_VERSION},
                {"object", object_ + kind},
                {"id", id_}};
    }

  private:
    std::string object_;
    std::string model_;
    std::string id_;
    std::time_t created_;
};

class ChatAnswer final : public Answer {
  public:
    ChatAnswer(const Speaker &speaker, const Request &request)
        : frame_(speaker, "chat.completion"), type_(speaker.type), tools_(request.tools),
          continued_(request.continued), stream_repeats_(request.stream_repeats),
          include_usage_(request.include_usage), is_held_(!request.tools.empty()) {}

    json whole(const Generation &generation) override {
        const ParsedAnswer parsed = parse(generation);
        json message = {{"role", "assistant"}, {"content", continued_ + parsed.content}};
        if (!parsed.tool_calls.empty()) {
            message["tool_calls"] = parsed.tool_calls;
        }
        json answer = frame_.around(json::array(
            {{{"finish_reason", reason(generation, parsed)}, {"index", 0}, {"message", std::move(message)}}}));
        answer["usage"] = usage_json(generation.timings);
        answer["timings"] = timings_json(generation.timings);
        return answer;
    }

    std::vector<json> add(const std::string &text) override {
        std::vector<json> chunks;
        begin(chunks);
        held_ += text;
        is_held_ = is_held_ && may_be_tool_call(type_, held_, tools_);
        if (!is_held_) {
            say(chunks, std::exchange(held_, {}));
        }
        return chunks;
    }

    std::vector<json> end(const Generation &generation) override {
        std::vector<json> chunks;
        begin(chunks);
        const ParsedAnswer parsed = is_held_ ? parse(generation) : ParsedAnswer{"", json::array()};
        say(chunks, parsed.content);
        int index = 0;
        for (json call : parsed.tool_calls) {
            json numbered = {{"index", index++}};
            numbered.update(call);
            chunks.push_back(delta({{"tool_calls", json::array({numbered})}}));
        }
        chunks.push_back(delta(json::object(), reason(generation, parsed)));
        if (include_usage_) {
            chunks.push_back(frame_.around(json::array(), ".chunk"));
            chunks.back()["usage"] = usage_json(generation.timings);
        }
        chunks.back()["timings"] = timings_json(generation.timings);
        return chunks;
    }

  private:
    json delta(json content, json reason = nullptr) const {
        return frame_.around(json::array({{{"finish_reason", reason}, {"index", 0}, {"delta", std::move(content)}}}),
                             ".chunk");
    }

    /** The role, and with the first text what the client gave of the answer. */
    void begin(std::vector<json> &chunks) {
        if (!has_begun_) {
            chunks.push_back(delta({{"role", "assistant"}, {"content", nullptr}}));
            pending_ = stream_repeats_ ? continued_ : "";
            has_begun_ = true;
        }
    }

    void say(std::vector<json> &chunks, const std::string &text) {
        const std::string all = std::exchange(pending_, {}) + text;
        if (!all.empty()) {
            chunks.push_back(delta({{"content", all}}));
        }
    }

    ParsedAnswer parse(const Generation &generation) const {
        // A client can have the model write what it could not send itself.
        const bool is_text = tools_.empty() || !shape_fault(generation.text).empty();
        return is_text ? ParsedAnswer{generation.text, json::array()} : parse_answer(type_, generation.text, tools_);
    }

    static const char *reason(const Generation &generation, const ParsedAnswer &parsed) {
        const bool has_called = generation.finish != Finish::length && !parsed.tool_calls.empty();
        return has_called ? "tool_calls" : finish_reason(generation);
    }

    Frame frame_;
    chatglm::ModelType type_;
    json tools_;
    std::string continued_;
    bool stream_repeats_;
    bool include_usage_;
    /** Whether what came so far may become a tool call. */
    bool is_held_;
    std::string held_;
    std::string pending_;
    bool has_begun_ = false;
};

class CompletionAnswer final : public Answer {
  public:
    explicit CompletionAnswer(const Speaker &speaker) : frame_(speaker, "text_completion") {}

    json whole(const Generation &generation) override {
        json answer = choice(generation.text, finish_reason(generation));
        answer["usage"] = usage_json(generation.timings);
        answer["timings"] = timings_json(generation.timings);
        return answer;
    }

    std::vector<json> add(const std::string &text) override { return {choice(text, nullptr)}; }

    std::vector<json> end(const Generation &generation) override {
        Generation last = generation;
        last.text.clear();
        return {whole(last)};
    }

  private:
    json choice(const std::string &text, json reason) const {
        return frame_.around(json::array(
            {{{"text", text}, {"index", 0}, {"logprobs", nullptr}, {"finish_reason", std::move(reason)}}}));
    }

    Frame frame_;
};

} // namespace

std::unique_ptr<Answer> chat_answer(const Speaker &speaker, const Request &request) {
    return std::make_unique<ChatAnswer>(speaker, request);
}

std::unique_ptr<Answer> completion_answer(const Speaker &speaker, const Request &) {
    return std::make_unique<CompletionAnswer>(speaker);
}

} // namespace corral
