#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace corral {

using json = nlohmann::ordered_json;

/** A request that gets an error instead of what it asked for, in llama-server's words and types. */
class Refusal : public std::runtime_error {
  public:
    Refusal(int status, std::string type, const std::string &message, json facts = json::object())
        : std::runtime_error(message), status_(status), type_(std::move(type)), facts_(std::move(facts)) {}

    int status() const { return status_; }
    /** {"error": {"code", "message", "type", facts...}} */
    json body() const;

    static Refusal invalid(const std::string &message) { return {400, "invalid_request_error", message}; }
    static Refusal unavailable(const std::string &message) { return {503, "unavailable_error", message}; }
    /** @param tokens of the prompt */
    static Refusal context_exceeded(size_t tokens, int context);

  private:
    int status_;
    std::string type_;
    json facts_;
};

/** JSON as text that is valid UTF-8 whatever it holds: a partial character becomes U+FFFD, where dump() would throw. */
std::string to_text(const json &value);

} // namespace corral
