#include "boot/dom0/elf_image.hpp"

#include <algorithm>
#include <cstring>

#include "abi/elfnote.hpp"
#include "core/number.hpp"

namespace basalt::dom0 {
namespace {

struct FileHeader {
    std::array<std::uint8_t, 16> identification;
    std::uint16_t type, machine;
    std::uint32_t version;
    std::uint64_t entry, program_headers, section_headers;
    std::uint32_t flags;
    std::uint16_t header_size, program_header_size, program_header_count;
    std::uint16_t section_header_size, section_header_count, section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    std::uint32_t type, flags;
    std::uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

struct NoteHeader {
    std::uint32_t name_size, description_size, type;
};
static_assert(sizeof(NoteHeader) == 12);

constexpr std::uint32_t program_load = 1;
constexpr std::uint32_t program_note = 4;
constexpr std::uint16_t machine_x86_64 = 62;
constexpr std::array<std::uint8_t, 6> elf64_little_endian{0x7f, 'E', 'L', 'F', 2, 1};

// A part of the file, or nothing where the file does not reach that far.
std::optional<Bytes> part(Bytes file, std::uint64_t offset, std::uint64_t size) {
    if (offset > file.size() || size > file.size() - offset) return std::nullopt;
    return file.subspan(offset, size);
}

template <typename T>
std::optional<T> structure_at(Bytes file, std::uint64_t offset) {
    const auto bytes = part(file, offset, sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof(T));
    return value;
}

std::optional<ProgramHeader> program_at(Bytes file, const FileHeader& header, std::size_t index) {
    return structure_at<ProgramHeader>(file, header.program_headers + index * std::uint64_t{header.program_header_size});
}

std::uint64_t number_in(Bytes description) {
    std::uint64_t value = 0;
    std::memcpy(&value, description.data(), std::min(description.size(), sizeof(value)));
    return value;
}

std::string_view text_in(Bytes description) {
    const std::string_view text(reinterpret_cast<const char*>(description.data()), description.size());
    return text.substr(0, text.find('\0'));
}

struct NotesFound {
    Notes notes;
    bool has_virtual_base = false;
    bool has_physical_offset = false;
};

void take_note(NotesFound& found, std::uint32_t type, Bytes description) {
    Notes& notes = found.notes;
    switch (type) {
        case XEN_ELFNOTE_VIRT_BASE:
            notes.virtual_base = number_in(description);
            found.has_virtual_base = true;
            break;
        case XEN_ELFNOTE_PADDR_OFFSET:
            notes.physical_offset = number_in(description);
            found.has_physical_offset = true;
            break;
        case XEN_ELFNOTE_ENTRY: notes.entry = number_in(description); break;
        case XEN_ELFNOTE_HYPERCALL_PAGE: notes.hypercall_page = number_in(description); break;
        case XEN_ELFNOTE_INIT_P2M: notes.p2m_base = number_in(description); break;
        case XEN_ELFNOTE_MOD_START_PFN: notes.module_by_pfn = number_in(description) != 0; break;
        case XEN_ELFNOTE_LOADER: notes.has_loader = text_in(description) == "generic"; break;
        case XEN_ELFNOTE_GUEST_OS: notes.guest_os = text_in(description); break;
        default: break;
    }
}

// Names and descriptions are each padded to four bytes.
void take_notes(NotesFound& found, Bytes notes) {
    constexpr auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
    std::uint64_t at = 0;
    while (const auto header = structure_at<NoteHeader>(notes, at)) {
        const auto name = part(notes, at + sizeof(NoteHeader), header->name_size);
        const std::uint64_t description_at = at + sizeof(NoteHeader) + padded(header->name_size);
        const auto description = part(notes, description_at, header->description_size);
        if (!name || !description) return;
        if (text_in(*name) == "Xen") take_note(found, header->type, *description);
        at = description_at + padded(header->description_size);
    }
}

// The list of segments, and what it names, is in the file: from here on each can be read without looking again.
Started<> check_segments(Bytes file, const FileHeader& header) {
    for (std::size_t index = 0; index < header.program_header_count; ++index) {
        const auto program = program_at(file, header, index);
        if (!program) return because("the file is cut short: {} bytes, its list of segments lies behind", file.size());
        if (program->type != program_load && program->type != program_note) continue;
        if (program->file_size != 0 && !part(file, program->offset, program->file_size))
            return because("the file is cut short: {} bytes, a segment of {} begins at {}", file.size(), program->file_size,
                           program->offset);
    }
    return {};
}

Started<> add_segment(ElfImage& image, const ProgramHeader& program, Bytes bytes) {
    if (program.memory_size == 0) return {};
    if (program.file_size > program.memory_size) return because("a segment has less room than bytes");
    if (image.segment_count == ElfImage::most_segments) return because("it has too many segments");
    // Physical addresses tell the place: a kernel's per-CPU segment is linked at virtual address 0.
    const std::uint64_t address = program.physical_address - image.notes.physical_offset + image.notes.virtual_base;
    if (address + program.memory_size < address) return because("a segment wraps round the address space");
    image.segment_storage[image.segment_count++] = {address, bytes, program.memory_size};
    image.start = std::min(image.start, address);
    image.end = std::max(image.end, address + program.memory_size);
    return {};
}

// What the builder relies on: nothing that the notes name lies outside what is loaded.
Started<> check(const ElfImage& image) {
    if (image.segment_count == 0) return because("there is nothing in it to load");
    const Notes& notes = image.notes;
    if (notes.virtual_base % page_size != 0) return because("its virtual base {x} is within a page", notes.virtual_base);
    if (image.start < notes.virtual_base) return because("a segment lies below its virtual base {x}", notes.virtual_base);
    const auto loaded = [&](std::uint64_t address) { return address >= image.start && address < image.end; };
    if (!loaded(image.entry)) return because("its entry {x} is not among what is loaded", image.entry);
    const std::uint64_t page = notes.hypercall_page.value_or(image.start & ~(page_size - 1));
    if (page % page_size != 0 || (notes.hypercall_page && !loaded(page)))
        return because("its hypercall page {x} is not among what is loaded", page);
    if (notes.p2m_base && *notes.p2m_base % page_size != 0)
        return because("it wants its p2m list at {x}, within a page", *notes.p2m_base);
    return {};
}

}  // namespace

Started<ElfImage> read_elf(Bytes file) {
    const auto header = structure_at<FileHeader>(file, 0);
    if (!header) return because("the file is cut short: {} bytes are less than an ELF file's header", file.size());
    if (!std::ranges::equal(std::span(header->identification).first(6), elf64_little_endian))
        return because("it is not a 64-bit little-endian ELF file");
    if (header->machine != machine_x86_64) return because("it is not for x86-64");
    TRY(check_segments(file, *header));
    const auto each_segment = [&](std::uint32_t type, auto&& take) -> Started<> {
        for (std::size_t index = 0; index < header->program_header_count; ++index)
            if (const ProgramHeader program = *program_at(file, *header, index); program.type == type)
                TRY(take(program, part(file, program.offset, program.file_size).value_or(Bytes())));
        return {};
    };

    NotesFound found;
    TRY(each_segment(program_note, [&](const ProgramHeader&, Bytes notes) -> Started<> {
        take_notes(found, notes);
        return {};
    }));
    if (!found.notes.has_loader) return because("it has no Xen notes for a PV kernel (LOADER=generic)");
    if (!found.has_physical_offset) found.notes.physical_offset = found.notes.virtual_base;

    ElfImage image{.notes = found.notes, .entry = found.notes.entry.value_or(header->entry), .start = ~std::uint64_t{0}};
    TRY(each_segment(program_load,
                     [&](const ProgramHeader& program, Bytes bytes) { return add_segment(image, program, bytes); }));
    TRY(check(image));
    return image;
}

}  // namespace basalt::dom0
