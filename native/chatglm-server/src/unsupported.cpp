#include "unsupported.h"

#include <string>
#include <vector>

#include "fields.h"

namespace corral {

namespace {

/** A field that asks for something, unless its value is one of these. */
struct Unsupported {
    const char *field;
    std::vector<json> harmless;
};

const std::vector<Unsupported> &all_unsupported() {
    static const json none = json::array();
    static const std::vector<Unsupported> list = {
        {"n", {1}},
        {"n_cmpl", {1}},
        {"best_of", {0, 1}},
        {"logprobs", {false, 0}},
        {"top_logprobs", {0}},
        {"n_probs", {0}},
        {"echo", {false}},
        {"suffix", {""}},
        {"grammar", {""}},
        {"json_schema", {}},
        {"guided_json", {}},
        {"functions", {none}},
        {"function_call", {"none", "auto"}},
        {"tool_choice", {"none", "auto"}},
        {"audio", {}},
        {"lora", {none}},
        {"dynatemp_range", {0}},
        {"typical_p", {1}},
        {"top_n_sigma", {-1, 0}},
        {"xtc_probability", {0}},
        {"dry_multiplier", {0}},
        {"mirostat", {0}},
        {"adaptive_target", {-1}},
    };
    return list;
}

bool is_one_of(const json &value, const std::vector<json> &harmless) {
    for (const json &one : harmless) {
        if (value == one) {
            return true;
        }
    }
    return false;
}

} // namespace

void refuse_unsupported(const json &body) {
    for (const Unsupported &unsupported : all_unsupported()) {
        const json *value = find_field(body, unsupported.field);
        if (value != nullptr && !is_one_of(*value, unsupported.harmless)) {
            throw bad_field(unsupported.field, "this server can't do that: leave it out");
        }
    }
    const json *format = find_field(body, "response_format");
    if (format != nullptr && (!format->is_object() || format->value("type", json()) != "text")) {
        throw bad_field("response_format", "this server answers in free text only: leave it out");
    }
}

} // namespace corral
