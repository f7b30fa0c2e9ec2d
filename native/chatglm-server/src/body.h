#pragma once

#include <string>

#include "refusal.h"

namespace corral {

/**
 * Why a JSON text must not be parsed; empty: it may be. What nests deep or has objects with very many members would
 * meet code that recurses, or that compares each member with all before it, as ordered_json does. Only brackets and
 * colons are looked at: whether it is JSON at all is the parser's to say.
 */
std::string shape_fault(const std::string &text);

/** A request's body, an object. @throws Refusal with the status 400 */
json parse_body(const std::string &text);

} // namespace corral
