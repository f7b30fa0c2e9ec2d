#pragma once

#include <string>

#include "refusal.h"

namespace corral {

/**
 * A request's body, an object. Looked through before it is parsed: nothing that nests deep or has objects with very
 * many members reaches code that recurses, or that compares each member with all before it, as ordered_json does.
 * @throws Refusal with the status 400
 */
json parse_body(const std::string &text);

} // namespace corral
