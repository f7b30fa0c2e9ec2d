#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chatglm.h"
#include "tiktoken.h"

namespace corral {

/** A file's tokenizer that can't be used. */
class BrokenVocabulary : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/** The model's tokens: text to ids and back. Safe to use from several threads at once. */
class Vocabulary {
  public:
    /**
     * @param tokenizer must outlive the vocabulary
     * @throws BrokenVocabulary
     */
    Vocabulary(const chatglm::BaseTokenizer &tokenizer, const chatglm::ModelConfig &config);

    /**
     * @param add_special the tokens that the model wants with every prompt, too ([gMASK] and sop: in front, with
     *   ChatGLM-6B behind)
     * @param parse_special names of special tokens ("<|user|>") in the text are the tokens, not their letters. Never
     * for what a chat's user wrote
     */
    std::vector<int> encode(std::string_view text, bool add_special, bool parse_special = false) const;

    /** The bytes that a token stands for; empty for special tokens and ids beyond. May be part of a character. */
    const std::string &piece(int id) const;

    /** As a person reads it: pieces joined, special tokens by their names, without the blank that some put in front. */
    std::string decode(const std::vector<int> &ids) const;

    /** Id of a special token by its name ("<|user|>", "[gMASK]", "sop" or "<sop>"); -1: the model has none. */
    int special(std::string_view name) const;

    int size() const { return static_cast<int>(drawable_.size()); }
    /** False for ids beyond the vocabulary: the model would read outside its table. */
    bool contains(int id) const { return id >= 0 && id < size(); }
    /** By id: false for the padding of the vocabulary. */
    const std::vector<bool> &drawable() const { return drawable_; }
    /** Ends an answer: eos, and where the model has them <|user|> and <|observation|>. */
    bool ends(int id) const { return ends_.count(id) > 0; }
    const std::unordered_set<int> &ends() const { return ends_; }

  private:
    void add_special(const std::string &name, int id);
    void read_sentencepiece(const sentencepiece::SentencePieceProcessor &pieces);
    void read_tiktoken(const chatglm::TiktokenCoreBPE &pairs);
    std::vector<int> encode_plain(const std::string &text) const;

    const chatglm::BaseTokenizer &tokenizer_;
    chatglm::ModelType type_;
    /** Of GLM-4: instead of the tokenizer. */
    std::optional<Tiktoken> tiktoken_;
    /** By id; shorter than the vocabulary where that is padded. */
    std::vector<std::string> pieces_;
    std::unordered_map<std::string, int> specials_;
    std::unordered_map<int, std::string> special_names_;
    std::unordered_set<int> ends_;
    std::vector<bool> drawable_;
};

} // namespace corral
