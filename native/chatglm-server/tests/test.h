#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/** What a test that failed throws. */
class Failure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Test {
    const char *name;
    void (*run)();
};

std::vector<Test> &tests();

/** Path of a made model: see main.cpp for which there are. */
std::string model_path(const std::string &name);

/** Path of a file that a test may write; gone with the tests. */
std::string scratch_path(const std::string &name);

struct Registration {
    Registration(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

template <typename T> std::string shown(const T &value) {
    std::ostringstream stream;
    stream << std::boolalpha << value;
    return stream.str();
}

template <typename T> std::string shown(const std::vector<T> &values) {
    std::string text;
    for (const auto &value : values) {
        text += (text.empty() ? "" : " ") + shown(value);
    }
    return "[" + text + "]";
}

template <typename A, typename B> void check_equal(const A &actual, const B &expected, const char *what, int line) {
    if (!(actual == expected)) {
        throw Failure("line " + std::to_string(line) + ": " + what + " is " + shown(actual) + ", not " +
                      shown(expected));
    }
}

/** The message of what the action throws; fails when it throws nothing, or something else. */
template <typename Error, typename Action> std::string thrown(Action action) {
    try {
        action();
    } catch (const Error &error) {
        return error.what();
    }
    throw Failure("nothing was thrown");
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEST_(name, id)                                                                                                \
    static void JOIN(test, id)();                                                                                      \
    static const Registration JOIN(registration, id)(name, JOIN(test, id));                                            \
    static void JOIN(test, id)()
#define TEST(name) TEST_(name, __LINE__)
#define CHECK(condition) check_equal(static_cast<bool>(condition), true, #condition, __LINE__)
#define CHECK_EQUAL(actual, expected) check_equal(actual, expected, #actual, __LINE__)
