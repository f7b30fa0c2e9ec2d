#include "metrics.h"

#include <sstream>

namespace corral {

std::string render_metrics(const Figures &figures) {
    std::ostringstream text;
    text.precision(12);
    const auto add = [&text](const char *kind, const char *name, const char *help, auto value) {
        text << "# HELP llamacpp:" << name << ' ' << help << "\n# TYPE llamacpp:" << name << ' ' << kind
             << "\nllamacpp:" << name << ' ' << value << '\n';
    };
    const auto rate = [](double count, double seconds) { return seconds > 0 ? count / seconds : 0; };

    add("counter", "prompt_tokens_total", "Prompt tokens processed, excluding cached tokens", figures.prompt_tokens);
    add("counter", "prompt_tokens_cached_total", "Prompt tokens reused from the cache", figures.cached_tokens);
    add("counter", "prompt_seconds_total", "Time spent processing prompts", figures.prompt_seconds);
    add("counter", "tokens_predicted_total", "Tokens generated", figures.predicted_tokens);
    add("counter", "tokens_predicted_seconds_total", "Time spent generating tokens", figures.predicted_seconds);
    add("counter", "n_decode_total", "Turns of the loop: chunks of prompts and single tokens", figures.turns);
    add("counter", "n_tokens_max", "Largest observed sequence length (prompt + generation)", figures.longest);
    add("gauge", "prompt_tokens_seconds", "Average prompt throughput in tokens/s",
        rate(figures.prompt_tokens, figures.prompt_seconds));
    add("gauge", "predicted_tokens_seconds", "Average generation throughput in tokens/s",
        rate(figures.predicted_tokens, figures.predicted_seconds));
    add("gauge", "requests_processing", "Requests being processed", figures.processing);
    add("gauge", "requests_deferred", "Requests that wait", figures.waiting);
    add("gauge", "n_busy_slots_per_decode", "Average number of busy slots per turn", figures.turns > 0 ? 1 : 0);
    return text.str();
}

} // namespace corral
