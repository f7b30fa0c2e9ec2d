#pragma once

#include <ctime>
#include <string>

#include "model.h"
#include "options.h"
#include "refusal.h"
#include "scheduler.h"

namespace corral {

/** What is answered at once, without the model's thread: JSON in, JSON out, in llama-server's shapes. */
class Service {
  public:
    Service(const Options &options, const Model &model, const Scheduler &scheduler);

    json slots() const;
    json models() const;
    json props() const;
    json tokenize(const json &body) const;
    json detokenize(const json &body) const;
    json apply_template(const json &body) const;

  private:
    const Options &options_;
    const Model &model_;
    const Scheduler &scheduler_;
    const std::time_t loaded_at_;
};

} // namespace corral
