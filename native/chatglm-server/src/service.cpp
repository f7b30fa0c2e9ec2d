#include "service.h"

#include <ctime>

#include "fields.h"
#include "long_text.h"
#include "request.h"
#include "utf8.h"

namespace corral {

namespace {

/** llama.cpp's numbers: 1 SentencePiece, 2 pairs of bytes. */
int vocabulary_type(chatglm::ModelType type) {
    return type == chatglm::ModelType::CHATGLM4 || type == chatglm::ModelType::CHATGLM4V ? 2 : 1;
}

/** Text, or bytes where it is part of a character. */
json piece_json(const Vocabulary &vocabulary, int id) {
    const std::string &piece = vocabulary.piece(id);
    if (piece.empty()) {
        return vocabulary.decode({id}); // a special token's name
    }
    if (utf8_repaired(piece) == piece) {
        return piece;
    }
    json bytes = json::array();
    for (const unsigned char byte : piece) {
        bytes.push_back(byte);
    }
    return bytes;
}

} // namespace

Service::Service(const Options &options, const Model &model, const Scheduler &scheduler)
    : options_(options), model_(model), scheduler_(scheduler), loaded_at_(std::time(nullptr)) {}

json Service::slots() const {
    return json::array({{{"id", 0},
                         {"n_ctx", model_.context()},
                         {"speculative", false},
                         {"is_processing", scheduler_.figures().processing > 0}}});
}

json Service::models() const {
    const json listed = {{"name", options_.alias},
                         {"model", options_.alias},
                         {"modified_at", ""},
                         {"size", ""},
                         {"digest", ""},
                         {"type", "model"},
                         {"description", ""},
                         {"tags", {""}},
                         {"capabilities", {"completion"}},
                         {"parameters", ""},
                         {"details",
                          {{"parent_model", ""},
                           {"format", "chatglm"},
                           {"family", ""},
                           {"families", {""}},
                           {"parameter_size", ""},
                           {"quantization_level", ""}}}};
    const json meta = {{"vocab_type", vocabulary_type(model_.type())},
                       {"n_vocab", model_.vocabulary().size()},
                       {"n_ctx", model_.context()},
                       {"n_ctx_train", model_.trained_context()},
                       {"n_embd", model_.hidden_size()},
                       {"n_params", model_.parameters()},
                       {"size", model_.bytes()}};
    const json data = {{"id", options_.alias}, {"aliases", {options_.alias}}, {"tags", json::array()},
                       {"object", "model"},    {"created", loaded_at_},       {"owned_by", "chatglmcpp"},
                       {"meta", meta}};
    return {{"models", json::array({listed})}, {"object", "list"}, {"data", json::array({data})}};
}

json Service::props() const {
    const Sampling sampling;
    const json params = {{"temperature", sampling.temperature},
                         {"top_k", sampling.top_k},
                         {"top_p", sampling.top_p},
                         {"min_p", sampling.min_p},
                         {"repeat_last_n", sampling.repeat_last_n},
                         {"repeat_penalty", sampling.repeat_penalty},
                         {"presence_penalty", sampling.presence_penalty},
                         {"frequency_penalty", sampling.frequency_penalty},
                         {"max_tokens", -1},
                         {"n_predict", -1}};
    return {{"default_generation_settings", {{"params", params}, {"n_ctx", model_.context()}}},
            {"total_slots", 1},
            {"model_alias", options_.alias},
            {"model_path", options_.model},
            {"modalities", {{"vision", false}, {"video", false}, {"audio", false}}},
            {"endpoint_slots", true},
            {"endpoint_props", false},
            {"endpoint_metrics", options_.metrics},
            {"build_info", "chatglm-server-" CHATGLM_SERVER_VERSION},
            {"is_sleeping", false}};
}

json Service::tokenize(const json &body) const {
    const json *content = find_field(body, "content");
    if (content == nullptr) {
        return {{"tokens", json::array()}};
    }
    const LongText turn(text_bytes(*content));
    const Vocabulary &vocabulary = model_.vocabulary();
    const std::vector<int> ids = read_tokens(*content, "content", vocabulary, flag_or(body, "add_special", false),
                                             flag_or(body, "parse_special", true));
    if (!flag_or(body, "with_pieces", false)) {
        return {{"tokens", ids}};
    }
    json tokens = json::array();
    for (const int id : ids) {
        tokens.push_back({{"id", id}, {"piece", piece_json(vocabulary, id)}});
    }
    return {{"tokens", std::move(tokens)}};
}

json Service::detokenize(const json &body) const {
    const json *tokens = find_field(body, "tokens");
    if (tokens == nullptr) {
        return {{"content", ""}};
    }
    if (!tokens->is_array()) {
        throw bad_field("tokens", "it must be an array of token ids");
    }
    for (const json &token : *tokens) {
        if (!token.is_number_integer()) {
            throw bad_field("tokens", "it must be an array of token ids");
        }
    }
    const Vocabulary &vocabulary = model_.vocabulary();
    return {{"content", vocabulary.decode(read_tokens(*tokens, "tokens", vocabulary, false, false))}};
}

json Service::apply_template(const json &body) const { return {{"prompt", read_template(body, model_)}}; }

} // namespace corral
