#pragma once

#include <memory>

#include <cpp-httplib/httplib.h>

#include "answer.h"
#include "scheduler.h"
#include "streams.h"

namespace corral {

/** Has the scheduler run a request, and writes its answer to the client, whole or as it comes. */
class Exchange {
  public:
    Exchange(Scheduler &scheduler, Streams &streams) : scheduler_(scheduler), streams_(streams) {}

    /**
     * Returns when a whole answer is there, or a stream's first text: what fails before that gets a status of its own.
     * When the client goes its job is withdrawn.
     * @throws Refusal with the status 503, or what the generation threw
     */
    void run(const httplib::Request &http, httplib::Response &response, Request request,
             std::unique_ptr<Answer> answer);

  private:
    Scheduler &scheduler_;
    Streams &streams_;
};

} // namespace corral
