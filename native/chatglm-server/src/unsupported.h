#pragma once

#include "refusal.h"

namespace corral {

/**
 * Refuses what a client asks for and would not get: better said than silently left out.
 * @throws Refusal with the status 400
 */
void refuse_unsupported(const json &body);

} // namespace corral
