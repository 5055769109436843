#include "memory.hpp"
#include "signals.hpp"

namespace bench {
namespace {

constexpr long chunk = 256;

// A file of `chunk` pages, which the kernel has in its cache.
class File {
public:
    File() {
        char* const filled = fresh_pages(chunk);
        touch(filled, chunk);
        must(call(write_call, number_, word(filled), chunk * page));
        drop_pages(filled, chunk);
    }
    ~File() {
        call(close_call, number_);
        call(unlink_call, word(name_));
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    char* map(long protection) const {
        return reinterpret_cast<char*>(must(call(mmap_call, 0, chunk * page, protection, shared, number_)));
    }

private:
    static constexpr char name_[] = "/tmp/userland.file";
    long number_ = must(call(open_call, word(name_), read_write | create, 0600));
};

// One page that the fault's handler makes writable; between others that belong to nobody, so that no neighbour is merged
// with it and split again.
char* lone_page() {
    char* const place = fresh_pages(3) + page;
    must(call(mprotect_call, word(place - page), page));
    must(call(mprotect_call, word(place + page), page));
    touch(place, 1);
    return place;
}

char* volatile page_of_fault;

}

void touch_fresh_pages(std::string_view name) {
    measure(name, 12, chunk, [] {
        char* const place = fresh_pages(chunk);
        touch(place, chunk);
        drop_pages(place, chunk);
    });
}

void read_file_pages(std::string_view name) {
    const File file;
    measure(name, 12, chunk, [&file] {
        const char* const place = file.map(readable);
        for (long i = 0; i < chunk; ++i) {
            const char byte = const_cast<const volatile char&>(place[i * page]);
            asm volatile("" : : "r"(byte));
        }
        drop_pages(place, chunk);
    });
}

void write_file_pages(std::string_view name) {
    const File file;
    measure(name, 12, chunk, [&file] {
        char* const place = file.map(readable | writable);
        touch(place, chunk);
        drop_pages(place, chunk);
    });
}

// Read-only and back: two calls.
void protect_page(std::string_view name) {
    char* const place = lone_page();
    measure(name, 400, 2, [place] {
        call(mprotect_call, word(place), page, readable);
        call(mprotect_call, word(place), page, readable | writable);
        touch(place, 1);
    });
}

void fault_to_signal(std::string_view name) {
    page_of_fault = lone_page();
    on_signal(of_fault, [](int, const void*, void*) { call(mprotect_call, word(page_of_fault), page, readable | writable); });
    measure(name, 400, 1, [] {
        call(mprotect_call, word(page_of_fault), page, readable);
        touch(page_of_fault, 1);
    });
}

}
