// chatglm-server-test MODELS [NAME]: runs all tests, or those whose name has NAME in it.
// MODELS is a folder with random-TYPE-QUANTISATION.bin and alphabet-TYPE.bin, endless-TYPE.bin, for types 1 to 4, as
// `npm run test:native` makes them.

#include "test.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace {

std::string models;
std::string scratch;

} // namespace

std::vector<Test> &tests() {
    static std::vector<Test> all;
    return all;
}

std::string model_path(const std::string &name) { return models + "/" + name + ".bin"; }

std::string scratch_path(const std::string &name) { return scratch + "/" + name; }

int main(int argc, char **argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: chatglm-server-test MODELS [NAME]\n");
        return 2;
    }
    models = argv[1];
    std::string folder = std::filesystem::temp_directory_path() / "chatglm-server-test-XXXXXX";
    if (!mkdtemp(folder.data())) {
        std::perror("mkdtemp");
        return 2;
    }
    scratch = folder;
    int ran = 0;
    int failed = 0;
    for (const Test &test : tests()) {
        if (argc > 2 && !std::strstr(test.name, argv[2])) {
            continue;
        }
        const auto start = std::chrono::steady_clock::now();
        std::string failure;
        try {
            test.run();
        } catch (const std::exception &error) {
            failure = error.what();
            failed++;
        }
        ran++;
        const auto took = std::chrono::steady_clock::now() - start;
        std::printf("%s %s (%lld ms)\n", failure.empty() ? "ok    " : "FAILED", test.name,
                    static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
        if (!failure.empty()) {
            std::printf("       %s\n", failure.c_str());
        }
        std::fflush(stdout);
    }
    std::filesystem::remove_all(scratch);
    std::printf("%d of %d tests failed\n", failed, ran);
    return failed > 0 || ran == 0 ? 1 : 0;
}
