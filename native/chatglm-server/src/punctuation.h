#pragma once

#include <string>
#include <string_view>

namespace corral {

/**
 * ChatGLM-6B's tokenizer makes full-width punctuation ASCII, and its authors put it back beside Chinese characters:
 * of `,` `!` `:` `;` `?`. This does so while the text comes; what may still change is held back. ChatGLM2 and later
 * keep punctuation as it is, and need none of this.
 */
class Punctuation {
  public:
    std::string add(std::string_view bytes);

    /** What was held back, when nothing more comes. */
    std::string finish();

  private:
    std::string held_;
    bool behind_chinese_ = false;
};

} // namespace corral
