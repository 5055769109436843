#include "devices.hpp"

namespace bench {
namespace {

constexpr long internet = 2, stream = 1, tcp = 6, no_delay = 1;    // AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY
constexpr std::uint16_t port = 7007;
constexpr long block = 64 * 1024, block_pages = block / page;
constexpr char echo = 'e', take = 't', give = 'g';    // what a server is asked for

constexpr std::uint32_t address_of(unsigned a, unsigned b, unsigned c, unsigned d) { return a | b << 8 | c << 16 | d << 24; }

struct Address {
    std::uint16_t family = internet;
    std::uint16_t port = static_cast<std::uint16_t>(bench::port << 8 | bench::port >> 8);
    std::uint32_t address = 0;
    std::uint64_t filler = 0;
};

long socket() {
    const long made = must(call(socket_call, internet, stream));
    const int on = 1;
    call(setsockopt_call, made, tcp, no_delay, word(&on), sizeof on);
    return made;
}

// Somebody who does what is asked for; negative: nobody is there.
long connected(char wish) {
    const Address server{.address = call(getpid_call) == 1 ? address_of(192, 168, 7, 1) : address_of(127, 0, 0, 1)};
    const long line = socket();
    if (call(connect_call, line, word(&server), sizeof server) < 0) {
        call(close_call, line);
        return -1;
    }
    must(call(write_call, line, word(&wish), 1));
    return line;
}

// So many bytes; false when the other side has ended.
bool pass_all(Call direction, long line, char* place, long size) {
    for (long done = 0; done < size;) {
        const long passed = call(direction, line, word(place + done), size - done);
        if (passed <= 0) return false;
        done += passed;
    }
    return true;
}

void serve(long line) {
    char wish = 0;
    call(read_call, line, word(&wish), 1);
    char* const place = fresh_pages(block_pages);
    switch (wish) {
        case echo:
            while (pass_all(read_call, line, place, 1) && pass_all(write_call, line, place, 1)) {}
            break;
        case take:
            while (pass_all(read_call, line, place, block) && pass_all(write_call, line, place, 1)) {}
            break;
        case give:
            while (pass_all(read_call, line, place, 1) && pass_all(write_call, line, place, block)) {}
            break;
    }
    leave();
}

// Each round sends so much and receives so much.
void measure_rounds(std::string_view name, char wish, unsigned times, long sent, long received) {
    const long line = connected(wish);
    if (line < 0) return;
    char* const place = fresh_pages(block_pages);
    measure(name, times, 1, [=] {
        if (!pass_all(write_call, line, place, sent) || !pass_all(read_call, line, place, received)) must(-1);
    });
    drop_pages(place, block_pages);
    call(close_call, line);
}

}

void pass_byte_by_tcp(std::string_view name) { measure_rounds(name, echo, 200, 1, 1); }
void send_by_tcp(std::string_view name) { measure_rounds(name, take, 100, block, 1); }
void receive_by_tcp(std::string_view name) { measure_rounds(name, give, 100, 1, block); }

void serve_by_tcp() {
    const long door = socket();
    const Address here{};
    must(call(bind_call, door, word(&here), sizeof here));
    must(call(listen_call, door, 8));
    for (;;) {
        const long line = must(call(accept_call, door));
        if (call(fork_call) == 0) serve(line);
        call(close_call, line);
    }
}

}
