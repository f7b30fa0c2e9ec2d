#pragma once

#include <string>

#include "scheduler.h"

namespace corral {

/** GET /metrics in Prometheus' text format, by llama-server's names. */
std::string render_metrics(const Figures &figures);

} // namespace corral
