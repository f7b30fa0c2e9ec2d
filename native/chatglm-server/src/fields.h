#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "refusal.h"

namespace corral {

// Fields of a request's body. Null counts as not given, as SDKs send it for what was left out. What is there and of the
// wrong kind throws Refusal with the status 400.

/** The value, or nullptr. */
const json *find_field(const json &body, const std::string &name);

bool flag_or(const json &body, const std::string &name, bool otherwise);

/** Clamped to the limits, as llama-server clamps them. */
float number_or(const json &body, const std::string &name, float otherwise, float least, float most);

/** The first of these names that is given. Beyond the limits it is refused. */
std::optional<int64_t> find_integer(const json &body, std::initializer_list<const char *> names, int64_t least,
                                    int64_t most);

/** A text or an array of texts. */
std::vector<std::string> texts_of(const json &body, const std::string &name);

/** "Field 'name': reason" */
Refusal bad_field(const std::string &name, const std::string &reason);

} // namespace corral
