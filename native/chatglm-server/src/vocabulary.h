#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chatglm.h"

namespace corral {

/** The model's tokens: text to ids and back. Safe to use from several threads at once. */
class Vocabulary {
  public:
    Vocabulary(const chatglm::BaseTokenizer &tokenizer, const chatglm::ModelConfig &config);

    /** @param add_special the prefix that the model wants in front of every prompt ([gMASK], sop), too. */
    std::vector<int> encode(std::string_view text, bool add_special) const;

    /** The bytes that a token stands for; empty for special tokens. May be part of a character. */
    const std::string &piece(int id) const;

    /** As a person reads it: pieces joined, the blank that some tokenizers put in front taken away. */
    std::string decode(const std::vector<int> &ids) const;

    int size() const;
    /** False for ids beyond the vocabulary: the model would read outside its table. */
    bool contains(int id) const;
    /** By id: false for the padding of the vocabulary. */
    const std::vector<bool> &drawable() const;
    /** Ends an answer: eos, and where the model has them <|user|> and <|observation|>. */
    bool ends(int id) const;
};

} // namespace corral
