#include "fields.h"

#include <algorithm>
#include <cmath>

namespace corral {

Refusal bad_field(const std::string &name, const std::string &reason) {
    return Refusal::invalid("Field '" + name + "': " + reason);
}

const json *find_field(const json &body, const std::string &name) {
    const auto found = body.find(name);
    return found == body.end() || found->is_null() ? nullptr : &*found;
}

bool flag_or(const json &body, const std::string &name, bool otherwise) {
    const json *value = find_field(body, name);
    if (value == nullptr) {
        return otherwise;
    }
    if (!value->is_boolean()) {
        throw bad_field(name, "it must be true or false");
    }
    return value->get<bool>();
}

float number_or(const json &body, const std::string &name, float otherwise, float least, float most) {
    const json *value = find_field(body, name);
    if (value == nullptr) {
        return otherwise;
    }
    if (!value->is_number()) {
        throw bad_field(name, "it must be a number");
    }
    // A double: what is too large for a float is clamped before it becomes one.
    return static_cast<float>(std::clamp<double>(value->get<double>(), least, most));
}

std::optional<int64_t> find_integer(const json &body, std::initializer_list<const char *> names, int64_t least,
                                    int64_t most) {
    for (const char *name : names) {
        const json *value = find_field(body, name);
        if (value == nullptr) {
            continue;
        }
        // Beyond int64_t the parser gives unsigned numbers or doubles; a double is compared before it is converted.
        const double number = value->is_number() ? value->get<double>() : std::nan("");
        if (!(number == std::floor(number))) {
            throw bad_field(name, "it must be a whole number");
        }
        if (number < static_cast<double>(least) || number > static_cast<double>(most)) {
            throw bad_field(name, "Value must be between " + std::to_string(least) + " <= value <= " +
                                      std::to_string(most) + ", but got " + to_text(*value));
        }
        return static_cast<int64_t>(number);
    }
    return std::nullopt;
}

std::vector<std::string> texts_of(const json &body, const std::string &name) {
    const json *value = find_field(body, name);
    if (value == nullptr) {
        return {};
    }
    if (value->is_string()) {
        return {value->get<std::string>()};
    }
    const auto is_text = [](const json &item) { return item.is_string(); };
    if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text)) {
        throw bad_field(name, "it must be a text or an array of texts");
    }
    return value->get<std::vector<std::string>>();
}

} // namespace corral
