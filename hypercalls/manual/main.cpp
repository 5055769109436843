// manual GUESTS FOLDER: writes the manual's files into FOLDER, with the promises of the test guests in GUESTS.
#include <cstdio>
#include <fstream>

#include "manual/manual.hpp"

int main(int count, char** words) {
    if (count != 3) {
        std::fputs("usage: manual GUESTS FOLDER\n", stderr);
        return 2;
    }
    for (const auto& [name, text] : basalt::manual::files(basalt::manual::promises_in(words[1]))) {
        std::ofstream file(std::filesystem::path(words[2]) / name);
        file << text;
        if (!file.flush()) {
            std::fprintf(stderr, "manual: %s/%s cannot be written\n", words[2], name.c_str());
            return 1;
        }
    }
}
