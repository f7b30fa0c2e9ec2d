#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <re2/re2.h>

namespace corral {

/**
 * GLM-4's way from text to tokens: text is split into words, and each word's bytes are joined, pair by pair, the pair
 * of the lowest rank first.
 *
 * chatglm.cpp's differs in three things. Only ASCII counts as white space, where Chinese text is full of U+3000; blanks
 * at the text's end come apart; and its time grows with the square of a word's length: 32,000 Chinese characters
 * without punctuation take seconds.
 */
class Tiktoken {
  public:
    /**
     * @param ranks of all 256 bytes, and of what they are joined to; must outlive this
     * @throws std::logic_error when RE2 doesn't take our pattern
     */
    explicit Tiktoken(const std::unordered_map<std::string, int> &ranks);

    std::vector<int> encode(std::string_view text) const;

  private:
    int rank(std::string_view bytes) const;
    void encode_word(std::string_view word, std::vector<int> &ids) const;

    std::unique_ptr<RE2> words_;
    std::unordered_map<std::string_view, int> ranks_;
    size_t longest_ = 0;
};

} // namespace corral
