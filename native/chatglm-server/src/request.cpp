#include "request.h"

#include <algorithm>
#include <climits>

#include "body.h"
#include "chat.h"
#include "fields.h"
#include "long_text.h"
#include "sampling.h"
#include "unsupported.h"

namespace corral {

namespace {

/** More or longer ones make each token slow: every one is looked for in all that is held back. */
constexpr size_t most_stops = 64, longest_stop = 1024;

std::vector<std::string> read_stops(const json &body) {
    std::vector<std::string> stops = texts_of(body, "stop");
    stops.erase(std::remove(stops.begin(), stops.end(), ""), stops.end());
    if (stops.size() > most_stops) {
        throw bad_field("stop", "at most " + std::to_string(most_stops) + " texts");
    }
    for (const std::string &stop : stops) {
        if (stop.size() > longest_stop) {
            throw bad_field("stop", "a text of at most " + std::to_string(longest_stop) + " bytes");
        }
    }
    return stops;
}

Request read_common(const json &body, const Model &model) {
    refuse_unsupported(body);
    Request request;
    request.stream = flag_or(body, "stream", false);
    if (const json *options = find_field(body, "stream_options"); options != nullptr && options->is_object()) {
        request.include_usage = flag_or(*options, "include_usage", false);
    }
    GenerationRequest &generation = request.generation;
    generation.max_tokens = static_cast<int>(
        find_integer(body, {"n_predict", "max_completion_tokens", "max_tokens"}, -1, INT_MAX).value_or(-1));
    generation.sampling = read_sampling(body, model.vocabulary());
    generation.stops = read_stops(body);
    generation.reuse_prefix = flag_or(body, "cache_prompt", true);
    generation.ignore_end = flag_or(body, "ignore_eos", false);
    return request;
}

/** llama-server's condition: at least one token of an answer must fit. */
void check_length(const GenerationRequest &generation, const Model &model) {
    if (generation.prompt.size() >= static_cast<size_t>(model.context())) {
        throw Refusal::context_exceeded(generation.prompt.size(), model.context());
    }
}

/** An array may stand for several prompts; of those one is taken. */
const json &only_prompt(const json &prompt) {
    if (!prompt.is_array()) {
        return prompt;
    }
    if (prompt.empty()) {
        throw Refusal::invalid("\"prompt\" must not be empty");
    }
    const auto is_whole = [](const json &item) { return item.is_string() || item.is_array(); };
    if (!std::all_of(prompt.begin(), prompt.end(), is_whole)) {
        return prompt;
    }
    if (prompt.size() > 1) {
        throw bad_field("prompt", "this server takes one prompt a request");
    }
    return prompt.front();
}

/** Arguments of calls are JSON within a text, which templates parse: no look through the body has seen them. */
void check_calls(const json &message) {
    if (!message.is_object()) {
        return;
    }
    const json *calls = find_field(message, "tool_calls");
    for (const json &call : calls != nullptr && calls->is_array() ? *calls : json::array()) {
        const json function = call.is_object() ? call.value("function", json()) : json();
        const json arguments = function.is_object() ? function.value("arguments", json()) : json();
        const std::string fault = arguments.is_string() ? shape_fault(arguments.get_ref<const std::string &>()) : "";
        if (!fault.empty()) {
            throw Refusal::invalid("a tool call's arguments: what " + fault + " is refused");
        }
    }
}

struct Chat {
    const json &messages;
    json tools;
};

Chat read_messages(const json &body) {
    const json *messages = find_field(body, "messages");
    if (messages == nullptr) {
        throw Refusal::invalid("'messages' is required");
    }
    if (!messages->is_array()) {
        throw Refusal::invalid("Expected 'messages' to be an array");
    }
    if (messages->empty()) {
        throw Refusal::invalid("'messages' must not be empty");
    }
    for (const json &message : *messages) {
        check_calls(message);
    }
    const json *tools = find_field(body, "tools");
    const json *choice = find_field(body, "tool_choice");
    if (tools == nullptr || (choice != nullptr && *choice == "none")) {
        return {*messages, json::array()};
    }
    if (!tools->is_array()) {
        throw Refusal::invalid("Expected 'tools' to be an array");
    }
    return {*messages, *tools};
}

/** Of a message whose content the template has read already. */
std::string text_of(const json &content) {
    if (content.is_string()) {
        return content.get<std::string>();
    }
    std::string text;
    for (const json &part : content.is_array() ? content : json::array()) {
        text += part.is_string() ? part.get<std::string>() : part.value("text", "");
    }
    return text;
}

} // namespace

std::vector<int> read_tokens(const json &value, const std::string &name, const Vocabulary &vocabulary,
                             bool add_special, bool parse_special) {
    if (value.is_string()) {
        return vocabulary.encode(value.get_ref<const std::string &>(), add_special, parse_special);
    }
    if (!value.is_array()) {
        throw bad_field(name, "it must be a text or an array of texts and token ids");
    }
    std::vector<int> ids;
    for (const json &item : value) {
        if (item.is_string()) {
            // As in llama-server: what stands with every prompt comes with a text in front only.
            const std::vector<int> some =
                vocabulary.encode(item.get_ref<const std::string &>(), add_special && ids.empty(), parse_special);
            ids.insert(ids.end(), some.begin(), some.end());
            continue;
        }
        // Unsigned: an id below zero becomes one far beyond the vocabulary.
        const uint64_t id = item.is_number_integer() ? item.get<uint64_t>() : UINT64_MAX;
        if (id > INT_MAX || !vocabulary.contains(static_cast<int>(id))) {
            throw Refusal::invalid("Prompt contains invalid tokens");
        }
        ids.push_back(static_cast<int>(id));
    }
    return ids;
}

Request read_completion(const json &body, const Model &model) {
    const json *prompt = find_field(body, "prompt");
    if (prompt == nullptr) {
        throw Refusal::invalid("'prompt' is required");
    }
    Request request = read_common(body, model);
    const LongText turn(text_bytes(*prompt), model.context());
    request.generation.prompt = read_tokens(only_prompt(*prompt), "prompt", model.vocabulary(), true, true);
    if (request.generation.prompt.empty()) {
        throw Refusal::invalid("\"prompt\" must not be empty");
    }
    check_length(request.generation, model);
    return request;
}

Request read_chat(const json &body, const Model &model) {
    Request request = read_common(body, model);
    const Chat chat = read_messages(body);
    request.tools = chat.tools;
    const LongText turn(text_bytes(chat.messages) + text_bytes(chat.tools), model.context());
    request.generation.prompt = apply_template(model.type(), model.vocabulary(), chat.messages, chat.tools).ids;
    check_length(request.generation, model);
    const json &last = chat.messages.back();
    if (last.value("role", "") == "assistant") {
        request.continued = text_of(last.value("content", json()));
        const json *asked = find_field(body, "continue_final_message");
        request.stream_repeats = asked == nullptr || *asked == false;
    }
    // What follows a text may begin with a blank; an answer's first letter has one line break before it at most.
    request.generation.trim_start = request.continued.empty();
    return request;
}

std::string read_template(const json &body, const Model &model) {
    const Chat chat = read_messages(body);
    const LongText turn(text_bytes(chat.messages) + text_bytes(chat.tools), model.context());
    return apply_template(model.type(), model.vocabulary(), chat.messages, chat.tools).text;
}

} // namespace corral
