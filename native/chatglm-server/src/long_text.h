#pragma once

#include <mutex>

#include "refusal.h"

namespace corral {

/** Bytes of all texts in a value, at any depth, but for images. */
size_t text_bytes(const json &value);

/**
 * Held while texts are made into tokens. SentencePiece takes about 250 bytes of memory for each byte of a text, and
 * seconds for some MB: so there is one long text at a time, and none that no context holds.
 */
class LongText {
  public:
    /**
     * @param bytes of the texts
     * @param context that they are for
     * @throws Refusal with the status 400 where they are more than the context holds
     */
    LongText(size_t bytes, int context);

    /** For no context: at most 1 MiB. @throws Refusal with the status 413 */
    explicit LongText(size_t bytes);

  private:
    std::unique_lock<std::mutex> turn_;
};

} // namespace corral
