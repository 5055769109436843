#include "devices.hpp"

namespace bench {
namespace {

// linux/aio_abi.h
struct Request {
    std::uint64_t data;
    std::uint32_t key, flags;
    std::uint16_t command, priority;
    std::int32_t file;
    std::uint64_t place, size, offset, reserved;
    std::uint32_t more_flags, event_file;
};
static_assert(sizeof(Request) == 64);
struct Answer {
    std::uint64_t data, request;
    std::int64_t result, more;
};

constexpr long blocks = 64;

// A guest's disk, or what such a disk is made of.
long open_disk() {
    constexpr long directly = 0x4000;    // O_DIRECT
    for (const char* const name : {"/dev/xvda", "/dev/ram0"})
        if (const long disk = call(open_call, word(name), directly); disk >= 0) return disk;
    return -1;
}

}

void read_disk_one_by_one(std::string_view name) {
    const long disk = open_disk();
    if (disk < 0) return;
    char* const place = fresh_pages(1);
    long block = 0;
    measure(name, 400, 1, [&] { must(call(pread_call, disk, word(place), page, block++ * 37 % blocks * page)); });
    drop_pages(place, 1);
    call(close_call, disk);
}

void read_disk_sixteen_at_once(std::string_view name) {
    constexpr long depth = 16;
    const long disk = open_disk();
    if (disk < 0) return;
    char* const place = fresh_pages(depth);
    std::uint64_t context = 0;
    must(call(io_setup_call, depth, word(&context)));
    static Request requests[depth];
    static Request* list[depth];
    static Answer answers[depth];
    for (long i = 0; i < depth; ++i) {
        requests[i].file = static_cast<std::int32_t>(disk);
        requests[i].place = static_cast<std::uint64_t>(word(place + i * page));
        requests[i].size = page;
        requests[i].offset = static_cast<std::uint64_t>(i * 37 % blocks * page);
        list[i] = &requests[i];
    }
    measure(name, 40, depth, [&] {
        must(call(io_submit_call, static_cast<long>(context), depth, word(list)));
        must(call(io_getevents_call, static_cast<long>(context), depth, depth, word(answers)));
    });
    call(io_destroy_call, static_cast<long>(context));
    drop_pages(place, depth);
    call(close_call, disk);
}

}
