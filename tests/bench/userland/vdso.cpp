#include "vdso.hpp"

namespace bench {
namespace {

// linux/auxvec.h
struct Note {
    std::uint64_t kind, value;
};
constexpr std::uint64_t no_more = 0, kernels_code = 33;    // AT_NULL, AT_SYSINFO_EHDR

// System V ABI: Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn, Elf64_Sym, as far as they are read here.
struct Header {
    std::byte identity[16];
    std::uint16_t type, machine;
    std::uint32_t version;
    std::uint64_t entry, segments, sections;
    std::uint32_t flags;
    std::uint16_t size, segment_size, segment_count;
};
struct Segment {
    std::uint32_t type, flags;
    std::uint64_t offset, address, more[4];
};
static_assert(sizeof(Segment) == 56);
struct Symbol {
    std::uint32_t name;
    std::byte info, other;
    std::uint16_t section;
    std::uint64_t value, size;
};
static_assert(sizeof(Symbol) == 24);
constexpr std::uint32_t dynamic = 2;                            // PT_DYNAMIC
constexpr std::uint64_t hash = 4, strings = 5, symbols = 6;     // DT_HASH, DT_STRTAB, DT_SYMTAB

std::uint64_t noted(const Note* note, std::uint64_t kind) {
    for (; note->kind != no_more; ++note)
        if (note->kind == kind) return note->value;
    return 0;
}

template <typename Read>
const Read* at(std::uint64_t address) {
    return reinterpret_cast<const Read*>(address);
}

// The hash table's second word is how many symbols there are.
std::uint64_t function_in(std::uint64_t code, const Note* tables, std::string_view wanted) {
    if (noted(tables, hash) == 0) return 0;
    const std::uint32_t count = at<std::uint32_t>(code + noted(tables, hash))[1];
    const char* const names = at<char>(code + noted(tables, strings));
    for (std::uint32_t i = 0; i < count; ++i) {
        const Symbol& symbol = at<Symbol>(code + noted(tables, symbols))[i];
        if (is(wanted, names + symbol.name)) return code + symbol.value;
    }
    return 0;
}

}

const char* const* environment;

Clock clock_of_kernel() {
    using namespace std::literals;
    const char* const* behind = environment;
    while (*behind != nullptr) ++behind;
    const std::uint64_t code = noted(reinterpret_cast<const Note*>(behind + 1), kernels_code);
    if (code == 0) return nullptr;
    const Header& header = *at<Header>(code);
    for (std::uint16_t i = 0; i < header.segment_count; ++i) {
        const Segment& segment = at<Segment>(code + header.segments)[i];
        if (segment.type == dynamic)
            return reinterpret_cast<Clock>(function_in(code, at<Note>(code + segment.address), "__vdso_clock_gettime"sv));
    }
    return nullptr;
}

}
