#pragma once

#include <memory>
#include <string>
#include <vector>

#include "request.h"

namespace corral {

/** What each answer says of the server. */
struct Speaker {
    chatglm::ModelType type;
    /** The model's name. */
    std::string alias;
};

/**
 * One answer in one of llama-server's shapes: either `whole`, or as a stream `add` for each text that comes, then
 * `end`. Remembers what a stream has to: whether it began, and what may yet become a tool call.
 */
class Answer {
  public:
    virtual ~Answer() = default;

    virtual json whole(const Generation &generation) = 0;
    /** Objects to send now: possibly none. */
    virtual std::vector<json> add(const std::string &text) = 0;
    virtual std::vector<json> end(const Generation &generation) = 0;
};

/** Shape of /v1/chat/completions. */
std::unique_ptr<Answer> chat_answer(const Speaker &speaker, const Request &request);

/** Shape of /v1/completions. */
std::unique_ptr<Answer> completion_answer(const Speaker &speaker, const Request &request);

/** llama-server's `timings`. */
json timings_json(const Timings &timings);

} // namespace corral
