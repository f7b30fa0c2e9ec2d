#pragma once

#include <stdexcept>

namespace corral {

/** What a client sent can't be done, in words for the client: 400 invalid_request_error. */
class BadRequest : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

} // namespace corral
