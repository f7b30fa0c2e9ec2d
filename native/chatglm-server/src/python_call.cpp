#include "python_call.h"

#include <cctype>
#include <stdexcept>

namespace corral {

namespace {

using json = nlohmann::ordered_json;

std::string literal(const json &value) {
    if (value.is_null()) {
        return "None";
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "True" : "False";
    }
    if (value.is_string()) {
        std::string quoted = "'";
        for (const char c : value.get_ref<const std::string &>()) {
            if (c == '\n') {
                quoted += "\\n";
                continue;
            }
            if (c == '\'' || c == '\\') {
                quoted += '\\';
            }
            quoted += c;
        }
        return quoted + "'";
    }
    if (value.is_array() || value.is_object()) {
        std::string joined;
        for (const auto &[key, item] : value.items()) {
            joined += joined.empty() ? "" : ", ";
            joined += value.is_object() ? literal(json(key)) + ": " + literal(item) : literal(item);
        }
        return value.is_object() ? "{" + joined + "}" : "[" + joined + "]";
    }
    return value.dump();
}

/** Reads literals from the front of a text. Throws std::invalid_argument for what is none. */
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    json call() {
        name();
        expect('(');
        json arguments = json::object();
        while (!accept(')')) {
            const std::string key = name();
            expect('=');
            arguments[key] = value(0);
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        blanks();
        if (!rest_.empty()) {
            fail();
        }
        return arguments;
    }

  private:
    [[noreturn]] static void fail() { throw std::invalid_argument("not a call with literals"); }

    void blanks() {
        while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0]))) {
            rest_.remove_prefix(1);
        }
    }

    bool accept(char c) {
        blanks();
        if (rest_.empty() || rest_[0] != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char c) {
        if (!accept(c)) {
            fail();
        }
    }

    /** The longest beginning of allowed characters; never empty. */
    std::string run(bool (*allowed)(char)) {
        blanks();
        size_t length = 0;
        while (length < rest_.size() && allowed(rest_[length])) {
            length++;
        }
        if (length == 0) {
            fail();
        }
        const std::string text(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return text;
    }

    std::string name() {
        return run([](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c < 0; });
    }

    json value(int depth) {
        blanks();
        if (rest_.empty() || depth > 32) {
            fail();
        }
        if (rest_[0] == '\'' || rest_[0] == '"') {
            return string();
        }
        if (accept('[')) {
            return list(']', depth);
        }
        if (accept('(')) {
            return list(')', depth);
        }
        if (accept('{')) {
            return dictionary(depth);
        }
        const std::string word = run([](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '+';
        });
        if (word == "None") {
            return nullptr;
        }
        if (word == "True" || word == "False") {
            return word == "True";
        }
        const json number = json::parse(word, nullptr, false);
        if (!number.is_number()) {
            fail();
        }
        return number;
    }

    json list(char end, int depth) {
        json items = json::array();
        while (!accept(end)) {
            items.push_back(value(depth + 1));
            if (!accept(',')) {
                expect(end);
                break;
            }
        }
        return items;
    }

    json dictionary(int depth) {
        json items = json::object();
        while (!accept('}')) {
            blanks();
            const std::string key = string();
            expect(':');
            items[key] = value(depth + 1);
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        return items;
    }

    std::string string() {
        if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) {
            fail();
        }
        const char quote = rest_[0];
        std::string text;
        for (size_t i = 1; i < rest_.size(); i++) {
            if (rest_[i] == quote) {
                rest_.remove_prefix(i + 1);
                return text;
            }
            if (rest_[i] == '\\' && i + 1 < rest_.size()) {
                i++;
                text += rest_[i] == 'n' ? '\n' : rest_[i] == 't' ? '\t' : rest_[i];
            } else {
                text += rest_[i];
            }
        }
        fail();
    }

    std::string_view rest_;
};

} // namespace

std::string write_python_call(const std::string &function, const json &arguments) {
    std::string joined;
    for (const auto &[name, value] : arguments.items()) {
        joined += (joined.empty() ? "" : ", ") + name + "=" + literal(value);
    }
    return function + "(" + joined + ")";
}

std::optional<json> read_python_call(std::string_view code) {
    try {
        return Reader(code).call();
    } catch (const std::invalid_argument &) {
        return std::nullopt;
    }
}

} // namespace corral
