#include "vocabulary.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace corral {

namespace {

constexpr int no_limit = std::numeric_limits<int>::max();
const std::string nothing;

/** SentencePiece writes blanks as this. */
const std::string blank = "\xe2\x96\x81";

std::string replaced(std::string text, const std::string &from, const std::string &to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/** ChatGLM-6B's words for white space, which its SentencePiece model has no other pieces for. */
std::string white_space(const std::string &piece) {
    if (piece == "<n>") {
        return "\n";
    }
    if (piece == "<|tab|>") {
        return "\t";
    }
    const std::string begin = "<|blank_", end = "|>";
    if (piece.size() > begin.size() + end.size() && piece.compare(0, begin.size(), begin) == 0) {
        const std::string digits = piece.substr(begin.size(), piece.size() - begin.size() - end.size());
        if (digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos) {
            return std::string(std::stoul(digits), ' ');
        }
    }
    return piece;
}

} // namespace

Vocabulary::Vocabulary(const chatglm::BaseTokenizer &tokenizer, const chatglm::ModelConfig &config)
    : tokenizer_(tokenizer), type_(config.model_type) {
    if (const auto *glm = dynamic_cast<const chatglm::ChatGLMTokenizer *>(&tokenizer)) {
        read_sentencepiece(glm->sp);
        for (const char *name : {"[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<pad>"}) {
            if (const int id = glm->sp.PieceToId(name); !glm->sp.IsUnknown(id)) {
                add_special(name, id);
            }
        }
    } else if (const auto *glm2 = dynamic_cast<const chatglm::ChatGLM2Tokenizer *>(&tokenizer)) {
        read_sentencepiece(glm2->sp);
        add_special("[MASK]", glm2->mask_token_id);
        add_special("[gMASK]", glm2->gmask_token_id);
        add_special("[sMASK]", glm2->smask_token_id);
        add_special("sop", glm2->sop_token_id);
        add_special("eop", glm2->eop_token_id);
    } else if (const auto *glm3 = dynamic_cast<const chatglm::ChatGLM3Tokenizer *>(&tokenizer)) {
        read_sentencepiece(glm3->sp);
        for (const auto &[name, id] : glm3->special_tokens) {
            add_special(name, id);
        }
    } else if (const auto *glm4 = dynamic_cast<const chatglm::ChatGLM4Tokenizer *>(&tokenizer)) {
        read_tiktoken(glm4->core_bpe);
    } else {
        throw BrokenVocabulary("a tokenizer of an unknown type");
    }

    if (pieces_.size() > static_cast<size_t>(config.vocab_size)) {
        throw BrokenVocabulary("its tokenizer has " + std::to_string(pieces_.size()) + " tokens, its model " +
                               std::to_string(config.vocab_size));
    }
    drawable_.assign(config.vocab_size, false);
    std::fill(drawable_.begin(), drawable_.begin() + pieces_.size(), true);
    ends_.insert(config.eos_token_id);
    ends_.insert(config.extra_eos_token_ids.begin(), config.extra_eos_token_ids.end());
}

void Vocabulary::add_special(const std::string &name, int id) {
    specials_.emplace(name, id);
    special_names_.emplace(id, name);
    pieces_.resize(std::max<size_t>(pieces_.size(), id + 1));
    pieces_[id].clear();
}

void Vocabulary::read_sentencepiece(const sentencepiece::SentencePieceProcessor &pieces) {
    const bool has_words_for_blanks = type_ == chatglm::ModelType::CHATGLM;
    for (int id = 0; id < pieces.GetPieceSize(); id++) {
        const std::string &piece = pieces.IdToPiece(id);
        if (pieces.IsControl(id) || pieces.IsUnknown(id)) {
            pieces_.emplace_back();
        } else if (pieces.IsByte(id)) {
            pieces_.emplace_back(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16))); // <0x0A>
        } else {
            pieces_.push_back(replaced(has_words_for_blanks ? white_space(piece) : piece, blank, " "));
        }
    }
}

void Vocabulary::read_tiktoken(const chatglm::TiktokenCoreBPE &pairs) {
    pieces_.resize(pairs.encoder.size());
    for (const auto &[bytes, rank] : pairs.encoder) {
        if (rank < 0 || static_cast<size_t>(rank) >= pieces_.size() || !pieces_[rank].empty()) {
            throw BrokenVocabulary("the ranks of its tokens are not 0 to " + std::to_string(pieces_.size() - 1));
        }
        pieces_[rank] = bytes;
    }
    for (int byte = 0; byte < 256; byte++) {
        if (pairs.encoder.count(std::string(1, static_cast<char>(byte))) == 0) {
            throw BrokenVocabulary("its tokenizer has no token for byte " + std::to_string(byte));
        }
    }
    for (const auto &[name, id] : pairs.special_tokens_encoder) {
        add_special(name, id);
    }
    tiktoken_.emplace(pairs.encoder);
}

std::vector<int> Vocabulary::encode(std::string_view text, bool add_special, bool parse_special) const {
    // The tokenizer puts its tokens with every text: found by asking it for none, and taken away again.
    const std::vector<int> always = tokenizer_.encode("", no_limit);
    const bool behind = type_ == chatglm::ModelType::CHATGLM;
    std::vector<int> ids;
    if (add_special && !behind) {
        ids = always;
    }
    const auto append_plain = [&](std::string_view plain) {
        const std::vector<int> some = encode_plain(std::string(plain));
        ids.insert(ids.end(), some.begin(), some.end());
    };
    size_t done = 0;
    // "sop" and "eop" are words, too: ChatGLM2 and 3 have no other names for these, so they are never parsed.
    size_t at = parse_special ? text.find_first_of("<[") : std::string_view::npos;
    while (at != std::string_view::npos) {
        const auto special = std::find_if(specials_.begin(), specials_.end(), [&](const auto &entry) {
            return text.compare(at, entry.first.size(), entry.first) == 0;
        });
        size_t next = at + 1;
        if (special != specials_.end()) {
            append_plain(text.substr(done, at - done));
            ids.push_back(special->second);
            done = next = at + special->first.size();
        }
        at = text.find_first_of("<[", next);
    }
    append_plain(text.substr(done));
    if (add_special && behind) {
        ids.insert(ids.end(), always.begin(), always.end());
    }
    return ids;
}

/** Without the tokens that the tokenizer puts with every text. */
std::vector<int> Vocabulary::encode_plain(const std::string &text) const {
    if (text.empty()) {
        return {};
    }
    if (tiktoken_) {
        return tiktoken_->encode(text);
    }
    std::vector<int> ids = tokenizer_.encode(text, no_limit);
    if (type_ == chatglm::ModelType::CHATGLM) {
        ids.resize(ids.size() - 2);
    } else {
        ids.erase(ids.begin(), ids.begin() + 2);
    }
    return ids;
}

const std::string &Vocabulary::piece(int id) const {
    return id >= 0 && static_cast<size_t>(id) < pieces_.size() ? pieces_[id] : nothing;
}

std::string Vocabulary::decode(const std::vector<int> &ids) const {
    const bool blank_in_front = !tiktoken_;
    std::string text;
    for (const int id : ids) {
        const auto special = special_names_.find(id);
        text += special != special_names_.end() ? special->second : piece(id);
    }
    return blank_in_front && !text.empty() && text[0] == ' ' ? text.substr(1) : text;
}

int Vocabulary::special(std::string_view name) const {
    const auto found = specials_.find(std::string(name));
    return found == specials_.end() ? -1 : found->second;
}

} // namespace corral
